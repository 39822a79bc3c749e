// A Log that does what another one does, for tests to override what should go otherwise.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "engine/flow/ports.h"

namespace touchstone::testing {

class WrappedLog : public Log {
 public:
  explicit WrappedLog(std::unique_ptr<Log> log) : log_(std::move(log)) {}

  Result<Polled> poll(Millis timeout, std::size_t max_records) override { return log_->poll(timeout, max_records); }
  Result<void> start(const TopicPartition& partition, Offset from) override { return log_->start(partition, from); }
  void hold() override { log_->hold(); }
  Result<std::optional<Offset>> committed(const TopicPartition& partition) override {
    return log_->committed(partition);
  }
  Result<Range> range(const TopicPartition& partition) override { return log_->range(partition); }
  Result<Offset> read(const TopicPartition& partition, Offset from,
                      const std::function<void(const Record&)>& visit) override {
    return log_->read(partition, from, visit);
  }
  Result<std::int32_t> partition_count(const std::string& topic) override { return log_->partition_count(topic); }
  Result<void> produce(OutRecord record) override { return log_->produce(std::move(record)); }
  Result<Receipt> commit(std::span<const ConsumedOffset> consumed) override { return log_->commit(consumed); }
  Result<void> abort() override { return log_->abort(); }
  std::int64_t lag(const TopicPartition& partition) override { return log_->lag(partition); }
  void close() override { log_->close(); }
  void leave() override { log_->leave(); }

 private:
  std::unique_ptr<Log> log_;
};

}  // namespace touchstone::testing
