#include "ingest/kafka_output.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "ingest/kafka_errors.h"

namespace touchstone {
namespace {

constexpr Millis kCall{2'000};        // one call to librdkafka; between two it is looked at whether there is still time
constexpr Millis kRepeat{100};        // between two attempts of a call that may be repeated
constexpr int kQueueFullWaitMs = 10;  // until some of the queue has been delivered

// Nullptr or an address of the record's bytes; librdkafka copies them, so the const can go.
void* bytes_of(const std::optional<std::string>& text) { return text ? const_cast<char*>(text->data()) : nullptr; }
std::size_t size_of(const std::optional<std::string>& text) { return text ? text->size() : 0; }

Error gone(const std::string& topic, const Error& error) {
  return Error(ErrorKind::kReject, "the topic " + topic + " is gone: " + error.message());
}

}  // namespace

KafkaOutput::KafkaOutput(KafkaConnection connection, std::string transactional_id)
    : connection_(std::move(connection)),
      transactional_id_(std::move(transactional_id)),
      events_(connection_.logger, this) {}

Result<std::unique_ptr<KafkaOutput>> KafkaOutput::open(KafkaConnection connection, std::string transactional_id) {
  std::unique_ptr<KafkaOutput> output(new KafkaOutput(std::move(connection), std::move(transactional_id)));
  TOUCHSTONE_TRY(output->connect());
  return output;
}

void KafkaOutput::on_delivery(rd_kafka_t* client, const rd_kafka_message_t* message, void* /*opaque*/) {
  static_cast<KafkaOutput*>(KafkaEvents::of(client).owner())->note_delivery(*message);
}

void KafkaOutput::note_delivery(const rd_kafka_message_t& message) {
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    const bool purged =
        message.err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || message.err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
    // What is dropped because a transaction is given up is no cause of anything.
    if (purged) return;
    // A record given up for good leaves a gap in the sequence numbers, which the broker takes for a loss of records
    // when it sees the next one.
    sequence_in_doubt_ = true;
    if (!undelivered_) {
      undelivered_topic_ = rd_kafka_topic_name(message.rkt);
      undelivered_code_ = message.err;
      undelivered_ = error_of(message.err, "writing to " + undelivered_topic_);
    }
    return;
  }
  if (message._private == nullptr) return;
  for (Delivered& delivered : delivered_) {
    if (delivered.topic == message.rkt && delivered.partition == message.partition) {
      delivered.offset = std::max(delivered.offset, message.offset);
      return;
    }
  }
  delivered_.push_back({message.rkt, message.partition, message.offset});
}

// Also takes a new epoch: destroying and making the client anew is all that is needed for it.
Result<void> KafkaOutput::connect() {
  topics_.clear();
  delivered_.clear();
  client_.reset();
  disconnects_ = events_.disconnects();
  auto conf = make_conf(KafkaRole::kOutput,
                        {.group = {},
                         .transactional_id = transactional_id_,
                         .instance = {},
                         .transaction_timeout = connection_.transaction_timeout},
                        connection_.properties, connection_.queues);
  if (!conf) return conf.error();
  // With a delivery report callback a commit takes 1 ms, without one 10 ms.
  rd_kafka_conf_set_dr_msg_cb(conf->get(), on_delivery);
  auto client = make_client(RD_KAFKA_PRODUCER, std::move(*conf), events_);
  if (!client) return client.error();

  const Deadline deadline(connection_.patience, connection_);
  for (;;) {
    const ErrorPtr failed(rd_kafka_init_transactions(client->get(), deadline.left_ms(kCall)));
    rd_kafka_poll(client->get(), 0);
    if (!failed) break;
    const Error error = error_of(failed.get(), "taking over transactional id " + transactional_id_);
    if (error.kind() != ErrorKind::kRetry || deadline.passed()) return unreachable(error, connection_, events_);
    rd_kafka_poll(client->get(), static_cast<int>(kRepeat.count()));
  }
  client_ = std::move(*client);
  state_ = State::kReady;
  sequence_in_doubt_ = false;
  return {};
}

// librdkafka repeats an EndTxn whose answer got lost; a late copy of it could end our next transaction. A new epoch
// makes the broker refuse that copy. Every lost connection counts, not only one lost during a commit: a second one like
// it would not be told within 30 s.
Result<void> KafkaOutput::begin() {
  if (state_ == State::kOpen) return {};
  if (state_ == State::kLost) return Error(ErrorKind::kAbort, "the transaction is lost and not yet aborted");
  if (state_ == State::kDead) return Error(ErrorKind::kFatal, "the producer has ended");
  serve();
  renewed_ = false;
  if (sequence_in_doubt_ || events_.disconnects() != disconnects_) {
    ++renewals_;
    renewed_ = true;
    events_.log(5, sequence_in_doubt_ ? "a record was refused: taking a new epoch"
                                      : "a connection was lost: taking a new epoch");
    if (auto connected = connect(); !connected) {
      // Without a client nothing is left to be repaired here.
      state_ = State::kDead;
      return connected.error().as(ErrorKind::kFatal);
    }
  }
  const ErrorPtr failed(rd_kafka_begin_transaction(client_.get()));
  if (failed) {
    state_ = State::kDead;
    return error_of(failed.get(), "beginning a transaction").as(ErrorKind::kFatal);
  }
  delivered_.clear();
  undelivered_.reset();
  state_ = State::kOpen;
  return {};
}

// A record that could not be written says more than the transaction that fails because of it.
Error KafkaOutput::lose(const Error& error) {
  state_ = error.kind() == ErrorKind::kFatal ? State::kDead : State::kLost;
  serve();
  if (!undelivered_) return error;
  const std::string message = error.message() + " (" + undelivered_->message() + ")";
  // Neither is mended by writing the same once more.
  if (undelivered_code_ == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
    return Error(ErrorKind::kReject, undelivered_topic_ +
                                         " takes no record as large as this one; `touchstone topics` " +
                                         "names the setting that is too low: " + message);
  }
  if (is_missing(undelivered_topic_)) return gone(undelivered_topic_, Error(error.kind(), message));
  return Error(error.kind(), message, error.cause() == ErrorCause::kOther ? undelivered_->cause() : error.cause());
}

// The broker's own word, because clients call a topic unknown that they could not ask about.
bool KafkaOutput::is_missing(const std::string& topic) const {
  const TopicPtr handle(rd_kafka_topic_new(client_.get(), topic.c_str(), nullptr));
  const Deadline deadline(missing_patience(connection_), connection_);
  for (;;) {
    const rd_kafka_metadata_t* found = nullptr;
    if (!handle || rd_kafka_metadata(client_.get(), 0, handle.get(), &found, static_cast<int>(kCall.count())) !=
                       RD_KAFKA_RESP_ERR_NO_ERROR) {
      return false;
    }
    const MetadataPtr metadata(found);
    if (metadata->topic_cnt != 1 || !says_missing(metadata->topics[0].err)) return false;
    if (deadline.passed()) return true;
    std::this_thread::sleep_for(kRepeat);
  }
}

Result<rd_kafka_topic_t*> KafkaOutput::topic(const std::string& name) {
  const auto known = topics_.find(name);
  if (known != topics_.end()) return known->second.get();
  TopicPtr made(rd_kafka_topic_new(client_.get(), name.c_str(), nullptr));
  if (!made) return Error(ErrorKind::kReject, "not a topic's name: " + name);
  return topics_.emplace(name, std::move(made)).first->second.get();
}

Result<void> KafkaOutput::produce(const OutRecord& record) {
  if (size_of(record.key) + size_of(record.value) > kLargestKafkaRecord) {
    return Error(ErrorKind::kReject, "a record for " + record.topic + " is larger than any that can be written");
  }
  TOUCHSTONE_TRY(begin());
  const auto destination = topic(record.topic);
  if (!destination) return destination.error();
  return enqueue(record, *destination);
}

Result<void> KafkaOutput::enqueue(const OutRecord& record, rd_kafka_topic_t* topic) {
  HeadersPtr headers;
  if (!record.headers.empty()) {
    headers.reset(rd_kafka_headers_new(record.headers.size()));
    for (const auto& [name, value] : record.headers) {
      rd_kafka_header_add(headers.get(), name.data(), static_cast<ssize_t>(name.size()), value.data(),
                          static_cast<ssize_t>(value.size()));
    }
  }
  const std::int32_t partition = record.partition ? record.partition->value() : RD_KAFKA_PARTITION_UA;
  void* const addressed = record.partition ? this : nullptr;
  const Deadline deadline(connection_.transaction_timeout, connection_);
  for (;;) {
    const rd_kafka_resp_err_t code =
        headers
            ? rd_kafka_producev(client_.get(), RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(partition),
                                RD_KAFKA_V_VALUE(bytes_of(record.value), size_of(record.value)),
                                RD_KAFKA_V_KEY(bytes_of(record.key), size_of(record.key)),
                                RD_KAFKA_V_HEADERS(headers.get()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                RD_KAFKA_V_OPAQUE(addressed), RD_KAFKA_V_END)
            : rd_kafka_producev(client_.get(), RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(partition),
                                RD_KAFKA_V_VALUE(bytes_of(record.value), size_of(record.value)),
                                RD_KAFKA_V_KEY(bytes_of(record.key), size_of(record.key)),
                                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE(addressed), RD_KAFKA_V_END);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
      static_cast<void>(headers.release());  // librdkafka's now
      return {};
    }
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL && !deadline.passed()) {
      rd_kafka_poll(client_.get(), kQueueFullWaitMs);
      continue;
    }
    serve();
    if (const auto fatal = events_.fatal()) return lose(*fatal);
    Error error = error_of(code, "writing to " + record.topic);
    if (could_not_ask(code) && is_missing(record.topic)) return gone(record.topic, error);
    if (error.kind() == ErrorKind::kReject) return error;
    // Anything else means that the transaction takes nothing more: an earlier record could not be written.
    return lose(error.as(code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR__FATAL ? ErrorKind::kFatal
                                                                                               : ErrorKind::kAbort));
  }
}

Result<void> KafkaOutput::send_offsets(const std::vector<ConsumedOffset>& consumed,
                                       const rd_kafka_consumer_group_metadata_t* member) {
  if (member == nullptr) return lose(Error(ErrorKind::kAbort, "the group has given out no partitions yet"));
  const PartitionListPtr offsets = list_of(consumed);
  const Deadline deadline(connection_.transaction_timeout, connection_);
  for (;;) {
    // To be repeated with the same arguments until it is decided.
    const ErrorPtr failed(
        rd_kafka_send_offsets_to_transaction(client_.get(), offsets.get(), member, static_cast<int>(kCall.count())));
    if (!failed) return {};
    const Error error = error_of(failed.get(), "adding offsets to the transaction");
    if (error.kind() != ErrorKind::kRetry) return lose(error);
    // Nothing is committed yet, so giving the transaction up is always right.
    if (deadline.passed()) return lose(error.as(ErrorKind::kAbort));
    rd_kafka_poll(client_.get(), static_cast<int>(kRepeat.count()));
  }
}

Result<void> KafkaOutput::end_transaction() {
  const Deadline deadline(end_patience(), connection_);
  for (;;) {
    // With a time-out librdkafka and the broker may disagree about the transaction. A client that runs into it is used
    // no more, so that this does not matter; without one, nothing would end the call while the broker is away.
    const ErrorPtr failed(rd_kafka_commit_transaction(client_.get(), std::max(1, deadline.left_ms(end_patience()))));
    if (!failed) return {};
    const Error error = error_of(failed.get(), "committing");
    if (error.kind() != ErrorKind::kRetry) return lose(error);
    // The broker may have committed, so this is not one to be aborted.
    if (deadline.passed()) return lose(error.as(ErrorKind::kFatal));
    rd_kafka_poll(client_.get(), static_cast<int>(kRepeat.count()));
  }
}

Result<Receipt> KafkaOutput::commit(const std::vector<ConsumedOffset>& consumed,
                                    const rd_kafka_consumer_group_metadata_t* member) {
  if (state_ == State::kReady && consumed.empty()) return Receipt{};
  TOUCHSTONE_TRY(begin());
  if (!consumed.empty()) TOUCHSTONE_TRY(send_offsets(consumed, member));
  TOUCHSTONE_TRY(end_transaction());
  state_ = State::kReady;
  serve();
  return receipt();
}

Receipt KafkaOutput::receipt() {
  Receipt receipt;
  receipt.written.reserve(delivered_.size());
  for (const Delivered& delivered : delivered_) {
    receipt.written.push_back(
        {{rd_kafka_topic_name(delivered.topic), Partition(delivered.partition)}, Offset(delivered.offset).next()});
  }
  delivered_.clear();
  receipt.renewed = renewed_;
  return receipt;
}

Result<void> KafkaOutput::abort() {
  if (state_ == State::kReady) return {};
  if (state_ == State::kDead) return Error(ErrorKind::kFatal, "the producer has ended");
  const Deadline deadline(end_patience(), connection_);
  for (;;) {
    // The time-out is as that of a commit.
    const ErrorPtr failed(rd_kafka_abort_transaction(client_.get(), std::max(1, deadline.left_ms(end_patience()))));
    serve();
    if (!failed) break;
    const Error error = error_of(failed.get(), "aborting");
    if (error.kind() != ErrorKind::kRetry || deadline.passed()) {
      state_ = State::kDead;
      return error.as(ErrorKind::kFatal);
    }
    rd_kafka_poll(client_.get(), static_cast<int>(kRepeat.count()));
  }
  delivered_.clear();
  undelivered_.reset();
  state_ = State::kReady;
  return {};
}

void KafkaOutput::serve() {
  if (client_) rd_kafka_poll(client_.get(), 0);
}

}  // namespace touchstone
