// What all of our librdkafka clients have in common: how they are made, where their log lines and errors go.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/flow/ports.h"
#include "ingest/kafka_handles.h"
#include "ingest/kafka_options.h"

namespace touchstone {

/// Where librdkafka's lines go. Severity as in syslog: 3 error, 4 warning, 6 information, 7 debug. Called
/// from librdkafka's own threads as well, several at once.
using KafkaLogger = std::function<void(int severity, std::string_view line)>;

/// How a client reaches Kafka, and how long it tries before it gives up.
struct KafkaConnection {
  KafkaProperties properties;  ///< the user's; bootstrap.servers among them
  Millis patience{30'000};     ///< bound of each call that asks a broker
  KafkaLogger logger;          ///< may be empty
  Millis transaction_timeout = kTransactionTimeout;
  KafkaQueues queues{};
  /// Asked between two attempts of whatever is repeated; true: all patience is at its end. May be empty.
  std::function<bool()> hurried = {};
};

/// What librdkafka's callbacks note about one client, for its owner to look at. The owner keeps it where it
/// is for the client's life: the client has its address.
class KafkaEvents {
 public:
  /// `owner` is handed to the callbacks that the owner registers itself.
  KafkaEvents(KafkaLogger logger, void* owner) : owner_(owner), logger_(std::move(logger)) {}
  KafkaEvents(const KafkaEvents&) = delete;
  KafkaEvents& operator=(const KafkaEvents&) = delete;
  ~KafkaEvents() = default;

  static KafkaEvents& of(const rd_kafka_t* client) { return *static_cast<KafkaEvents*>(rd_kafka_opaque(client)); }

  void* owner() const { return owner_; }
  void log(int severity, std::string_view line) const;
  void note_error(rd_kafka_resp_err_t code, std::string_view reason);
  /// A connection failed, as librdkafka's log has it: also while nobody polls the client.
  void note_failure(std::string_view line);

  /// The latest trouble with a connection, for a message to a person; empty: none.
  [[nodiscard]] std::string last_error() const;
  /// A broker and this client did not accept each other, when a connection failed last. Only a change of
  /// certificates or passwords helps; the client itself goes on trying.
  [[nodiscard]] bool denied() const { return denied_.load(); }
  /// Another broker was found to be of use.
  void forget_denial() { denied_ = false; }
  /// Established connections that were lost, unless they were idle. Of equal losses within 30 s librdkafka tells
  /// only the first of each client.
  [[nodiscard]] std::uint64_t disconnects() const { return disconnects_.load(); }
  /// Set once the client has ended for good.
  [[nodiscard]] std::optional<Error> fatal() const;

 private:
  void* owner_;
  KafkaLogger logger_;
  std::atomic<std::uint64_t> disconnects_{0};
  std::atomic<bool> denied_{false};
  mutable std::mutex mutex_;
  std::string last_error_;
  std::optional<Error> fatal_;
};

/// A moment after which a call gives up, or earlier when its client is hurried. Borrows the connection.
class Deadline {
 public:
  explicit Deadline(Millis patience) : at_(std::chrono::steady_clock::now() + patience) {}
  Deadline(Millis patience, const KafkaConnection& connection) : Deadline(patience) { connection_ = &connection; }
  [[nodiscard]] bool passed() const {
    return std::chrono::steady_clock::now() >= at_ ||
           (connection_ != nullptr && connection_->hurried && connection_->hurried());
  }
  /// What is left, at most `longest`, as librdkafka takes it; never negative.
  [[nodiscard]] int left_ms(Millis longest) const;

 private:
  std::chrono::steady_clock::time_point at_;
  const KafkaConnection* connection_ = nullptr;
};

/// A broker that has just come back may not know its topics yet, so only one that goes on saying so is believed.
[[nodiscard]] inline Millis missing_patience(const KafkaConnection& connection) { return connection.patience / 3; }

/// Makes a client. `conf` comes from make_conf, with the owner's own callbacks already set.
Result<ClientPtr> make_client(rd_kafka_type_t type, ConfPtr conf, KafkaEvents& events);

/// A list of one partition, or of several, with offsets.
PartitionListPtr list_of(const TopicPartition& partition, std::int64_t offset);
PartitionListPtr list_of(const std::vector<ConsumedOffset>& offsets);

/// `error`, with what is known about the connection, for failures that mean "not reached".
Error unreachable(const Error& error, const KafkaConnection& connection, const KafkaEvents& events);

/// "topic partition", for messages.
std::string name_of(const TopicPartition& partition);

}  // namespace touchstone
