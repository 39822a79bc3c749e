#include "app/feeder.h"

#include <algorithm>
#include <utility>

#include "ingest/partitioner.h"

namespace touchstone {
namespace {

/// Of some 300 bytes each, spread over the partitions; a small part of what the mock broker keeps.
constexpr std::int64_t kMostUnread = 8'000;
constexpr std::int64_t kBatch = 2'000;
/// A record of deltas holds up to 1,000 cells, so a partition keeps some hundreds of them.
constexpr std::int64_t kMostUnreadDeltas = 40;
constexpr Millis kPatience{50};

}  // namespace

Feeder::Feeder(FeederOptions options, const Board& board, std::unique_ptr<KafkaOutput> output)
    : options_(std::move(options)), board_(board), output_(std::move(output)) {}

Result<std::unique_ptr<Feeder>> Feeder::open(FeederOptions options, const Board& board) {
  auto output = KafkaOutput::open(options.kafka, options.topic + "-feeder");
  if (!output) return output.error();
  return std::unique_ptr<Feeder>(new Feeder(std::move(options), board, std::move(*output)));
}

Feeder::Backlog Feeder::backlog(const BoardSnapshot& board) const {
  std::uint64_t done = board.counts.duplicates + board.counts.forgotten;
  for (const auto& [labels, count] : board.counts.interactions) done += count;
  for (const std::uint64_t count : board.counts.dead_letters) done += count;
  Backlog backlog;
  backlog.events = static_cast<std::int64_t>(fed_) - static_cast<std::int64_t>(done);
  for (const auto& [partition, records] : board.lag) {
    if (partition.topic == options_.deltas_topic) backlog.deltas = std::max(backlog.deltas, records);
  }
  return backlog;
}

bool Feeder::all_closed(const BoardSnapshot& board) const {
  std::optional<EventTime> lowest;
  for (const auto& [task, journey] : board.journeys) {
    // A partition that has had no event holds all windows back.
    if (!journey.watermark) return true;
    lowest = lowest ? std::min(*lowest, *journey.watermark) : *journey.watermark;
  }
  if (!lowest) return true;
  for (const auto& [task, windows] : board.windows) {
    for (std::size_t i = 0; i < windows.closed.size(); ++i) {
      if (!windows.closed[i] || *windows.closed[i] < floor_to(*lowest, options_.windows[i].step)) return false;
    }
  }
  return true;
}

bool Feeder::all_processed() const {
  const BoardSnapshot board = board_.snapshot();
  const Backlog left = backlog(board);
  return left.events <= 0 && left.deltas == 0 && all_closed(board);
}

Result<void> Feeder::feed(EventSource& source, EventTime now) {
  // The board is not asked more often than it can have changed.
  const auto asked = std::chrono::steady_clock::now();
  if (source.is_up_to_date(now) || asked - full_since_ < kPatience) return {};
  const Backlog unread = backlog(board_.snapshot());
  const std::int64_t room = unread.deltas > kMostUnreadDeltas ? 0 : std::min(kBatch, kMostUnread - unread.events);
  if (room < kBatch) full_since_ = asked;
  std::int64_t written = 0;
  for (; written < room; ++written) {
    auto next = source.next(now);
    if (!next) return next.error();
    if (!*next) break;
    SourceRecord& event = **next;
    OutRecord record;
    record.topic = options_.topic;
    record.partition = Partition(event.key ? murmur2_partition(*event.key, options_.partitions) : 0);
    record.key = std::move(event.key);
    record.value = std::move(event.value);
    TOUCHSTONE_TRY(output_->produce(std::move(record)));
  }
  if (written == 0) return {};
  auto receipt = output_->commit({}, nullptr);
  if (!receipt) return receipt.error();
  fed_ += static_cast<std::uint64_t>(written);
  return {};
}

}  // namespace touchstone
