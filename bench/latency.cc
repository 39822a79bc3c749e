#include "bench/latency.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <unistd.h>

#include "app/record_text.h"
#include "bench/scraper.h"
#include "ingest/kafka_handles.h"

namespace touchstone::bench {
namespace {

using Steady = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{20};
constexpr int kAskMs = 10'000;
constexpr int kPollMs = 10;
constexpr std::chrono::milliseconds kScrapePause{20};

double milliseconds(Steady::duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

/// The id of an event or of its interaction; empty where there is none.
std::string_view id_of(std::string_view record) {
  const auto rest = behind(record, R"("id":")");
  return rest ? rest->substr(0, rest->find('"')) : std::string_view();
}

using Properties = std::vector<std::pair<const char*, std::string>>;

Result<ClientPtr> client(rd_kafka_type_t type, const Properties& properties) {
  ConfPtr conf(rd_kafka_conf_new());
  std::array<char, 512> why{};
  for (const auto& [name, value] : properties) {
    if (rd_kafka_conf_set(conf.get(), name, value.c_str(), why.data(), why.size()) != RD_KAFKA_CONF_OK) {
      return Error(ErrorKind::kReject, why.data());
    }
  }
  ClientPtr made(rd_kafka_new(type, conf.get(), why.data(), why.size()));
  if (!made) return Error(ErrorKind::kFatal, why.data());
  static_cast<void>(conf.release());  // the client's now
  return made;
}

/// Reads the answers from now on, in a thread of its own.
class Subscriber {
 public:
  struct Answer {
    std::string id;
    Steady::time_point seen;
  };

  static Result<std::unique_ptr<Subscriber>> open(const LatencyOptions& options) {
    auto made = client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", options.brokers},
                                           {"group.id", fmt::format("bench-latency-{}", ::getpid())},
                                           {"isolation.level", "read_committed"},
                                           {"enable.auto.commit", "false"},
                                           {"socket.nagle.disable", "true"}});
    if (!made) return made.error();
    std::unique_ptr<Subscriber> subscriber(new Subscriber(std::move(*made)));
    TOUCHSTONE_TRY(subscriber->begin(options.answers));
    return subscriber;
  }
  ~Subscriber() { stop(); }
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  [[nodiscard]] std::size_t count() const { return count_; }
  /// All that came; the reading ends.
  std::vector<Answer> take() {
    stop();
    return std::move(answers_);
  }

 private:
  explicit Subscriber(ClientPtr client) : client_(std::move(client)) {}

  Result<void> begin(const std::string& topic) {
    const auto partitions = partition_count(topic);
    if (!partitions) return partitions.error();
    const PartitionListPtr all(rd_kafka_topic_partition_list_new(*partitions));
    for (int partition = 0; partition < *partitions; ++partition) {
      const auto end = end_of(topic, partition);
      if (!end) return end.error();
      rd_kafka_topic_partition_list_add(all.get(), topic.c_str(), partition)->offset = *end;
    }
    if (const auto code = rd_kafka_assign(client_.get(), all.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return Error(ErrorKind::kFatal, rd_kafka_err2str(code));
    }
    rd_kafka_poll_set_consumer(client_.get());
    thread_ = std::thread([this] { read(); });
    return {};
  }

  Result<int> partition_count(const std::string& topic) {
    const TopicPtr handle(rd_kafka_topic_new(client_.get(), topic.c_str(), nullptr));
    const rd_kafka_metadata_t* found = nullptr;
    if (rd_kafka_metadata(client_.get(), 0, handle.get(), &found, kAskMs) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return Error(ErrorKind::kRetry, "cannot ask for the partitions of " + topic);
    }
    const MetadataPtr metadata(found);
    if (metadata->topic_cnt != 1 || metadata->topics[0].partition_cnt == 0) {
      return Error(ErrorKind::kReject, "there is no topic " + topic);
    }
    return metadata->topics[0].partition_cnt;
  }

  /// Asked for now, as "from the end" would be looked up later. A topic that was just made has no leaders yet.
  Result<std::int64_t> end_of(const std::string& topic, int partition) {
    for (const auto given_up = Steady::now() + kPatience;;) {
      std::int64_t first = 0;
      std::int64_t end = 0;
      const auto code = rd_kafka_query_watermark_offsets(client_.get(), topic.c_str(), partition, &first, &end, kAskMs);
      if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return end;
      if (Steady::now() > given_up) {
        return Error(ErrorKind::kRetry, "cannot ask for the end of " + topic + ": " + rd_kafka_err2str(code));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{100});
    }
  }

  void read() {
    while (!stopped_) {
      const MessagePtr message(rd_kafka_consumer_poll(client_.get(), kPollMs));
      if (!message || message->err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
      const auto now = Steady::now();
      const std::string_view id = id_of({static_cast<const char*>(message->payload), message->len});
      answers_.push_back({std::string(id), now});
      ++count_;
    }
  }

  void stop() {
    stopped_ = true;
    if (thread_.joinable()) thread_.join();
  }

  ClientPtr client_;
  std::atomic<bool> stopped_{false};
  std::atomic<std::size_t> count_{0};
  std::vector<Answer> answers_;  ///< the thread's until it has ended
  std::thread thread_;
};

/// What was sent, and when it was to be sent.
struct Sent {
  std::unordered_map<std::string, Steady::time_point> due;  ///< by id, after the warm-up; of what came twice the first
  std::vector<Steady::time_point> in_order;                 ///< of all, likewise each once
  std::size_t warm_up = 0;                                  ///< so many of these came before
  Steady::duration late{};                                  ///< at the most
};

/// Sends one event after the other, each as soon as it is due.
Result<Sent> send(const LatencyOptions& options) {
  auto producer = client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", options.brokers},
                                             {"partitioner", "murmur2_random"},
                                             {"linger.ms", "5"},  // as that of Kafka's own clients
                                             {"queue.buffering.max.messages", "1000000"},
                                             {"socket.nagle.disable", "true"}});
  if (!producer) return producer.error();
  const TopicPtr topic(rd_kafka_topic_new(producer->get(), options.topic.c_str(), nullptr));
  JourneyStream stream(options.stream, std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now()));
  const auto measured = static_cast<std::uint64_t>(options.rate * (options.warm_up_s + options.measured_s));
  const auto warm_up = static_cast<std::uint64_t>(options.rate * options.warm_up_s);
  Sent sent;
  std::unordered_set<std::string> known;
  const auto begun = Steady::now();
  for (std::uint64_t i = 0; i < measured; ++i) {
    const StreamRecord record = stream.next();
    const auto due = begun + std::chrono::duration_cast<Steady::duration>(
                                 std::chrono::duration<double>(static_cast<double>(i) / options.rate));
    if (due > Steady::now()) {
      rd_kafka_poll(producer->get(), 0);
      std::this_thread::sleep_until(due);
    }
    if (i == warm_up) sent.warm_up = sent.in_order.size();
    if (known.emplace(id_of(record.value)).second) {
      sent.in_order.push_back(due);
      if (i >= warm_up) sent.due.emplace(id_of(record.value), due);
    }
    if (i >= warm_up) sent.late = std::max(sent.late, Steady::now() - due);
    if (rd_kafka_produce(topic.get(), RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_BLOCK,
                         const_cast<char*>(record.value.data()), record.value.size(), record.customer.data(),
                         record.customer.size(), nullptr) != 0) {
      return Error(ErrorKind::kFatal, "writing to " + options.topic + ": " + rd_kafka_err2str(rd_kafka_last_error()));
    }
  }
  if (rd_kafka_flush(producer->get(), kAskMs) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return Error(ErrorKind::kRetry, "not everything could be written to " + options.topic);
  }
  return sent;
}

/// Until as many answers have come as events were sent, and what others answer twice, or nothing can be hoped for any
/// more.
void wait_for_rest(const Subscriber& subscriber, std::size_t asked) {
  const auto given_up = Steady::now() + kPatience;
  while (subscriber.count() < asked && Steady::now() < given_up) {
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
  }
  std::this_thread::sleep_for(std::chrono::seconds{1});
}

/// Takes the times to pieces.
Quantiles quantiles_of(std::vector<double> took) {
  std::sort(took.begin(), took.end());
  const auto at = [&](double part) {
    if (took.empty()) return 0.0;
    const auto rank = static_cast<std::size_t>(part * static_cast<double>(took.size()));
    return took[std::min(rank, took.size() - 1)];
  };
  return {.p50 = at(0.50), .p99 = at(0.99), .p999 = at(0.999), .longest = at(1)};
}

Result<Quantiles> counted(const Sent& sent, Scraper& scraper) {
  const auto seen = scraper.take();
  if (!seen) return seen.error();
  std::vector<double> took;
  std::size_t next = 0;
  for (const Scraper::Seen& each : *seen) {
    for (; next < sent.in_order.size() && next < each.count; ++next) {
      if (next >= sent.warm_up) took.push_back(milliseconds(each.when - sent.in_order[next]));
    }
  }
  if (next != sent.in_order.size() || seen->back().count != next) {
    return Error(ErrorKind::kReject, fmt::format("the page counts {} interactions in the end, of {}",
                                                 seen->empty() ? 0 : seen->back().count, sent.in_order.size()));
  }
  return quantiles_of(std::move(took));
}

}  // namespace

Result<Latency> measure_latency(const LatencyOptions& options) {
  const auto subscriber = Subscriber::open(options);
  if (!subscriber) return subscriber.error();
  std::optional<Scraper> scraper;
  if (options.metrics_port != 0) scraper.emplace(options.metrics_port, "touchstone_interactions_total", kScrapePause);
  auto sent = send(options);
  if (!sent) return sent.error();
  wait_for_rest(**subscriber, sent->in_order.size());

  Latency latency;
  if (scraper) {
    const auto found = counted(*sent, *scraper);
    if (!found) return found.error();
    latency.counted = *found;
  }
  latency.asked = sent->due.size();
  latency.sent_late = milliseconds(sent->late);
  std::vector<double> took;
  for (const Subscriber::Answer& answer : (*subscriber)->take()) {
    const auto due = sent->due.find(answer.id);
    if (due == sent->due.end()) continue;
    took.push_back(milliseconds(answer.seen - due->second));
    sent->due.erase(due);
  }
  latency.unanswered = sent->due.size();
  latency.answers = quantiles_of(std::move(took));
  return latency;
}

void print(const Latency& latency, std::ostream& out) {
  const auto print_one = [&](const char* until, const Quantiles& took) {
    fmt::print(out, "; ms until {}: p50 {:.1f}, p99 {:.1f}, p99.9 {:.1f}, longest {:.1f}", until, took.p50, took.p99,
               took.p999, took.longest);
  };
  fmt::print(out, "{} events, {} unanswered", latency.asked, latency.unanswered);
  print_one("the answer", latency.answers);
  if (latency.counted) print_one("counted in the metrics page", *latency.counted);
  fmt::print(out, "; sent at most {:.1f} ms late\n", latency.sent_late);
}

}  // namespace touchstone::bench
