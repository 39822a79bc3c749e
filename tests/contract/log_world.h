// Where the contract test of Log runs: in memory, or against the real broker that TOUCHSTONE_KAFKA names.
#pragma once

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <unistd.h>

#include "ingest/kafka_admin.h"
#include "ingest/kafka_log.h"
#include "ingest/sim_log.h"

namespace touchstone {

/// What a contract test needs besides the Log itself.
class LogWorld {
 public:
  LogWorld() = default;
  LogWorld(const LogWorld&) = delete;
  LogWorld& operator=(const LogWorld&) = delete;
  virtual ~LogWorld() = default;

  virtual void create_topic(const std::string& name, std::int32_t partitions) = 0;
  /// A dynamic member of the group (none without topics), with this transactional id.
  virtual std::unique_ptr<Log> open(const std::string& group, const std::string& transactional_id,
                                    std::vector<std::string> topics) = 0;
  /// Ends a member's session without its knowledge, now or within the patience if it does not poll.
  virtual void throw_out(const std::string& group, const std::string& transactional_id) = 0;
  /// How long to poll for something that has to come.
  [[nodiscard]] virtual Millis patience() const = 0;
};

class SimWorld : public LogWorld {
 public:
  void create_topic(const std::string& name, std::int32_t partitions) override {
    broker_.create_topic(name, partitions);
  }
  std::unique_ptr<Log> open(const std::string& group, const std::string& transactional_id,
                            std::vector<std::string> topics) override {
    broker_.set_now(1'700'000'000'000);
    return std::make_unique<SimLog>(
        broker_, SimLogOptions{.group = group, .transactional_id = transactional_id, .topics = std::move(topics)});
  }
  void throw_out(const std::string& group, const std::string& transactional_id) override {
    broker_.expire_member(group, transactional_id);
  }
  [[nodiscard]] Millis patience() const override { return Millis{100}; }

 private:
  SimBroker broker_;
};

/// The bootstrap servers to test against; empty: none.
inline std::string kafka_to_test() {
  const char* servers = std::getenv("TOUCHSTONE_KAFKA");
  return servers == nullptr ? "" : servers;
}

class KafkaWorld : public LogWorld {
 public:
  explicit KafkaWorld(const std::string& servers) {
    connection_.properties = {
        {"bootstrap.servers", servers}, {"session.timeout.ms", "6000"}, {"max.poll.interval.ms", "6000"}};
    connection_.logger = [](int severity, std::string_view line) {
      if (severity <= 4) std::cerr << line << '\n';
    };
  }
  void create_topic(const std::string& name, std::int32_t partitions) override {
    const auto admin = KafkaAdmin::open(connection_);
    const auto created = (*admin)->create({TopicSpec{.role = TopicRole::kEvents,
                                                     .name = name,
                                                     .partitions = partitions,
                                                     .replication = -1,
                                                     .cleanup = Cleanup::kDelete,
                                                     .settings = {}}});
    if (!created) throw std::runtime_error(created.error().message());
  }
  std::unique_ptr<Log> open(const std::string& group, const std::string& transactional_id,
                            std::vector<std::string> topics) override {
    auto log = KafkaLog::open({.connection = connection_,
                               .group = group,
                               .transactional_id = transactional_id,
                               .instance = {},
                               .topics = std::move(topics)});
    if (!log) throw std::runtime_error(log.error().message());
    return std::move(*log);
  }
  void throw_out(const std::string&, const std::string&) override {}  // max.poll.interval.ms does it
  [[nodiscard]] Millis patience() const override { return Millis{60'000}; }

 private:
  KafkaConnection connection_;
};

}  // namespace touchstone
