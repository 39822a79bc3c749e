#include "ingest/mock_cluster.h"

#include <utility>

#include <librdkafka/rdkafka_mock.h>

#include "ingest/kafka_errors.h"

namespace touchstone {

MockCluster::MockCluster() : events_({}, this) {}

Result<std::unique_ptr<MockCluster>> MockCluster::start() {
  std::unique_ptr<MockCluster> mock(new MockCluster);
  // A cluster lives in the threads of a client, which itself connects to nothing.
  auto owner = make_client(RD_KAFKA_PRODUCER, ConfPtr(rd_kafka_conf_new()), mock->events_);
  if (!owner) return owner.error();
  mock->owner_ = std::move(*owner);
  mock->cluster_ = rd_kafka_mock_cluster_new(mock->owner_.get(), 1);
  if (mock->cluster_ == nullptr) return Error(ErrorKind::kFatal, "cannot start librdkafka's mock broker");
  return mock;
}

MockCluster::~MockCluster() {
  if (cluster_ != nullptr) rd_kafka_mock_cluster_destroy(cluster_);
}

std::string MockCluster::bootstrap_servers() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }

Result<void> MockCluster::create_topic(const std::string& name, std::int32_t partitions) {
  const rd_kafka_resp_err_t code = rd_kafka_mock_topic_create(cluster_, name.c_str(), partitions, 1);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return error_of(code, "creating topic " + name);
  return {};
}

}  // namespace touchstone
