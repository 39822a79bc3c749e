// Reads every partition of some topics from given offsets, as committed, for ever: a consumer that belongs to no
// group's assignment, so that each instance may read everything.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/flow/ports.h"
#include "ingest/kafka_client.h"

namespace touchstone {

/// One thread owns it.
class KafkaFollower {
 public:
  /// Asks the broker which partitions there are. kReject names a topic that does not exist. `group` is only a name
  /// here: no offsets are committed under it.
  static Result<std::unique_ptr<KafkaFollower>> open(KafkaConnection connection, const std::string& group,
                                                     const std::vector<std::string>& topics);
  KafkaFollower(const KafkaFollower&) = delete;
  KafkaFollower& operator=(const KafkaFollower&) = delete;
  ~KafkaFollower() = default;

  [[nodiscard]] const std::vector<TopicPartition>& partitions() const { return partitions_; }
  /// What the broker holds of a partition now.
  Result<Log::Range> range(const TopicPartition& partition);
  /// Where reading begins; all partitions in one call.
  Result<void> start(const std::vector<ConsumedOffset>& from);

  /// What came, in order within each partition, and what is to be read next of each partition that moved. Borrowed
  /// until the next poll.
  struct Batch {
    std::vector<Record> records;
    std::vector<ConsumedOffset> next;
  };
  /// kReject: an offset is not held (any more). Everything else can be tried again, kFatal with a new follower.
  Result<Batch> poll(Millis wait, std::size_t max_records);

 private:
  explicit KafkaFollower(KafkaConnection connection);
  Result<void> find_partitions(const std::string& topic);

  const KafkaConnection connection_;
  KafkaEvents events_;
  ClientPtr client_;
  std::vector<TopicPartition> partitions_;
  std::vector<MessagePtr> borrowed_;
};

}  // namespace touchstone
