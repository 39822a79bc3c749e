// The Log over a real Kafka: one consumer in the group, one transactional producer, one reader for restores.
//
// Guarantee: what a commit wrote and the offsets it consumed become visible together or not at all, and a
// member that no longer owns its partitions cannot commit. The limit is that of Kafka's protocol before its
// second version of transactions (KIP-890): an answer to the end of a transaction that is lost on the way is
// asked for again, and a late copy of the question could end the next one. After such a loss a new epoch is
// taken.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/flow/ports.h"
#include "ingest/kafka_client.h"
#include "ingest/kafka_input.h"
#include "ingest/kafka_output.h"
#include "ingest/kafka_restore.h"

namespace touchstone {

struct KafkaLogOptions {
  KafkaConnection connection;
  std::string group;
  std::string transactional_id;     ///< one for each worker, the same after a restart
  std::string instance;             ///< for static membership, as unique as the transactional id; may be empty
  std::vector<std::string> topics;  ///< empty: only writes, reads changelogs and asks
};

class KafkaLog : public Log {
 public:
  /// Fences an older log of the same transactional id and joins the group. kReject: a topic does not exist;
  /// kRetry: Kafka was not reached within the patience; kFatal: the properties or the rights are wrong.
  static Result<std::unique_ptr<KafkaLog>> open(KafkaLogOptions options);

  Result<Polled> poll(Millis timeout, std::size_t max_records) override;
  Result<void> start(const TopicPartition& partition, Offset from) override;
  void hold() override;
  Result<std::optional<Offset>> committed(const TopicPartition& partition) override;
  Result<Range> range(const TopicPartition& partition) override;
  Result<Offset> read(const TopicPartition& partition, Offset from,
                      const std::function<void(const Record&)>& visit) override;
  Result<std::int32_t> partition_count(const std::string& topic) override;
  Result<void> produce(OutRecord record) override;
  Result<Receipt> commit(std::span<const ConsumedOffset> consumed) override;
  Result<void> abort() override;
  std::int64_t lag(const TopicPartition& partition) override;
  void close() override;
  void leave() override;

  /// How often a new producer epoch was taken, because a connection was lost or a record refused.
  [[nodiscard]] std::uint64_t epoch_renewals() const { return output_ ? output_->renewals() : 0; }

 private:
  void end(KafkaInput::Place place);

  KafkaLog(std::unique_ptr<KafkaInput> input, std::unique_ptr<KafkaOutput> output,
           std::unique_ptr<KafkaRestore> restore, std::shared_ptr<std::atomic<bool>> muted);

  std::unique_ptr<KafkaInput> input_;
  std::unique_ptr<KafkaOutput> output_;
  std::unique_ptr<KafkaRestore> restore_;
  std::shared_ptr<std::atomic<bool>> muted_;  ///< the clients' lines go nowhere
  std::function<bool()> hurried_;
};

}  // namespace touchstone
