#include "ingest/kafka_log.h"

#include <utility>

namespace touchstone {

KafkaLog::KafkaLog(std::unique_ptr<KafkaInput> input, std::unique_ptr<KafkaOutput> output,
                   std::unique_ptr<KafkaRestore> restore)
    : input_(std::move(input)), output_(std::move(output)), restore_(std::move(restore)) {}

Result<std::unique_ptr<KafkaLog>> KafkaLog::open(KafkaLogOptions options) {
  const KafkaIdentity identity{
      .group = options.group, .transactional_id = options.transactional_id, .instance = options.instance};
  auto input = KafkaInput::open(options.connection, identity, options.topics);
  if (!input) return input.error();
  // Before joining: a predecessor's open transaction is aborted here, so that offsets are stable when asked
  // for.
  auto output = KafkaOutput::open(options.connection, options.transactional_id);
  if (!output) return output.error();
  TOUCHSTONE_TRY((*input)->join());
  return std::unique_ptr<KafkaLog>(new KafkaLog(std::move(*input), std::move(*output),
                                                std::make_unique<KafkaRestore>(options.connection, identity)));
}

Result<Polled> KafkaLog::poll(Millis timeout, std::size_t max_records) {
  output_->serve();
  return input_->poll(timeout, max_records);
}

Result<void> KafkaLog::start(const TopicPartition& partition, Offset from) { return input_->start(partition, from); }

Result<std::optional<Offset>> KafkaLog::committed(const TopicPartition& partition) {
  return input_->committed(partition);
}

Result<Log::Range> KafkaLog::range(const TopicPartition& partition) { return input_->range(partition); }

Result<Offset> KafkaLog::read(const TopicPartition& partition, Offset from,
                              const std::function<void(const Record&)>& visit) {
  return restore_->read(partition, from, visit);
}

Result<std::int32_t> KafkaLog::partition_count(const std::string& topic) { return input_->partition_count(topic); }

Result<void> KafkaLog::produce(OutRecord record) { return output_->produce(std::move(record)); }

Result<Receipt> KafkaLog::commit(std::span<const ConsumedOffset> consumed) {
  return output_->commit({consumed.begin(), consumed.end()}, input_->membership());
}

Result<void> KafkaLog::abort() { return output_->abort(); }

std::int64_t KafkaLog::lag(const TopicPartition& partition) { return input_->lag(partition); }

void KafkaLog::close() { end(KafkaInput::Place::kKept); }

void KafkaLog::leave() { end(KafkaInput::Place::kGivenUp); }

void KafkaLog::end(KafkaInput::Place place) {
  // An open transaction would keep readers of its partitions waiting until it times out.
  if (output_) static_cast<void>(output_->abort());
  output_.reset();
  restore_.reset();
  if (input_) input_->close(place);
  input_.reset();
}

}  // namespace touchstone
