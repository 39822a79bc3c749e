// librdkafka's broker inside this process, for the demo: topics, produce, fetch and groups over loopback.
//
// It is no transactional broker: aborted and open records can be read, offsets committed in transactions are
// thrown away (so a restart begins anew), and an older producer is not fenced. It keeps 5 MiB a partition.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/model/result.h"
#include "ingest/kafka_client.h"

// Declared in librdkafka/rdkafka_mock.h, which only the source needs.
using rd_kafka_mock_cluster_t = struct rd_kafka_mock_cluster_s;

namespace touchstone {

class MockCluster {
 public:
  /// Starts one broker on a free port of the loopback.
  static Result<std::unique_ptr<MockCluster>> start();
  ~MockCluster();
  MockCluster(const MockCluster&) = delete;
  MockCluster& operator=(const MockCluster&) = delete;

  /// What clients take as bootstrap.servers.
  [[nodiscard]] std::string bootstrap_servers() const;

  Result<void> create_topic(const std::string& name, std::int32_t partitions);

  /// For tests that inject errors.
  [[nodiscard]] rd_kafka_mock_cluster_t* handle() const { return cluster_; }

 private:
  MockCluster();

  KafkaEvents events_;
  ClientPtr owner_;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
};

}  // namespace touchstone
