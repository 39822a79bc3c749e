// The consumer in the group: which partitions are ours, and their records from the offsets that the engine
// names.
//
// How partitions are started. The rebalance callback only notes what was given and taken, and tells
// librdkafka of an empty assignment. start() only notes an offset. The next poll then assigns all started
// partitions anew, each at the offset that is next for it. So there is no pause, no resume and no seek, whose
// races lose or repeat records in several versions of librdkafka; a stale record in its queue carries an
// older version and is dropped by it, and what it might let through is dropped here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/flow/ports.h"
#include "ingest/kafka_client.h"

namespace touchstone {

/// One worker's thread owns it. The methods mean what those of Log mean.
class KafkaInput {
 public:
  /// Asks the broker for each topic; kReject names one that does not exist. Joins nothing yet.
  static Result<std::unique_ptr<KafkaInput>> open(KafkaConnection connection, const KafkaIdentity& identity,
                                                  std::vector<std::string> topics);
  ~KafkaInput();
  KafkaInput(const KafkaInput&) = delete;
  KafkaInput& operator=(const KafkaInput&) = delete;

  /// Joins the group. Without topics it stays outside, and can still ask for offsets.
  Result<void> join();

  Result<Polled> poll(Millis timeout, std::size_t max_records);
  Result<void> start(const TopicPartition& partition, Offset from);
  void hold();
  Result<std::optional<Offset>> committed(const TopicPartition& partition);
  Result<Log::Range> range(const TopicPartition& partition);
  Result<std::int32_t> partition_count(const std::string& topic);
  std::int64_t lag(const TopicPartition& partition);

  /// What a transaction's offsets are checked against: the membership under which the partitions were given
  /// out. Not the one of this moment: librdkafka empties that when it is thrown out of the group, and a
  /// broker takes the offsets of an empty one without a check. Null: no partitions were given out yet.
  /// Borrowed until the next poll.
  [[nodiscard]] const rd_kafka_consumer_group_metadata_t* membership() const { return membership_.get(); }

  /// Whether the group holds the partitions of a static member (KafkaIdentity::instance) for session.timeout.ms, so
  /// that a restart in between disturbs nobody. Others always give theirs up.
  enum class Place : std::uint8_t { kKept, kGivenUp };
  /// Ends, waiting for a bounded time only.
  void close(Place place);

 private:
  struct Position {
    std::int64_t next = 0;        ///< the offset before which everything has been delivered or is not wanted
    std::int64_t delivered = -1;  ///< the highest record delivered since the partition is ours
    bool rewound = false;         ///< a record up to `delivered` must come before one after it
    bool held = false;            ///< nothing of it is wanted before it is started again
  };
  using Key = std::pair<std::string, std::int32_t>;
  using KeyView = std::pair<std::string_view, std::int32_t>;
  struct KeyLess {
    using is_transparent = void;
    bool operator()(const auto& a, const auto& b) const {
      if (a.second != b.second) return a.second < b.second;
      return std::string_view(a.first) < std::string_view(b.first);
    }
  };

  KafkaInput(KafkaConnection connection, std::vector<std::string> topics);
  static void on_rebalance(rd_kafka_t* client, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* list,
                           void* opaque);
  void note_assigned(const rd_kafka_topic_partition_list_t& list);
  void note_lost();

  Result<void> check_topics();
  [[nodiscard]] Error not_answered(rd_kafka_resp_err_t code, const std::string& question,
                                   const std::string& topic) const;
  Result<void> assign_started();
  Result<void> let_go();
  Result<void> assign(const std::vector<ConsumedOffset>& offsets);
  Result<void> find_acceptance();
  Position* position_of(const rd_kafka_message_t& message);
  Result<void> take(MessagePtr message, Polled& polled);
  Result<void> take_error(const rd_kafka_message_t& message, Polled& polled);
  bool is_wanted(Position& position, std::int64_t offset) const;

  const KafkaConnection connection_;
  const std::vector<std::string> topics_;
  KafkaEvents events_;
  ClientPtr client_;
  std::vector<TopicPartition> assigned_;  ///< by the group
  std::vector<TopicPartition> told_;      ///< what the caller knows to be its own
  GroupMetadataPtr membership_;
  bool rebalanced_ = false;                     ///< assigned_ was replaced since the caller was told
  std::map<Key, Position, KeyLess> positions_;  ///< of the started partitions
  bool static_ = false;                         ///< a member with a name of its own
  bool starts_pending_ = false;                 ///< positions_ say something that librdkafka does not know
  bool let_go_ = false;                         ///< librdkafka reads nothing, whatever positions_ say
  std::vector<MessagePtr> borrowed_;            ///< what the last poll lent out
  std::pair<const rd_kafka_topic_t*, std::int32_t> last_key_{nullptr, -1};
  Position* last_position_ = nullptr;  ///< records come in runs of one partition
};

}  // namespace touchstone
