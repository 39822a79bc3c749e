#include "ingest/kafka_options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>

namespace touchstone {
namespace {

struct Refused {
  std::string_view name;
  std::string_view why;
};

constexpr std::string_view kOffsets = "offsets are committed in the engine's transactions only";
constexpr std::string_view kIdentity = "the engine derives it from `group` and the instance";
constexpr std::string_view kExactlyOnce = "exactly-once output rests on it";
constexpr std::string_view kOfJava = "it belongs to Java's client; instead there are ";

constexpr std::array kRefused = {
    Refused{"enable.auto.commit", kOffsets},
    Refused{"auto.commit.enable", kOffsets},
    Refused{"auto.commit.interval.ms", kOffsets},
    Refused{"enable.auto.offset.store", kOffsets},
    Refused{"auto.offset.reset", "the engine names every offset itself, and must learn when one is gone"},
    Refused{"isolation.level", "aborted records must not be read"},
    Refused{"transactional.id", kIdentity},
    Refused{"group.id", kIdentity},
    Refused{"group.instance.id", kIdentity},
    Refused{"group.protocol", "the rebalance protocol is part of the engine"},
    Refused{"partition.assignment.strategy", "the rebalance protocol is part of the engine"},
    Refused{"enable.partition.eof", "windows need to know the end of a partition"},
    Refused{"enable.idempotence", kExactlyOnce},
    Refused{"enable.gapless.guarantee", kExactlyOnce},
    Refused{"acks", kExactlyOnce},
    Refused{"request.required.acks", kExactlyOnce},
    Refused{"retries", kExactlyOnce},
    Refused{"message.send.max.retries", kExactlyOnce},
    Refused{"max.in.flight", kExactlyOnce},
    Refused{"max.in.flight.requests.per.connection", kExactlyOnce},
    Refused{"transaction.timeout.ms", "restores wait for it"},
    Refused{"message.timeout.ms", "it must fit into the time-out of transactions"},
    Refused{"delivery.timeout.ms", "it must fit into the time-out of transactions"},
    Refused{"message.max.bytes", "dead letters must fit whole"},
    Refused{"delivery.report.only.error", "the engine needs the offsets of what it wrote"},
    Refused{"partitioner", "a key's partition must be the same for every producer of a topic"},
    Refused{"allow.auto.create.topics", "`touchstone topics --apply` creates them with the right settings"},
    Refused{"test.mock.num.brokers", "it would give each client a cluster of its own"},
};

const Refused* find_refused(std::string_view name) {
  for (const Refused& refused : kRefused) {
    if (refused.name == name) return &refused;
  }
  return nullptr;
}

// SCRAM's messages of earlier versions are refused by Kafka 4.
constexpr int kFirstWithScram = 0x020601ff;

KafkaProperties common_properties() {
  return {
      {"client.id", "touchstone"},
      // Nagle's algorithm is on by default before 2.10 and delays each commit by the peer's delayed ack.
      {"socket.nagle.disable", "true"},
      {"socket.keepalive.enable", "true"},
      {"socket.timeout.ms", "30000"},
      {"socket.connection.setup.timeout.ms", "10000"},
      {"reconnect.backoff.ms", "50"},
      {"reconnect.backoff.max.ms", "2000"},
      {"topic.metadata.refresh.interval.ms", "60000"},
      // Lag comes from the watermarks that each fetch brings along; no thread has to render statistics.
      {"statistics.interval.ms", "0"},
      {"log.thread.name", "false"},
      // Once security.protocol asks for TLS: the broker must prove that it is the one in bootstrap.servers.
      {"enable.ssl.certificate.verification", "true"},
      {"ssl.endpoint.identification.algorithm", "https"},
  };
}

// What librdkafka holds beside the bytes of a record is several hundred bytes, which it does not count.
constexpr std::size_t kBytesOfSmallestRecord = 256;

std::string kilobytes(std::size_t bytes) { return std::to_string(std::max<std::size_t>(1, bytes / 1024)); }

KafkaProperties consumer_properties(const KafkaIdentity& identity, std::size_t queue) {
  KafkaProperties all = common_properties();
  all.merge(KafkaProperties{
      {"group.id", identity.group},
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      // Also makes librdkafka ask for stable offsets only: none with a transaction still open on it.
      {"isolation.level", "read_committed"},
      // Never a silent jump: each partition is started at an offset that the engine names, at a first start
      // the beginning of the partition. An offset that is no longer held is then an error and not a gap in
      // the counts.
      {"auto.offset.reset", "error"},
      {"enable.partition.eof", "true"},
      {"allow.auto.create.topics", "false"},
      {"check.crcs", "true"},
      {"fetch.min.bytes", "1"},
      {"fetch.error.backoff.ms", "100"},
      // Small fetches are drained while they are in the cache: 0.42 µs an event against 0.73 with 4 MB.
      {"fetch.message.max.bytes", "262144"},
      {"fetch.max.bytes", "2097152"},
      {"receive.message.max.bytes", "100000000"},
      // Beyond queued.min.messages a partition backs off for a whole second in 2.0, so the cap that counts as a rule is
      // that in kilobytes. The other one is for records so small that what holds them together is most of their cost.
      {"queued.min.messages", std::to_string(queue / kBytesOfSmallestRecord)},
      {"queued.max.messages.kbytes", kilobytes(queue)},
      // An idle connection that a broker closes is no news.
      {"log.connection.close", "false"},
  });
  return all;
}

KafkaProperties input_properties(const KafkaIdentity& identity, const KafkaQueues& queues) {
  KafkaProperties all = consumer_properties(identity, queues.input);
  all.merge(KafkaProperties{
      // cooperative-sticky has known defects (endless loop, lost assignment) before 2.10.
      {"partition.assignment.strategy", "range"},
      {"session.timeout.ms", "45000"},
      {"heartbeat.interval.ms", "3000"},
      // A restore happens between two polls; a member that restores a large state must not be thrown out for
      // it.
      {"max.poll.interval.ms", "900000"},
      // A broker that may answer at once is asked a thousand times a second, for a few records each, and at some
      // thousand records a second works more than we do. The end of a partition, too, is only told after a fetch that
      // brought nothing.
      {"fetch.wait.max.ms", "10"},
      {"fetch.min.bytes", "65536"},
  });
  // A static member that restarts within session.timeout.ms takes its partitions back without a rebalance.
  if (!identity.instance.empty()) all["group.instance.id"] = identity.instance;
  return all;
}

KafkaProperties restore_properties(const KafkaIdentity& identity, const KafkaQueues& queues) {
  KafkaProperties all = consumer_properties(identity, queues.restore);
  all["fetch.wait.max.ms"] = "10";
  // A changelog is one partition read to its end as quickly as it comes.
  all["fetch.message.max.bytes"] = "1048576";
  return all;
}

KafkaProperties follow_properties(const KafkaIdentity& identity, const KafkaQueues& queues) {
  KafkaProperties all = consumer_properties(identity, queues.follow);
  // A broker answers as soon as there is something; what is longer than this only saves empty answers.
  all["fetch.wait.max.ms"] = "500";
  return all;
}

KafkaProperties output_properties(const KafkaIdentity& identity, const KafkaQueues& queues) {
  const std::string timeout = std::to_string(identity.transaction_timeout.count());
  KafkaProperties all = common_properties();
  // librdkafka wants no request to outlive its transaction.
  all["socket.timeout.ms"] = timeout;
  all.merge(KafkaProperties{
      {"transactional.id", identity.transactional_id},
      {"enable.idempotence", "true"},
      {"acks", "all"},
      {"max.in.flight", "5"},
      {"retries", "2147483647"},
      {"retry.backoff.ms", "50"},
      {"transaction.timeout.ms", timeout},
      {"message.timeout.ms", timeout},
      {"message.max.bytes", std::to_string(kLargestKafkaRecord)},
      // Java's: another producer's records of the same key must meet ours in one partition.
      {"partitioner", "murmur2_random"},
      {"compression.codec", "lz4"},
      // A commit flushes at once; in between, batches fill for this long.
      {"linger.ms", "5"},
      {"batch.size", "1000000"},
      {"batch.num.messages", "10000"},
      {"queue.buffering.max.messages", "500000"},
      {"queue.buffering.max.kbytes", kilobytes(queues.output)},
      {"delivery.report.only.error", "false"},
      // A connection lost during a commit must be known: it asks for a new epoch.
      {"log.connection.close", "true"},
  });
  return all;
}

KafkaProperties engine_properties(KafkaRole role, const KafkaIdentity& identity, const KafkaQueues& queues) {
  switch (role) {
    case KafkaRole::kInput:
      return input_properties(identity, queues);
    case KafkaRole::kOutput:
      return output_properties(identity, queues);
    case KafkaRole::kRestore:
      return restore_properties(identity, queues);
    case KafkaRole::kFollow:
      return follow_properties(identity, queues);
    case KafkaRole::kAdmin:
      break;
  }
  KafkaProperties all = common_properties();
  // How a broker that wants TLS answers a client that does not speak it; there is no other word of it.
  all["log.connection.close"] = "true";
  return all;
}

// What Java's client calls differently; configurations are copied from one to the other.
struct JavaProperty {
  std::string_view name;
  std::string_view instead;
};

constexpr std::array kJavaProperties = {
    JavaProperty{"sasl.jaas.config", "sasl.username and sasl.password"},
    JavaProperty{"ssl.truststore.location", "ssl.ca.location, with certificates in PEM"},
    JavaProperty{"ssl.truststore.password", "ssl.ca.location, which needs none"},
    JavaProperty{"ssl.truststore.type", "ssl.ca.location, with certificates in PEM"},
    JavaProperty{"ssl.keystore.type", "ssl.keystore.location (PKCS#12), and ssl.key.location (PEM)"},
};

const JavaProperty* find_java_property(std::string_view name) {
  for (const JavaProperty& property : kJavaProperties) {
    if (property.name == name) return &property;
  }
  return nullptr;
}

/// The value in lower case, as librdkafka compares it; empty if there is none.
std::string word_of(const KafkaProperties& user, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto found = user.find(name);
    if (found == user.end()) continue;
    std::string word = found->second;
    for (char& letter : word)
      letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + ('a' - 'A')) : letter;
    return word;
  }
  return {};
}

bool uses_scram(const KafkaProperties& user) {
  return word_of(user, {"sasl.mechanism", "sasl.mechanisms"}).find("scram") != std::string::npos;
}

bool has_any(const KafkaProperties& user, std::string_view prefix) {
  const auto first = user.lower_bound(std::string(prefix));
  return first != user.end() && first->first.starts_with(prefix);
}

// Without the right security.protocol certificates and passwords have no effect, and nothing would say so.
void check_protocol(const KafkaProperties& user, std::vector<std::string>& problems) {
  const std::string protocol = word_of(user, {"security.protocol"});
  if (has_any(user, "sasl.") && !protocol.starts_with("sasl_")) {
    problems.emplace_back("security.protocol: must be sasl_ssl (or sasl_plaintext), or sasl.* has no effect");
  }
  if (has_any(user, "ssl.") && protocol != "ssl" && protocol != "sasl_ssl") {
    problems.emplace_back("security.protocol: must be ssl or sasl_ssl, or ssl.* has no effect");
  }
}

}  // namespace

Millis transaction_timeout_of(const KafkaProperties& user) {
  const auto session = user.find("session.timeout.ms");
  if (session == user.end()) return kTransactionTimeout;
  const std::string& text = session->second;
  std::int64_t ms = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ms);
  // What is no number librdkafka refuses.
  if (error != std::errc{} || ms < 1'000) return kTransactionTimeout;
  return std::min(kTransactionTimeout, Millis{ms});
}

std::vector<std::string> problems_of(const KafkaProperties& user, int librdkafka_version) {
  std::vector<std::string> problems;
  const ConfPtr trial(rd_kafka_conf_new());
  for (const auto& [name, value] : user) {
    if (const Refused* refused = find_refused(name)) {
      problems.push_back(name + ": cannot be set: " + std::string(refused->why));
      continue;
    }
    if (const JavaProperty* java = find_java_property(name)) {
      problems.push_back(name + ": " + std::string(kOfJava) + std::string(java->instead));
      continue;
    }
    // librdkafka's own message would repeat the value, which may be a secret.
    switch (rd_kafka_conf_set(trial.get(), name.c_str(), value.c_str(), nullptr, 0)) {
      case RD_KAFKA_CONF_UNKNOWN:
        problems.push_back(name + ": librdkafka has no such property");
        break;
      case RD_KAFKA_CONF_INVALID:
        problems.push_back(name + ": librdkafka does not take this value");
        break;
      case RD_KAFKA_CONF_OK:
        break;
    }
  }
  if (!user.contains("bootstrap.servers") && !user.contains("metadata.broker.list")) {
    problems.emplace_back("bootstrap.servers: missing");
  }
  check_protocol(user, problems);
  if (librdkafka_version < kFirstWithScram && uses_scram(user)) {
    problems.push_back(std::string("sasl.mechanism: SCRAM needs librdkafka 2.6.1 or newer (Kafka 4 refuses what older "
                                   "ones send); this is ") +
                       rd_kafka_version_str() +
                       ". Use PLAIN over TLS, OAUTHBEARER or mutual TLS, or a newer librdkafka");
  }
  return problems;
}

std::vector<std::string> weaknesses_of(const KafkaProperties& user) {
  std::vector<std::string> weaknesses;
  const std::string protocol = word_of(user, {"security.protocol"});
  const std::string mechanism = word_of(user, {"sasl.mechanism", "sasl.mechanisms"});
  const bool proves_without_telling = mechanism.empty() || mechanism == "gssapi" || mechanism.starts_with("scram");
  if (protocol == "sasl_plaintext" && !proves_without_telling) {
    weaknesses.emplace_back("security.protocol: without TLS, whoever sees the network learns the password or token");
  }
  if (protocol != "ssl" && protocol != "sasl_ssl") return weaknesses;
  const std::string verified = word_of(user, {"enable.ssl.certificate.verification"});
  if (verified.starts_with("f") || verified == "0") {
    weaknesses.emplace_back("enable.ssl.certificate.verification: anybody can pretend to be the broker");
  } else if (word_of(user, {"ssl.endpoint.identification.algorithm"}) == "none") {
    weaknesses.emplace_back(
        "ssl.endpoint.identification.algorithm: whoever has any certificate of these authorities can pretend to be "
        "the broker");
  }
  return weaknesses;
}

std::vector<std::pair<std::string, std::string>> properties_of(KafkaRole role, const KafkaIdentity& identity,
                                                               const KafkaProperties& user, const KafkaQueues& queues) {
  const KafkaProperties ours = engine_properties(role, identity, queues);
  std::vector<std::pair<std::string, std::string>> all(ours.begin(), ours.end());
  all.insert(all.end(), user.begin(), user.end());
  return all;
}

Result<ConfPtr> make_conf(KafkaRole role, const KafkaIdentity& identity, const KafkaProperties& user,
                          const KafkaQueues& queues) {
  if (const auto problems = problems_of(user); !problems.empty()) {
    return Error(ErrorKind::kFatal, "kafka.properties: " + problems.front());
  }
  ConfPtr conf(rd_kafka_conf_new());
  for (const auto& [name, value] : properties_of(role, identity, user, queues)) {
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), nullptr, 0) != RD_KAFKA_CONF_OK) {
      return Error(ErrorKind::kFatal, "kafka.properties: " + name + ": librdkafka does not take this value");
    }
  }
  return conf;
}

}  // namespace touchstone
