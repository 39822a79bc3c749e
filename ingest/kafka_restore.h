// Reads a partition from an offset to its end, outside the group: how state comes back from a changelog.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "engine/flow/ports.h"
#include "ingest/kafka_client.h"

namespace touchstone {

/// One thread owns it. The client is made at the first call and kept for the next ones; a call that fails drops it.
class KafkaRestore : public ChangelogReader {
 public:
  KafkaRestore(KafkaConnection connection, KafkaIdentity identity);

  Result<Range> range(const TopicPartition& partition) override;

  /// What ChangelogReader promises. Waits for a transaction that is open on the partition (its records come after
  /// those that are stable, and later committed ones are hidden behind it), at most as long as one can stay
  /// open.
  Result<Offset> read(const TopicPartition& partition, Offset from,
                      const std::function<void(const Record&)>& visit) override;

 private:
  struct Progress;

  Result<void> connect();
  Error dropped(const Error& error);
  Result<bool> take(const rd_kafka_message_t& message, Progress& progress);

  const KafkaConnection connection_;
  const KafkaIdentity identity_;
  KafkaEvents events_;
  ClientPtr client_;
};

}  // namespace touchstone
