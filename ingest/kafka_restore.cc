#include "ingest/kafka_restore.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "ingest/kafka_errors.h"
#include "ingest/kafka_record.h"

namespace touchstone {
namespace {

constexpr Millis kPoll{100};

}  // namespace

struct KafkaRestore::Progress {
  const TopicPartition& partition;
  const std::function<void(const Record&)>& visit;
  std::int64_t next{};    // where reading goes on
  std::int64_t end = -1;  // where it is to stop; known at the first end of the stable records
};

KafkaRestore::KafkaRestore(KafkaConnection connection, KafkaIdentity identity)
    : connection_(std::move(connection)), identity_(std::move(identity)), events_(connection_.logger, this) {}

Result<void> KafkaRestore::connect() {
  if (client_) return {};
  auto conf = make_conf(KafkaRole::kRestore, identity_, connection_.properties, connection_.queues);
  if (!conf) return conf.error();
  auto client = make_client(RD_KAFKA_CONSUMER, std::move(*conf), events_);
  if (!client) return client.error();
  client_ = std::move(*client);
  rd_kafka_poll_set_consumer(client_.get());
  return {};
}

// Whatever state the client is in, the next call starts with a fresh one.
Error KafkaRestore::dropped(const Error& error) {
  Error told = unreachable(error, connection_, events_);
  client_.reset();
  return told;
}

Result<ChangelogReader::Range> KafkaRestore::range(const TopicPartition& partition) {
  TOUCHSTONE_TRY(connect());
  std::int64_t begin = 0;
  std::int64_t end = 0;
  const rd_kafka_resp_err_t code =
      rd_kafka_query_watermark_offsets(client_.get(), partition.topic.c_str(), partition.partition.value(), &begin,
                                       &end, static_cast<int>(connection_.patience.count()));
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return Range{.begin = Offset(begin), .end = Offset(end)};
  return dropped(error_of(code, "asking for the offsets of " + name_of(partition)));
}

Result<Offset> KafkaRestore::read(const TopicPartition& partition, Offset from,
                                  const std::function<void(const Record&)>& visit) {
  TOUCHSTONE_TRY(connect());
  Progress progress{.partition = partition, .visit = visit, .next = from.value()};
  const rd_kafka_resp_err_t code = rd_kafka_assign(client_.get(), list_of(partition, from.value()).get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return error_of(code, "reading " + name_of(partition));

  const Millis patience = std::max(connection_.patience, kTransactionTimeout * 2);
  Deadline deadline(patience, connection_);
  Result<Offset> outcome =
      Error(ErrorKind::kRetry, "reading " + name_of(partition) + " made no progress", ErrorCause::kUnreachable);
  while (!deadline.passed()) {
    const MessagePtr message(rd_kafka_consumer_poll(client_.get(), static_cast<int>(kPoll.count())));
    if (!message) continue;
    const std::int64_t before = progress.next;
    const auto finished = take(*message, progress);
    if (!finished) {
      outcome = finished.error();
      break;
    }
    if (*finished) {
      outcome = Offset(progress.next);
      break;
    }
    if (progress.next != before) deadline = Deadline(patience, connection_);
  }
  rd_kafka_assign(client_.get(), nullptr);
  if (outcome) return outcome;
  return dropped(outcome.error());
}

// Says whether the end has been reached.
Result<bool> KafkaRestore::take(const rd_kafka_message_t& message, Progress& progress) {
  const TopicPartition& partition = progress.partition;
  const bool ours = message.rkt != nullptr && message.partition == partition.partition.value() &&
                    partition.topic == rd_kafka_topic_name(message.rkt);
  switch (message.err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      if (!ours || message.offset < progress.next) return false;
      progress.visit(view_of(message));
      progress.next = message.offset + 1;
      break;
    case RD_KAFKA_RESP_ERR__PARTITION_EOF: {
      if (!ours || message.offset < progress.next) return false;
      progress.next = message.offset;
      // The end of the stable records is the end only if no transaction is open on the partition: behind an
      // open one, later committed records wait, and a state without them would be wrong.
      std::int64_t begin = 0;
      std::int64_t end = 0;
      rd_kafka_get_watermark_offsets(client_.get(), partition.topic.c_str(), partition.partition.value(), &begin, &end);
      if (progress.end < 0) progress.end = end;
      return progress.next >= progress.end;
    }
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      return Error(ErrorKind::kReject,
                   name_of(partition) + " no longer holds offset " + std::to_string(progress.next) + " to read from");
    default:
      if (kind_of(message.err) != ErrorKind::kRetry) return error_of(message.err, "reading " + name_of(partition));
      events_.log(4, "restore: " + std::string(rd_kafka_message_errstr(&message)));
      return false;
  }
  return progress.end >= 0 && progress.next >= progress.end;
}

}  // namespace touchstone
