// A log broker in memory: topics, transactions, groups and fencing as Kafka has them, without time and
// without threads of its own. It carries `replay` and every simulation test; SimLog is its client.
//
// All methods may be called from any thread. What a transaction wrote is appended at its commit, so a
// partition never holds an open record; the records of one commit are neighbours in the global append order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/flow/ports.h"

namespace touchstone {

/// A record put into a topic from outside, not in a transaction.
struct SimRecord {
  std::string topic;
  std::optional<Partition> partition;  ///< absent: by the key (murmur2); without a key partition 0
  std::optional<Offset> offset;        ///< absent: the next one; a higher one leaves a gap
  std::optional<std::int64_t> timestamp_ms;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// Whether the end of a transaction takes up an offset in each partition it wrote to, as in Kafka.
enum class SimMarkers { kOccupyOffsets, kNone };

struct SimBrokerOptions {
  SimMarkers markers = SimMarkers::kOccupyOffsets;
};

/// The calls of Log that a test can make fail.
enum class SimCall { kPoll, kCommitted, kRange, kRead, kProduce, kCommit, kAbort };

/// One failure to come. kFatal with kDone at a commit is an outcome that the caller cannot know.
struct SimFault {
  SimCall call = SimCall::kCommit;
  ErrorKind kind = ErrorKind::kAbort;
  enum class Effect { kNothing, kDone } effect = Effect::kNothing;  ///< what the failing call did all the same
  int skip = 0;                                                     ///< calls that still succeed before it
  std::string transactional_id = {};                                ///< whose calls; empty: anybody's
};

class SimBroker {
 public:
  explicit SimBroker(SimBrokerOptions options = {}) : options_(options) {}

  /// Does nothing where the topic exists. partitions > 0.
  void create_topic(const std::string& name, std::int32_t partitions);

  /// Appends a committed record. kReject: no such topic or partition, or an offset already passed.
  Result<Offset> append(SimRecord record);

  /// The timestamp that records written in transactions get from here on; none before the first call.
  void set_now(std::optional<std::int64_t> timestamp_ms);

  /// The offset a group has committed for a partition.
  [[nodiscard]] std::optional<Offset> committed(const std::string& group, const TopicPartition& partition) const;

  /// Drops a partition's records below `before`, as retention does.
  void trim(const TopicPartition& partition, Offset before);

  /// Shows the records of all partitions that came since the last drain, in append order, and frees them. The
  /// topic must have no other reader.
  void drain(const std::string& topic, const std::function<void(const Record&)>& visit);

  /// Makes one later call fail. Faults of the same call are used up in the order of injection.
  void inject(SimFault fault);

  /// A member's session ends without its knowledge; its partitions go to the others. It rejoins when it
  /// polls.
  void expire_member(const std::string& group, const std::string& transactional_id);
  /// The same, but between its last poll and its next commit, which is then refused.
  void expire_member_at_commit(const std::string& transactional_id);

 private:
  friend class SimLog;

  struct Stored {
    std::uint64_t sequence;  ///< the global append order
    std::string_view topic;
    Partition partition;
    Offset offset;
    std::optional<std::int64_t> timestamp_ms;
    std::optional<std::string> key;
    std::optional<std::string> value;
    std::vector<std::pair<std::string, std::string>> headers;
  };
  using StoredPtr = std::shared_ptr<const Stored>;  // shared: a reader's borrowed record survives a trim

  struct PartitionLog {
    std::deque<StoredPtr> records;
    std::int64_t begin = 0;
    std::int64_t end = 0;

    /// Index of the first record at or after this offset.
    [[nodiscard]] std::size_t index_of(std::int64_t offset) const;
  };
  using Topic = std::vector<PartitionLog>;

  struct Member {
    std::uint64_t client = 0;
    std::vector<std::string> topics;
    std::vector<TopicPartition> assigned;
  };
  struct Group {
    std::uint64_t generation = 0;
    std::map<std::string, Member> members;
    std::map<TopicPartition, Offset> committed;
  };

  static Record view_of(const Stored& stored);

  // All of these expect mutex_ to be held.
  PartitionLog* find(std::string_view topic, Partition partition);
  Result<Partition> route(const std::string& topic, std::optional<Partition> partition,
                          const std::optional<std::string>& key);
  Offset put(SimRecord record, Partition partition);
  void rebalance(Group& group);
  std::optional<SimFault> take_fault(SimCall call, const std::string& transactional_id);

  const SimBrokerOptions options_;
  mutable std::mutex mutex_;
  std::map<std::string, Topic, std::less<>> topics_;
  std::map<std::string, Group> groups_;
  std::map<std::string, std::uint64_t> owners_;  ///< the newest client of each transactional id
  std::vector<SimFault> faults_;
  std::set<std::string> expiring_;  ///< members whose session ends at their next commit
  std::optional<std::int64_t> now_ms_;
  std::uint64_t next_sequence_ = 0;
  std::uint64_t next_client_ = 1;
};

}  // namespace touchstone
