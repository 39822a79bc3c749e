// One client of a SimBroker: the Log of `replay` and of the simulation tests. It behaves as KafkaLog does,
// except that it never waits: poll() brings what is there.
//
// Destroying it without close() is a crash: what was staged is gone, and its group still counts it as a
// member until a client with the same transactional id takes its place or SimBroker::expire_member is called.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/flow/ports.h"
#include "ingest/sim_broker.h"

namespace touchstone {

struct SimLogOptions {
  std::string group;             ///< empty: belongs to no group and gets no partitions
  std::string transactional_id;  ///< also its name in the group; empty: nobody can fence it
  std::vector<std::string> topics;
};

class SimLog : public Log {
 public:
  /// Fences an older client of the same transactional id, as Kafka's init_transactions does. The broker must
  /// outlive the log. The group is joined at the first poll.
  SimLog(SimBroker& broker, SimLogOptions options);

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
  void leave() override { close(); }

 private:
  struct Position {
    std::int64_t next = 0;
    std::int64_t reported_end = -1;  ///< the end for which at_end has been told
  };

  struct Staged {
    SimRecord record;  ///< its partition is chosen already
    bool addressed{};  ///< the caller chose it: the receipt will name it
  };

  // All of these expect the broker's mutex to be held.
  Result<void> enter(SimCall call);
  Result<void> fail(const SimFault& fault);
  void follow_group(Polled& polled);
  Result<void> fetch(std::size_t max_records, Polled& polled);
  Receipt write_staged();
  void skip_aborted();

  SimBroker& broker_;
  const SimLogOptions options_;
  std::uint64_t client_ = 0;
  std::string member_;
  std::uint64_t generation_ = 0;  ///< the group's, as this member knows it
  std::vector<TopicPartition> assigned_;
  std::map<TopicPartition, Position> positions_;  ///< of the started partitions
  std::vector<SimBroker::StoredPtr> borrowed_;    ///< what the last poll lent out
  std::vector<Staged> staged_;
  bool lost_transaction_ = false;  ///< kAbort was returned and abort() not yet called
  std::optional<Error> dead_;      ///< kFatal was returned
};

}  // namespace touchstone
