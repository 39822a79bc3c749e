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

Feeder::Progress Feeder::progress() const {
  Progress progress;
  // Counted first: what the board says of the rest is then no older.
  progress.unread_events = static_cast<std::int64_t>(fed_) - static_cast<std::int64_t>(board_.records());
  progress.board = board_.progress_snapshot();
  for (const auto& [partition, records] : progress.board.lag) {
    if (partition.topic == options_.deltas_topic) progress.unread_deltas = std::max(progress.unread_deltas, records);
  }
  return progress;
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
  const Progress now = progress();
  return now.unread_events <= 0 && now.unread_deltas == 0 && all_closed(now.board);
}

Result<void> Feeder::feed(EventSource& source, EventTime now) {
  // The board is not asked more often than it can have changed.
  const auto asked = std::chrono::steady_clock::now();
  if (source.is_up_to_date(now) || asked - full_since_ < kPatience) return {};
  const Progress done = progress();
  const std::int64_t room =
      done.unread_deltas > kMostUnreadDeltas ? 0 : std::min(kBatch, kMostUnread - done.unread_events);
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
