#include "app/chronicler.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <spdlog/spdlog.h>

namespace touchstone {
namespace {

/// How long the thread waits for records before it looks whether it is to stop.
constexpr Millis kFollowWait{100};
/// Taken over in one batch; a database takes thousands at once for little more than one.
constexpr std::size_t kEntriesAtOnce = 5'000;

}  // namespace

Chronicler::Chronicler(ChroniclerOptions options) : options_(std::move(options)), feed_(options_.feed) {
  options_.kafka.hurried = [this] { return stopping_.load(); };
  // A broker that does not answer must not hold up a stop for long.
  options_.kafka.patience = std::min(options_.kafka.patience, Millis{5'000});
}

Chronicler::~Chronicler() { stop(); }

void Chronicler::start() {
  thread_ = std::thread([this] { work(); });
}

void Chronicler::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

std::shared_ptr<const Chronicle> Chronicler::chronicle() const {
  const std::scoped_lock lock(mutex_);
  return chronicle_;
}

void Chronicler::work() {
  int failures = 0;
  while (!stopping_) {
    const std::uint64_t before = taken_;
    const Result<void> ended = follow();
    if (ended) return;
    failures = taken_ == before ? failures + 1 : 1;
    if (failures == 1) spdlog::warn("rows and alerts for the API: {}; trying again", ended.error().message());
    rest(failures);
  }
}

/// Until it is to stop, or something fails.
Result<void> Chronicler::follow() {
  std::shared_ptr<RocksChronicle> chronicle;
  {
    const std::scoped_lock lock(mutex_);
    chronicle = chronicle_;
  }
  if (!chronicle) {
    auto opened = RocksChronicle::open(options_.chronicle);
    if (!opened) return opened.error();
    chronicle = std::move(*opened);
    const std::scoped_lock lock(mutex_);
    chronicle_ = chronicle;
  }
  Result<void> ended{};
  {
    auto follower =
        KafkaFollower::open(options_.kafka, options_.group, {options_.topics.windows, options_.topics.alerts});
    if (!follower) return follower.error();
    const auto from = begin(**follower, *chronicle);
    ended = from ? (*follower)->start(*from) : Result<void>(from.error());
    while (ended && !stopping_) ended = take(**follower);
  }
  if (ended || ended.error().kind() != ErrorKind::kReject) return ended;
  // Nothing of it can be relied on: it begins anew, once nobody reads it any more.
  chronicle.reset();
  {
    const std::scoped_lock lock(mutex_);
    chronicle_.reset();
  }
  if (!options_.chronicle.directory.empty()) TOUCHSTONE_TRY(RocksChronicle::wipe(options_.chronicle.directory));
  return ended;
}

Result<std::vector<ConsumedOffset>> Chronicler::begin(KafkaFollower& follower, RocksChronicle& chronicle) {
  std::vector<ConsumedOffset> from;
  for (const TopicPartition& partition : follower.partitions()) {
    const auto range = follower.range(partition);
    if (!range) return range.error();
    const auto next = chronicle.next(partition);
    if (!next) return next.error();
    if (*next && **next > range->end) {
      return Error(ErrorKind::kReject,
                   "the topic " + partition.topic + " was made anew; it is read from its beginning");
    }
    from.push_back({partition, std::max(next->value_or(range->begin), range->begin)});
  }
  return from;
}

Result<void> Chronicler::take(KafkaFollower& follower) {
  auto batch = follower.poll(kFollowWait, kEntriesAtOnce);
  // What is no longer held was never read here: the next attempt begins with what is.
  if (!batch)
    return batch.error().as(batch.error().kind() == ErrorKind::kReject ? ErrorKind::kRetry : batch.error().kind());
  if (batch->records.empty()) return {};
  std::vector<ChronicleEntry> entries;
  entries.reserve(batch->records.size());
  for (const Record& record : batch->records) {
    const auto kind = record.topic == options_.topics.alerts ? ChronicleKind::kAlert : ChronicleKind::kRow;
    if (const auto entry = read_chronicle_entry(kind, record)) {
      entries.push_back(*entry);
    } else {
      ++refused_;
    }
  }
  std::shared_ptr<RocksChronicle> chronicle;
  {
    const std::scoped_lock lock(mutex_);
    chronicle = chronicle_;
  }
  TOUCHSTONE_TRY(chronicle->add(entries, batch->next));
  taken_ += entries.size();
  feed_.publish(entries);
  return {};
}

/// 0.2, 0.4, ... up to 10 s, and no longer than until it is to stop.
void Chronicler::rest(int failures) const {
  const auto until =
      std::chrono::steady_clock::now() + std::min(Millis{100} * (1 << std::min(failures, 7)), Millis{10'000});
  while (!stopping_ && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(Millis{20});
}

}  // namespace touchstone
