#include "ingest/kafka_client.h"

#include <algorithm>
#include <array>
#include <utility>

#include "ingest/kafka_errors.h"

namespace touchstone {
namespace {

constexpr int kDebug = 7;

// An attempt to connect that failed is told with the same codes, but in another state.
bool tells_lost_connection(std::string_view reason) { return reason.find("in state UP") != std::string_view::npos; }

bool says(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

bool denies_broker(std::string_view failure) { return says(failure, "certificate verify failed"); }

// What the broker said of our certificate, in OpenSSL's words; they go on differently for each cause.
bool denies_client(std::string_view failure) {
  return says(failure, "alert bad certificate") || says(failure, "alert certificate") ||
         says(failure, "alert unknown ca");
}

// A matter of certificates or passwords, on which waiting has no effect.
bool is_denial(std::string_view failure) {
  return denies_broker(failure) || denies_client(failure) || says(failure, "Authentication failed");
}

// OpenSSL says what went wrong, and not which of the user's properties can be the reason.
std::string_view advice_on(std::string_view failure) {
  if (denies_broker(failure)) {
    return "; the broker's certificate comes from no authority in ssl.ca.location, or is not for the host in "
           "bootstrap.servers, or is out of date";
  }
  if (denies_client(failure)) {
    return "; the broker does not take the certificate in ssl.certificate.location, or was shown none";
  }
  if (says(failure, "ssl.key.location failed") || says(failure, "ssl.keystore.location failed")) {
    return "; the file holds no key, or ssl.key.password or ssl.keystore.password does not open it";
  }
  return {};
}

void on_log(const rd_kafka_t* client, int severity, const char* facility, const char* text) {
  // While a client is being made it has no opaque yet.
  if (client == nullptr || rd_kafka_opaque(client) == nullptr) return;
  // A connection that was under way when the client was closed did not fail, although it says so.
  const bool is_closing = says(text, rd_kafka_err2str(RD_KAFKA_RESP_ERR__DESTROY));
  if (is_closing) severity = kDebug;
  if (std::string_view(facility) == "FAIL" && !is_closing) KafkaEvents::of(client).note_failure(text);
  // The user's properties go to every client; that a producer does not know a consumer's is no news.
  if (std::string_view(facility) == "CONFWARN") severity = kDebug;
  KafkaEvents::of(client).log(severity, std::string(facility) + ": " + text);
}

void on_error(rd_kafka_t* client, int code, const char* reason, void* /*opaque*/) {
  std::array<char, 512> text{};
  if (code == RD_KAFKA_RESP_ERR__FATAL) {
    const rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(client, text.data(), text.size());
    KafkaEvents::of(client).note_error(RD_KAFKA_RESP_ERR__FATAL,
                                       std::string(rd_kafka_err2name(fatal)) + ": " + text.data());
    return;
  }
  KafkaEvents::of(client).note_error(static_cast<rd_kafka_resp_err_t>(code), reason);
}

}  // namespace

void KafkaEvents::log(int severity, std::string_view line) const {
  if (logger_) logger_(severity, line);
}

void KafkaEvents::note_error(rd_kafka_resp_err_t code, std::string_view reason) {
  const std::lock_guard lock(mutex_);
  if (tells_lost_connection(reason)) ++disconnects_;
  if (code == RD_KAFKA_RESP_ERR__FATAL && !fatal_) {
    fatal_ = Error(ErrorKind::kFatal, "Kafka client ended: " + std::string(reason));
  }
  // "All brokers are down" says less than the reason that came before it.
  if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || last_error_.empty()) last_error_ = reason;
}

void KafkaEvents::note_failure(std::string_view line) {
  denied_ = is_denial(line);
  const std::lock_guard lock(mutex_);
  last_error_ = line;
}

std::string KafkaEvents::last_error() const {
  const std::lock_guard lock(mutex_);
  return last_error_;
}

std::optional<Error> KafkaEvents::fatal() const {
  const std::lock_guard lock(mutex_);
  return fatal_;
}

int Deadline::left_ms(Millis longest) const {
  const auto left = std::chrono::duration_cast<Millis>(at_ - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp(left, Millis{0}, longest).count());
}

Result<ClientPtr> make_client(rd_kafka_type_t type, ConfPtr conf, KafkaEvents& events) {
  rd_kafka_conf_set_opaque(conf.get(), &events);
  rd_kafka_conf_set_log_cb(conf.get(), on_log);
  rd_kafka_conf_set_error_cb(conf.get(), on_error);
  std::array<char, 512> reason{};
  ClientPtr client(rd_kafka_new(type, conf.get(), reason.data(), reason.size()));
  if (!client) {
    const std::string_view why = reason.data();
    return Error(ErrorKind::kFatal, "cannot make a Kafka client: " + std::string(why) + std::string(advice_on(why)));
  }
  // The client owns its configuration once it exists, and only then.
  static_cast<void>(conf.release());
  return client;
}

PartitionListPtr list_of(const TopicPartition& partition, std::int64_t offset) {
  PartitionListPtr list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition.value())->offset = offset;
  return list;
}

PartitionListPtr list_of(const std::vector<ConsumedOffset>& offsets) {
  PartitionListPtr list(rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
  for (const auto& [partition, next] : offsets) {
    rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition.value())->offset =
        next.value();
  }
  return list;
}

Error unreachable(const Error& error, const KafkaConnection& connection, const KafkaEvents& events) {
  std::string message = error.message();
  if (const auto servers = connection.properties.find("bootstrap.servers"); servers != connection.properties.end()) {
    message += " (Kafka at " + servers->second;
    if (const std::string last = events.last_error(); !last.empty())
      message += ": " + last + std::string(advice_on(last));
    message += ")";
  }
  return Error(error.kind(), std::move(message), error.cause());
}

std::string name_of(const TopicPartition& partition) {
  return partition.topic + " " + std::to_string(partition.partition.value());
}

}  // namespace touchstone
