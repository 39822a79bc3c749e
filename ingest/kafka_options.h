// Every property of librdkafka that this program relies on, set explicitly in one place, and the check of
// those that the user passes through `kafka.properties`.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/flow/ports.h"
#include "ingest/kafka_handles.h"

namespace touchstone {

/// Names and values as librdkafka spells them. May hold secrets: never logged, never part of an error.
using KafkaProperties = std::map<std::string, std::string>;

/// How long a transaction may stay open; a broker ends it then. Also bounds how long a reader waits for one.
inline constexpr Millis kTransactionTimeout{30'000};

/// How long those of an engine with these properties may: as long as the session of a member, if that is shorter, so
/// that what a dead engine has left open holds nobody back for longer than its partitions do.
Millis transaction_timeout_of(const KafkaProperties& user);

/// What a client is for.
enum class KafkaRole {
  kInput,    ///< the consumer in the group
  kOutput,   ///< the transactional producer
  kRestore,  ///< the consumer that reads changelogs, outside the group's assignment
  kFollow,   ///< the consumer that follows derived topics, outside any group's assignment
  kAdmin,    ///< describes and creates topics
};

/// Who a client is. Set by the engine alone; the user's properties cannot change it.
struct KafkaIdentity {
  std::string group;
  std::string transactional_id;
  std::string instance;  ///< group.instance.id; empty: a dynamic member
  Millis transaction_timeout = kTransactionTimeout;
};

/// What waits between a client and us, in bytes of keys and values; the user's properties go before it. A consumer that
/// has more is not stopped at once: what is on its way comes in, at most one fetch of each broker.
struct KafkaQueues {
  std::size_t input = std::size_t{64} << 20;    ///< read ahead by the consumer of each worker
  std::size_t restore = std::size_t{64} << 20;  ///< likewise, while it restores
  std::size_t follow = std::size_t{8} << 20;    ///< by the consumer that follows derived topics
  std::size_t output = std::size_t{128} << 20;  ///< not yet taken by the brokers, of the producer of each worker
};

/// One poll brings no more records once it has so many bytes of them.
inline constexpr std::size_t kLargestPoll = std::size_t{4} << 20;

/// The largest record that can be produced: a dead letter holds an input record whole, and brokers can be set
/// up to take more than our own limit of 1 MiB.
inline constexpr std::size_t kLargestKafkaRecord = std::size_t{16} << 20;

/// Everything that is wrong with the user's properties, one sentence each, without their values: a name that
/// librdkafka does not know, a value that it does not take, a property that the engine's guarantee rests on,
/// no bootstrap.servers, certificates or passwords without effect, SCRAM with a librdkafka that cannot do it.
std::vector<std::string> problems_of(const KafkaProperties& user, int librdkafka_version = rd_kafka_version());

/// What makes the connection weaker than the user may think, one sentence each, without values. Nothing of it
/// keeps the engine from running.
std::vector<std::string> weaknesses_of(const KafkaProperties& user);

/// What a client is configured with, in the order in which it is set: ours, and then the user's, so that
/// these win under whichever of two names a property has.
std::vector<std::pair<std::string, std::string>> properties_of(KafkaRole role, const KafkaIdentity& identity,
                                                               const KafkaProperties& user,
                                                               const KafkaQueues& queues = {});

/// The same as a librdkafka configuration. kFatal: the first of problems_of.
Result<ConfPtr> make_conf(KafkaRole role, const KafkaIdentity& identity, const KafkaProperties& user,
                          const KafkaQueues& queues = {});

}  // namespace touchstone
