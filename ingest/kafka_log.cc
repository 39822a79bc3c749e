#include "ingest/kafka_log.h"

#include <atomic>
#include <future>
#include <thread>
#include <utility>

namespace touchstone {
namespace {

/// How long the clients may take to end; usually it is a few milliseconds.
constexpr Millis kEndPatience{5'000};
constexpr Millis kHurriedEnd{1'000};

}  // namespace

KafkaLog::KafkaLog(std::unique_ptr<KafkaInput> input, std::unique_ptr<KafkaOutput> output,
                   std::unique_ptr<KafkaRestore> restore, std::shared_ptr<std::atomic<bool>> muted)
    : input_(std::move(input)), output_(std::move(output)), restore_(std::move(restore)), muted_(std::move(muted)) {}

Result<std::unique_ptr<KafkaLog>> KafkaLog::open(KafkaLogOptions options) {
  auto muted = std::make_shared<std::atomic<bool>>(false);
  if (options.connection.logger) {
    options.connection.logger = [muted, logger = std::move(options.connection.logger)](int severity,
                                                                                       std::string_view line) {
      if (!*muted) logger(severity, line);
    };
  }
  const KafkaIdentity identity{
      .group = options.group, .transactional_id = options.transactional_id, .instance = options.instance};
  auto input = KafkaInput::open(options.connection, identity, options.topics);
  if (!input) return input.error();
  // Before joining: a predecessor's open transaction is aborted here, so that offsets are stable when asked
  // for.
  auto output = KafkaOutput::open(options.connection, options.transactional_id);
  if (!output) return output.error();
  TOUCHSTONE_TRY((*input)->join());
  auto restore = std::make_unique<KafkaRestore>(options.connection, identity);
  std::unique_ptr<KafkaLog> log(
      new KafkaLog(std::move(*input), std::move(*output), std::move(restore), std::move(muted)));
  log->hurried_ = std::move(options.connection.hurried);
  return log;
}

Result<Polled> KafkaLog::poll(Millis timeout, std::size_t max_records) {
  output_->serve();
  return input_->poll(timeout, max_records);
}

Result<void> KafkaLog::start(const TopicPartition& partition, Offset from) { return input_->start(partition, from); }

void KafkaLog::hold() { input_->hold(); }

Result<std::optional<Offset>> KafkaLog::committed(const TopicPartition& partition) {
  return input_->committed(partition);
}

Result<Log::Range> KafkaLog::range(const TopicPartition& partition) { return input_->range(partition); }

Result<Offset> KafkaLog::read(const TopicPartition& partition, Offset from,
                              const std::function<void(const Record&)>& visit) {
  return restore_->read(partition, from, visit);
}

Result<std::int32_t> KafkaLog::partition_count(const std::string& topic) { return input_->partition_count(topic); }

Result<void> KafkaLog::produce(OutRecord record) { return output_->produce(record); }

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
  if (input_) input_->close(place);
  // librdkafka 2.0 never ends a consumer that had partitions of a topic which was deleted. Such a one is left to
  // itself: it has left the group, and whoever waited for it could neither report the deletion nor go on.
  struct Clients {
    std::unique_ptr<KafkaOutput> output;
    std::unique_ptr<KafkaRestore> restore;
    std::unique_ptr<KafkaInput> input;
  };
  auto clients = std::make_shared<Clients>(Clients{std::move(output_), std::move(restore_), std::move(input_)});
  std::promise<void> ended;
  const std::future<void> end = ended.get_future();
  std::thread ending([clients, ended = std::move(ended)]() mutable {
    clients->output.reset();
    clients->restore.reset();
    clients->input.reset();
    ended.set_value();
  });
  if (end.wait_for(hurried_ && hurried_() ? kHurriedEnd : kEndPatience) == std::future_status::ready) {
    ending.join();
  } else {
    // The process may end before it does.
    *muted_ = true;
    ending.detach();
  }
}

}  // namespace touchstone
