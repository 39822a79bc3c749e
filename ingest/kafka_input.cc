#include "ingest/kafka_input.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "ingest/kafka_errors.h"
#include "ingest/kafka_record.h"

namespace touchstone {
namespace {

constexpr Millis kClosePatience{5'000};
constexpr Millis kHurriedClose{1'000};
constexpr Millis kCloseStep{50};
constexpr Millis kBackOff{200};
constexpr Millis kAsk{2'000};  // one question to a broker; between two it is looked at whether there is still time
constexpr Millis kAcceptancePatience{3'000};

// Repeats `ask(timeout_ms)` until it is decided or patience ends.
template <typename Ask>
rd_kafka_resp_err_t patiently(const KafkaConnection& connection, Ask ask) {
  const Deadline deadline(connection.patience, connection);
  const Deadline missing(missing_patience(connection), connection);
  for (;;) {
    const rd_kafka_resp_err_t code = ask(std::max(1, deadline.left_ms(kAsk)));
    const bool again =
        kind_of(code) == ErrorKind::kRetry || could_not_ask(code) || (says_missing(code) && !missing.passed());
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || !again || deadline.passed()) return code;
    std::this_thread::sleep_for(kBackOff);
  }
}

// librdkafka stops the partitions of the assignment before in steps of its own, and ends the process (2.0: "Assertion
// rktp_started") if it is given the next assignment in between. Its steps and our questions go through one queue in
// order: when the first answer is there all stops have been begun, when the second is there all have ended.
rd_kafka_resp_err_t assign_and_settle(rd_kafka_t* client, const rd_kafka_topic_partition_list_t* list) {
  const rd_kafka_resp_err_t code = rd_kafka_assign(client, list);
  for (int question = 0; question < 2; ++question) {
    rd_kafka_topic_partition_list_t* answer = nullptr;
    if (rd_kafka_assignment(client, &answer) == RD_KAFKA_RESP_ERR_NO_ERROR) PartitionListPtr(answer).reset();
  }
  return code;
}

}  // namespace

KafkaInput::KafkaInput(KafkaConnection connection, std::vector<std::string> topics)
    : connection_(std::move(connection)), topics_(std::move(topics)), events_(connection_.logger, this) {}

KafkaInput::~KafkaInput() = default;

Result<std::unique_ptr<KafkaInput>> KafkaInput::open(KafkaConnection connection, const KafkaIdentity& identity,
                                                     std::vector<std::string> topics) {
  std::unique_ptr<KafkaInput> input(new KafkaInput(std::move(connection), std::move(topics)));
  input->static_ = !identity.instance.empty();
  auto conf = make_conf(KafkaRole::kInput, identity, input->connection_.properties, input->connection_.queues);
  if (!conf) return conf.error();
  rd_kafka_conf_set_rebalance_cb(conf->get(), on_rebalance);
  auto client = make_client(RD_KAFKA_CONSUMER, std::move(*conf), input->events_);
  if (!client) return client.error();
  input->client_ = std::move(*client);
  rd_kafka_poll_set_consumer(input->client_.get());
  TOUCHSTONE_TRY(input->check_topics());
  return input;
}

// A subscription to a topic that does not exist would wait for it in silence.
Result<void> KafkaInput::check_topics() {
  for (const std::string& topic : topics_) {
    const auto count = partition_count(topic);
    if (!count) return count.error();
  }
  return {};
}

Result<void> KafkaInput::join() {
  if (topics_.empty()) {
    // Offsets of one who is in no group are checked by nobody; such a log has none of its own.
    membership_.reset(rd_kafka_consumer_group_metadata(client_.get()));
    return {};
  }
  const PartitionListPtr list(rd_kafka_topic_partition_list_new(static_cast<int>(topics_.size())));
  for (const std::string& topic : topics_) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  }
  const rd_kafka_resp_err_t code = rd_kafka_subscribe(client_.get(), list.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return error_of(code, "subscribing");
  return {};
}

void KafkaInput::on_rebalance(rd_kafka_t* client, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* list,
                              void* /*opaque*/) {
  auto& self = *static_cast<KafkaInput*>(KafkaEvents::of(client).owner());
  if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    self.note_assigned(*list);
    self.membership_.reset(rd_kafka_consumer_group_metadata(client));
    // Ours from here on, but nothing is fetched before start().
    const PartitionListPtr nothing(rd_kafka_topic_partition_list_new(0));
    assign_and_settle(client, nothing.get());
    return;
  }
  self.note_lost();
  assign_and_settle(client, nullptr);
}

void KafkaInput::note_assigned(const rd_kafka_topic_partition_list_t& list) {
  note_lost();
  for (int i = 0; i < list.cnt; ++i) {
    assigned_.push_back({list.elems[i].topic, Partition(list.elems[i].partition)});
  }
}

void KafkaInput::note_lost() {
  rebalanced_ = true;
  assigned_.clear();
  positions_.clear();
  last_position_ = nullptr;
  starts_pending_ = false;
}

Result<Polled> KafkaInput::poll(Millis timeout, std::size_t max_records) {
  borrowed_.clear();
  const bool reads = max_records > 0;
  TOUCHSTONE_TRY(reads ? assign_started() : let_go());
  Polled polled;
  std::size_t bytes = 0;
  auto wait_ms = static_cast<int>(timeout.count());
  while ((polled.records.size() < max_records || !reads) && bytes < kLargestPoll && !rebalanced_) {
    MessagePtr message(rd_kafka_consumer_poll(client_.get(), wait_ms));
    wait_ms = 0;
    if (!message) break;
    // What is left over of a partition that nothing is wanted of comes again when it is.
    const bool is_left_over =
        !reads && (message->err == RD_KAFKA_RESP_ERR_NO_ERROR || message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF);
    bytes += message->len + message->key_len;
    if (!is_left_over) TOUCHSTONE_TRY(take(std::move(message), polled));
  }
  if (const auto fatal = events_.fatal()) return *fatal;
  if (events_.denied()) TOUCHSTONE_TRY(find_acceptance());
  if (rebalanced_) {
    // All partitions were taken away first, so what had been collected is nobody's.
    polled.records.clear();
    polled.at_end.clear();
    polled.lost = std::exchange(told_, assigned_);
    polled.assigned = assigned_;
    rebalanced_ = false;
  }
  return polled;
}

// A client that no broker accepts any more goes on trying in silence, and an engine that has nothing to commit
// would seem to be well.
Result<void> KafkaInput::find_acceptance() {
  const rd_kafka_metadata_t* found = nullptr;
  const rd_kafka_resp_err_t code =
      rd_kafka_metadata(client_.get(), 0, nullptr, &found, static_cast<int>(kAcceptancePatience.count()));
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const MetadataPtr ignored(found);
    events_.forget_denial();
  } else if (events_.denied()) {
    return unreachable(Error(ErrorKind::kFatal, "no broker accepts this client"), connection_, events_);
  }
  return {};
}

Result<void> KafkaInput::assign_started() {
  if (!starts_pending_ && !let_go_) return {};
  std::vector<ConsumedOffset> offsets;
  offsets.reserve(positions_.size());
  for (const auto& [key, position] : positions_) {
    if (position.held) continue;
    offsets.push_back({{key.first, Partition(key.second)}, Offset(position.next)});
  }
  TOUCHSTONE_TRY(assign(offsets));
  starts_pending_ = let_go_ = false;
  return {};
}

// With nothing assigned librdkafka keeps its place in the group, and empties its queue.
Result<void> KafkaInput::let_go() {
  if (let_go_ || positions_.empty()) return {};
  TOUCHSTONE_TRY(assign({}));
  let_go_ = true;
  return {};
}

Result<void> KafkaInput::assign(const std::vector<ConsumedOffset>& offsets) {
  const rd_kafka_resp_err_t code = assign_and_settle(client_.get(), list_of(offsets).get());
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return Error(ErrorKind::kFatal, error_of(code, "starting partitions").message(), cause_of(code));
}

KafkaInput::Position* KafkaInput::position_of(const rd_kafka_message_t& message) {
  const std::pair<const rd_kafka_topic_t*, std::int32_t> key{message.rkt, message.partition};
  if (last_position_ == nullptr || key != last_key_) {
    const auto found = positions_.find(KeyView{rd_kafka_topic_name(message.rkt), message.partition});
    if (found == positions_.end()) return nullptr;
    last_position_ = &found->second;
    last_key_ = key;
  }
  return last_position_->held ? nullptr : last_position_;
}

// A record that is left over from before a start. Going back, the record delivered last is delivered once
// more, so one after it that comes before any up to it is a left-over; it will come again in its turn.
bool KafkaInput::is_wanted(Position& position, std::int64_t offset) const {
  if (offset < position.next) return false;
  if (position.rewound && offset > position.delivered) return false;
  position.rewound = false;
  return true;
}

Result<void> KafkaInput::take(MessagePtr message, Polled& polled) {
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) return take_error(*message, polled);
  Position* position = position_of(*message);
  if (position == nullptr || !is_wanted(*position, message->offset)) return {};
  position->next = message->offset + 1;
  position->delivered = std::max(position->delivered, message->offset);
  polled.records.push_back(view_of(*message));
  borrowed_.push_back(std::move(message));
  return {};
}

Result<void> KafkaInput::take_error(const rd_kafka_message_t& message, Polled& polled) {
  const std::string text = message.payload != nullptr ? rd_kafka_message_errstr(&message) : "";
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    Position* position = position_of(message);
    if (position == nullptr || message.offset < position->next || position->rewound) return {};
    // The markers of transactions lie between the last record and the end.
    position->next = message.offset;
    const TopicPartition partition{rd_kafka_topic_name(message.rkt), Partition(message.partition)};
    std::erase_if(polled.at_end, [&](const ConsumedOffset& known) { return known.partition == partition; });
    polled.at_end.push_back({partition, Offset(message.offset)});
    return {};
  }
  if (message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || message.err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
    if (message.rkt != nullptr && position_of(message) == nullptr) return {};
    return Error(ErrorKind::kFatal, "the input no longer holds the offset to go on from: " + text);
  }
  if (kind_of(message.err) == ErrorKind::kRetry) {
    events_.log(4, "input: " + text);
    return {};
  }
  return Error(ErrorKind::kFatal, error_of(message.err, "reading the input").message() + ": " + text,
               cause_of(message.err));
}

Result<void> KafkaInput::start(const TopicPartition& partition, Offset from) {
  if (std::find(assigned_.begin(), assigned_.end(), partition) == assigned_.end()) {
    return Error(ErrorKind::kReject, name_of(partition) + " is not assigned to this member");
  }
  Position& position = positions_[{partition.topic, partition.partition.value()}];
  position.next = from.value();
  position.rewound = from.value() <= position.delivered;
  position.held = false;
  starts_pending_ = true;
  return {};
}

void KafkaInput::hold() {
  for (auto& [key, position] : positions_) position.held = true;
  starts_pending_ = starts_pending_ || !positions_.empty();
}

Result<std::optional<Offset>> KafkaInput::committed(const TopicPartition& partition) {
  const PartitionListPtr list = list_of(partition, RD_KAFKA_OFFSET_INVALID);
  const rd_kafka_resp_err_t code = patiently(connection_, [&](int timeout_ms) {
    const rd_kafka_resp_err_t asked = rd_kafka_committed(client_.get(), list.get(), timeout_ms);
    return asked != RD_KAFKA_RESP_ERR_NO_ERROR ? asked : list->elems[0].err;
  });
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return not_answered(code, "the committed offset of " + name_of(partition), partition.topic);
  }
  if (list->elems[0].offset < 0) return std::nullopt;
  return Offset(list->elems[0].offset);
}

// With read_committed the broker's answer ends where the first open transaction begins.
Result<Log::Range> KafkaInput::range(const TopicPartition& partition) {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  const rd_kafka_resp_err_t code = patiently(connection_, [&](int timeout_ms) {
    return rd_kafka_query_watermark_offsets(client_.get(), partition.topic.c_str(), partition.partition.value(), &begin,
                                            &end, timeout_ms);
  });
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return not_answered(code, "the offsets of " + name_of(partition), partition.topic);
  }
  return Log::Range{.begin = Offset(begin), .end = Offset(end)};
}

Result<std::int32_t> KafkaInput::partition_count(const std::string& topic) {
  const TopicPtr handle(rd_kafka_topic_new(client_.get(), topic.c_str(), nullptr));
  if (!handle) return Error(ErrorKind::kReject, "not a topic's name: " + topic);
  std::int32_t count = 0;
  const rd_kafka_resp_err_t code = patiently(connection_, [&](int timeout_ms) {
    const rd_kafka_metadata_t* found = nullptr;
    const rd_kafka_resp_err_t asked = rd_kafka_metadata(client_.get(), 0, handle.get(), &found, timeout_ms);
    if (asked != RD_KAFKA_RESP_ERR_NO_ERROR) return asked;
    const MetadataPtr metadata(found);
    if (metadata->topic_cnt != 1) return RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    count = metadata->topics[0].partition_cnt;
    return metadata->topics[0].err;
  });
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return count;
  return not_answered(code, "topic " + topic, topic);
}

Error KafkaInput::not_answered(rd_kafka_resp_err_t code, const std::string& question, const std::string& topic) const {
  if (says_missing(code)) return Error(ErrorKind::kReject, "there is no topic " + topic);
  const Error error = unreachable(error_of(code, "asking for " + question), connection_, events_);
  return could_not_ask(code) ? error.as(ErrorKind::kRetry) : error;
}

// What the fetches brought along; asks nobody. Counts offsets, of which markers of transactions take some
// too.
std::int64_t KafkaInput::lag(const TopicPartition& partition) {
  const auto found = positions_.find(KeyView{partition.topic, partition.partition.value()});
  if (found == positions_.end()) return 0;
  std::int64_t begin = 0;
  std::int64_t end = 0;
  const rd_kafka_resp_err_t code =
      rd_kafka_get_watermark_offsets(client_.get(), partition.topic.c_str(), partition.partition.value(), &begin, &end);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return 0;
  return std::max<std::int64_t>(0, end - found->second.next);
}

// Closing while partitions are assigned can hang, so they are given back first where that may be; and nothing here
// waits for ever.
void KafkaInput::close(Place place) {
  if (!client_) return;
  borrowed_.clear();
  // A consumer that has not left its group does not end either, so even in a hurry there is some time for it.
  const Deadline deadline(connection_.hurried && connection_.hurried() ? kHurriedClose : kClosePatience);
  // To unsubscribe would tell the group; a static member that only closes is missed after the session time-out. Then
  // closing itself takes the partitions away, through on_rebalance.
  if (!topics_.empty() && (place != Place::kKept || !static_)) {
    rd_kafka_unsubscribe(client_.get());
    while (!assigned_.empty() && !deadline.passed()) {
      const MessagePtr ignored(rd_kafka_consumer_poll(client_.get(), static_cast<int>(kCloseStep.count())));
    }
  }
  const QueuePtr queue(rd_kafka_queue_new(client_.get()));
  const ErrorPtr failed(rd_kafka_consumer_close_queue(client_.get(), queue.get()));
  while (!failed && rd_kafka_consumer_closed(client_.get()) == 0 && !deadline.passed()) {
    const EventPtr event(rd_kafka_queue_poll(queue.get(), static_cast<int>(kCloseStep.count())));
    // Nothing is asked here: a client that ends throws away the questions that it has not read yet, and who asked
    // would wait for ever.
    if (event && rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_REBALANCE) rd_kafka_assign(client_.get(), nullptr);
  }
}

}  // namespace touchstone
