#include "bench/floors.h"

#include <chrono>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "engine/model/settings.h"
#include "ingest/event_decoder.h"
#include "ingest/kafka_log.h"

namespace touchstone::bench {
namespace {

using Steady = std::chrono::steady_clock;
constexpr Millis kWait{100};
constexpr std::size_t kMostRecords = 10'000;

class Reader {
 public:
  Reader(const FloorOptions& options, Log& log)
      : options_(options), log_(log), decoder_(std::make_unique<EventDecoder>(Settings{}.max_future)) {}

  Result<Figure> read() {
    Figure figure;
    const double begun = cpu_seconds();
    while (partitions_.empty() || ended_ < partitions_.size()) {
      auto polled = log_.poll(kWait, kMostRecords);
      if (!polled) return polled.error();
      TOUCHSTONE_TRY(begin(polled->assigned));
      for (const Record& record : polled->records) {
        ++figure.events;
        TOUCHSTONE_TRY(take(record));
      }
      ended_ += polled->at_end.size();
      TOUCHSTONE_TRY(commit_when_due());
    }
    TOUCHSTONE_TRY(commit());
    figure.cpu_s = cpu_seconds() - begun;
    return figure;
  }

 private:
  Result<void> begin(const std::vector<TopicPartition>& assigned) {
    for (const TopicPartition& partition : assigned) {
      const auto range = log_.range(partition);
      if (!range) return range.error();
      TOUCHSTONE_TRY(log_.start(partition, range->begin));
      partitions_.emplace(partition, range->begin);
    }
    return {};
  }
  Result<void> take(const Record& record) {
    if (options_.floor == Floor::kDrain) return {};
    if (std::holds_alternative<const Event*>(decoder_->decode(record))) ++decoded_;
    if (options_.floor != Floor::kCopy || !record.value) return {};
    const auto place = partitions_.find(TopicPartition{std::string(record.topic), record.partition});
    if (place != partitions_.end()) place->second = record.offset.next();
    OutRecord copy;
    copy.topic = options_.out;
    if (record.key) copy.key = std::string(*record.key);
    copy.value = std::string(*record.value);
    copy.value->resize(options_.bytes, ' ');
    return log_.produce(copy);
  }
  Result<void> commit_when_due() {
    if (Steady::now() < due_) return {};
    due_ = Steady::now() + Millis{options_.transaction_ms};
    return commit();
  }
  Result<void> commit() {
    if (options_.floor != Floor::kCopy || partitions_.empty()) return {};
    std::vector<ConsumedOffset> consumed;
    for (const auto& [partition, next] : partitions_) consumed.push_back({partition, next});
    const auto committed = log_.commit(consumed);
    if (!committed) return committed.error();
    return {};
  }

  const FloorOptions& options_;
  Log& log_;
  std::unique_ptr<EventDecoder> decoder_;
  std::map<TopicPartition, Offset> partitions_;  ///< with what is to be read next
  std::size_t ended_ = 0;
  std::uint64_t decoded_ = 0;
  Steady::time_point due_ = Steady::now();
};

}  // namespace

Result<Figure> measure_floor(const FloorOptions& options) {
  KafkaLogOptions log_options;
  log_options.connection.properties["bootstrap.servers"] = options.brokers;
  log_options.group = fmt::format("bench-{}-{}", ::getpid(), Steady::now().time_since_epoch().count());
  log_options.transactional_id = log_options.group;
  log_options.topics = {options.topic};
  const auto log = KafkaLog::open(log_options);
  if (!log) return log.error();
  auto figure = Reader(options, **log).read();
  (*log)->close();
  return figure;
}

}  // namespace touchstone::bench
