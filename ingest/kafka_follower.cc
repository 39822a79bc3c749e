#include "ingest/kafka_follower.h"

#include <utility>

#include "ingest/kafka_errors.h"
#include "ingest/kafka_record.h"

namespace touchstone {

KafkaFollower::KafkaFollower(KafkaConnection connection)
    : connection_(std::move(connection)), events_(connection_.logger, this) {}

Result<std::unique_ptr<KafkaFollower>> KafkaFollower::open(KafkaConnection connection, const std::string& group,
                                                           const std::vector<std::string>& topics) {
  std::unique_ptr<KafkaFollower> follower(new KafkaFollower(std::move(connection)));
  auto conf = make_conf(KafkaRole::kFollow, {.group = group, .transactional_id = {}, .instance = {}},
                        follower->connection_.properties, follower->connection_.queues);
  if (!conf) return conf.error();
  auto client = make_client(RD_KAFKA_CONSUMER, std::move(*conf), follower->events_);
  if (!client) return client.error();
  follower->client_ = std::move(*client);
  rd_kafka_poll_set_consumer(follower->client_.get());
  for (const std::string& topic : topics) TOUCHSTONE_TRY(follower->find_partitions(topic));
  return follower;
}

Result<void> KafkaFollower::find_partitions(const std::string& topic) {
  const TopicPtr handle(rd_kafka_topic_new(client_.get(), topic.c_str(), nullptr));
  if (!handle) return Error(ErrorKind::kReject, "not a topic's name: " + topic);
  const rd_kafka_metadata_t* found = nullptr;
  rd_kafka_resp_err_t code =
      rd_kafka_metadata(client_.get(), 0, handle.get(), &found, static_cast<int>(connection_.patience.count()));
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const MetadataPtr metadata(found);
    code = metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < metadata->topics[0].partition_cnt; ++i) {
      partitions_.push_back({topic, Partition(metadata->topics[0].partitions[i].id)});
    }
  }
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  if (says_missing(code)) return Error(ErrorKind::kReject, "there is no topic " + topic);
  return unreachable(error_of(code, "asking for topic " + topic), connection_, events_);
}

Result<Log::Range> KafkaFollower::range(const TopicPartition& partition) {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  const rd_kafka_resp_err_t code =
      rd_kafka_query_watermark_offsets(client_.get(), partition.topic.c_str(), partition.partition.value(), &begin,
                                       &end, static_cast<int>(connection_.patience.count()));
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return Log::Range{.begin = Offset(begin), .end = Offset(end)};
  return unreachable(error_of(code, "asking for the offsets of " + name_of(partition)), connection_, events_);
}

Result<void> KafkaFollower::start(const std::vector<ConsumedOffset>& from) {
  const rd_kafka_resp_err_t code = rd_kafka_assign(client_.get(), list_of(from).get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return error_of(code, "following topics");
  return {};
}

Result<KafkaFollower::Batch> KafkaFollower::poll(Millis wait, std::size_t max_records) {
  borrowed_.clear();
  Batch batch;
  std::map<TopicPartition, Offset> next;
  const auto moved_to = [&](const rd_kafka_message_t& message, std::int64_t offset) {
    next.insert_or_assign({rd_kafka_topic_name(message.rkt), Partition(message.partition)}, Offset(offset));
  };
  auto wait_ms = static_cast<int>(wait.count());
  std::size_t bytes = 0;
  while (batch.records.size() < max_records && bytes < kLargestPoll) {
    MessagePtr message(rd_kafka_consumer_poll(client_.get(), wait_ms));
    wait_ms = 0;
    if (!message) break;
    bytes += message->len + message->key_len;
    switch (message->err) {
      case RD_KAFKA_RESP_ERR_NO_ERROR:
        batch.records.push_back(view_of(*message));
        borrowed_.push_back(std::move(message));
        break;
      case RD_KAFKA_RESP_ERR__PARTITION_EOF:  // behind the markers of transactions
        moved_to(*message, message->offset);
        break;
      case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        return Error(ErrorKind::kReject, std::string("no longer held: ") + rd_kafka_message_errstr(message.get()));
      default:
        if (kind_of(message->err) != ErrorKind::kRetry) return error_of(message->err, "following topics");
        events_.log(4, "follower: " + std::string(rd_kafka_message_errstr(message.get())));
    }
  }
  if (const auto fatal = events_.fatal()) return *fatal;
  // From the last record of each partition, looked at backwards: one look-up a run of records would do, this is one a
  // partition and batch.
  for (std::size_t i = batch.records.size(); i-- > 0;) {
    const Record& record = batch.records[i];
    if (i + 1 < batch.records.size() && batch.records[i + 1].topic.data() == record.topic.data() &&
        batch.records[i + 1].partition == record.partition) {
      continue;
    }
    const auto [place, is_new] = next.try_emplace({std::string(record.topic), record.partition}, record.offset.next());
    if (!is_new && place->second < record.offset.next()) place->second = record.offset.next();
  }
  for (auto& [partition, offset] : next) batch.next.push_back({partition, offset});
  return batch;
}

}  // namespace touchstone
