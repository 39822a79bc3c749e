// Asks a broker for topics and groups, and creates topics that are missing: the hands of `touchstone topics`, and the
// eyes of whoever keeps standby copies.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/flow/ports.h"
#include "ingest/kafka_client.h"
#include "ingest/topics.h"

namespace touchstone {

/// One thread at a time. Every call is bounded by the connection's patience.
class KafkaAdmin {
 public:
  static Result<std::unique_ptr<KafkaAdmin>> open(KafkaConnection connection);

  /// Those of the topics that exist, with the settings that the rights allow to see.
  Result<std::vector<ExistingTopic>> describe(const std::vector<std::string>& names);

  /// The members that a group has now, by the names under which its partitions are given out (range_assignment.h). One
  /// that nobody knows has none.
  Result<std::vector<std::string>> members(const std::string& group);

  /// Creates the topics; one that exists by now is no error. kReject names the first that cannot be created.
  Result<void> create(const std::vector<TopicSpec>& topics);

 private:
  explicit KafkaAdmin(KafkaConnection connection);
  Result<EventPtr> wait_for(rd_kafka_queue_t& queue, std::string_view what);
  Result<void> add_settings(std::vector<ExistingTopic>& topics);

  const KafkaConnection connection_;
  KafkaEvents events_;
  ClientPtr client_;
};

}  // namespace touchstone
