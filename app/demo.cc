#include "app/demo.h"

#include <chrono>
#include <deque>
#include <iostream>
#include <memory>
#include <sstream>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <spdlog/sinks/ringbuffer_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "app/chronicler.h"
#include "app/demo_subject.h"
#include "app/engine.h"
#include "app/event_source.h"
#include "app/exit_code.h"
#include "app/feeder.h"
#include "app/memory_plan.h"
#include "app/metrics_server.h"
#include "app/screen.h"
#include "app/signals.h"
#include "app/steady_clock.h"
#include "app/summary.h"
#include "app/topic_reader.h"
#include "ingest/mock_cluster.h"
#include "ingest/partitioner.h"
#include "ingest/topics.h"
#include "state/memory_tables.h"

namespace touchstone {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::string_view kInput = "customer-events";
constexpr std::int32_t kPartitions = 4;

/// Of rows and alerts, in memory.
constexpr Millis kShownHistory = std::chrono::hours{1};

constexpr Millis kRest{20};
constexpr Millis kRedraw{1'000};
constexpr Millis kReprint{5'000};
/// With `once`: how long live traffic is shown, and when it ends at the latest, counted from the start.
constexpr Millis kLiveOnce{15'000};
constexpr Millis kLatestOnce{45'000};
constexpr Millis kLastReading{5'000};

EventTime wall_clock() { return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now()); }

/// Sends log lines to where they do not disturb: on a terminal into memory, from where the latest is shown.
std::shared_ptr<spdlog::sinks::ringbuffer_sink_mt> log_beside(const Screen& screen) {
  if (!screen.is_terminal()) {
    spdlog::set_default_logger(spdlog::stderr_logger_mt("touchstone"));
    return nullptr;
  }
  auto sink = std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(1);
  sink->set_pattern("%H:%M:%S %l %v");
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("touchstone", sink));
  return sink;
}

KafkaConnection connection_to(const MockCluster& cluster) {
  KafkaConnection connection;
  connection.properties = {{"bootstrap.servers", cluster.bootstrap_servers()}};
  connection.logger = [](int severity, std::string_view line) {
    // The mock broker is too old for some of what is asked of it; of that only errors matter.
    if (severity <= 3) spdlog::error("{}", line);
  };
  return connection;
}

Result<void> create_topics(MockCluster& cluster) {
  TopicPlan plan;
  plan.input_partitions = plan.deltas_partitions = plan.derived_partitions = kPartitions;
  TOUCHSTONE_TRY(cluster.create_topic(std::string(kInput), kPartitions));
  for (const TopicSpec& spec : topics_of(plan)) TOUCHSTONE_TRY(cluster.create_topic(spec.name, spec.partitions));
  return {};
}

EngineOptions engine_options(const DemoSubject& subject, const KafkaConnection& kafka) {
  EngineOptions options;
  options.kafka = kafka;
  options.instance = "demo";
  options.topology.rules = std::make_shared<RulesBook>(subject.rules);
  options.topology.inputs = {{std::string(kInput), kPartitions}};
  options.topology.delta_partitions = kPartitions;
  options.topology.expected_partition = [](std::string_view key) {
    return Partition(murmur2_partition(key, kPartitions));
  };
  return options;
}

/// Numbers a second, over the last few seconds.
class Rate {
 public:
  void note(std::uint64_t total) {
    samples_.push_back({Steady::now(), total});
    while (samples_.size() > 2 && samples_.back().at - samples_.front().at > std::chrono::seconds{5})
      samples_.pop_front();
  }
  [[nodiscard]] double value() const {
    if (samples_.size() < 2) return 0;
    const std::chrono::duration<double> passed = samples_.back().at - samples_.front().at;
    return static_cast<double>(samples_.back().total - samples_.front().total) / passed.count();
  }

 private:
  struct Sample {
    Steady::time_point at;
    std::uint64_t total;
  };
  std::deque<Sample> samples_;
};

/// The running demo: feeds, reads what comes out, and shows it.
class Demo {
 public:
  Demo(const DemoOptions& options, const DemoSubject& subject, Screen& screen)
      : options_(options), subject_(subject), screen_(screen), summary_(*subject.rules, names_, subject.window) {
    last_line_ = log_beside(screen);
  }

  /// Until it is stopped, or over, or cannot go on.
  Result<void> run(const Signals& signals) {
    TOUCHSTONE_TRY(start());
    Steady::time_point shown{};
    while (!signals.stop_requested() && engine_->running() && !is_over() && screen_.is_open()) {
      TOUCHSTONE_TRY(feed());
      TOUCHSTONE_TRY(read(kRest));
      if (Steady::now() - shown < (screen_.is_terminal() ? kRedraw : kReprint)) continue;
      shown = Steady::now();
      show();
    }
    return finish();
  }

  /// What there is to say when all is over.
  [[nodiscard]] std::string last_words() const {
    std::ostringstream out;
    if (screen_.is_terminal()) out << about() << '\n';
    out << "In the end, after " << seconds_passed() << " s: " << source_->progress(wall_clock()) << "\n\n";
    summary_.print(screen_.layout(), out);
    out << '\n' << figures();
    return out.str();
  }

 private:
  Result<void> start() {
    auto cluster = MockCluster::start();
    if (!cluster) return cluster.error();
    cluster_ = std::move(*cluster);
    TOUCHSTONE_TRY(create_topics(*cluster_));
    const KafkaConnection kafka = connection_to(*cluster_);
    ChroniclerOptions chronicle;
    chronicle.kafka = kafka;
    chronicle.chronicle.history = kShownHistory;
    chronicler_ = std::make_unique<Chronicler>(std::move(chronicle));
    TOUCHSTONE_TRY(serve());
    chronicler_->start();
    auto source = open_events(options_, subject_, wall_clock());
    if (!source) return source.error();
    source_ = std::move(*source);
    EngineOptions engine = engine_options(subject_, kafka);
    engine.questions = {questions_};
    engine_ = std::make_unique<Engine>(std::move(engine), tables_, clock_, board_);
    engine_->start();
    auto feeder = Feeder::open(
        {kafka, std::string(kInput), kPartitions, names_.deltas, subject_.rules->settings().windows}, board_);
    if (!feeder) return feeder.error();
    feeder_ = std::move(*feeder);
    auto reader = TopicReader::open(kafka, "demo-screen",
                                    {names_.interactions, names_.transitions, names_.conversions, names_.windows,
                                     names_.alerts, names_.dead_letters});
    if (!reader) return reader.error();
    reader_ = std::move(*reader);
    if (!screen_.is_terminal()) screen_.show(about() + addresses());
    return {};
  }

  Result<void> serve() {
    Configuration configuration;
    board_.change_rules(subject_.rules);
    Served served{.chronicler = chronicler_.get(), .questions = {questions_}, .partitions = kPartitions};
    served.memory_limit = find_memory_limit().value_or(MemoryFound{}).bytes;
    auto server = serve_metrics(configuration, board_, served);
    if (!server) {
      instead_ = fmt::format("\n        (any free port: {})", server.error().message());
      configuration.http.listen.port = 0;
      server = serve_metrics(configuration, board_, served);
    }
    if (!server) return server.error();
    server_ = std::move(*server);
    return {};
  }

  Result<void> feed() {
    const EventTime now = wall_clock();
    TOUCHSTONE_TRY(feeder_->feed(*source_, now));
    if (!caught_up_ && source_->is_up_to_date(now)) caught_up_ = Steady::now();
    return {};
  }

  Result<void> read(Millis wait) {
    auto came = reader_->read(wait, [this](const Record& record) { summary_.take(record); });
    if (!came) return came.error();
    return {};
  }

  /// Only with `once`.
  [[nodiscard]] bool is_over() {
    if (!options_.once) return false;
    const auto now = Steady::now();
    if (now - begun_ >= kLatestOnce) return true;
    if (source_->ended()) return feeder_->all_processed();
    return subject_.events.empty() && caught_up_ && now - *caught_up_ >= kLiveOnce;
  }

  Result<void> finish() {
    screen_.leave();
    engine_->stop();
    Result<void> ended = engine_->wait();
    // What the last commits wrote.
    TOUCHSTONE_TRY(reader_->read_to_ends(kLastReading, [this](const Record& record) { summary_.take(record); }));
    reader_->close();
    chronicler_->stop();
    server_->stop(Millis{1'000});
    return ended;
  }

  void show() {
    board_.set_state_bytes(tables_.size_bytes());
    in_.note(feeder_->fed());
    interactions_.note(summary_.counts().interactions);
    rows_.note(summary_.counts().rows);
    std::ostringstream text;
    if (screen_.is_terminal()) text << about() << addresses() << '\n';
    text << seconds_passed() << " s  " << source_->progress(wall_clock()) << "\n\n";
    summary_.print(screen_.layout(), text);
    text << '\n' << figures();
    if (last_line_ != nullptr) {
      for (const std::string& line : last_line_->last_formatted(1)) text << line;
    }
    screen_.show(text.str());
  }

  [[nodiscard]] std::string about() const {
    const LocalizedText& names = subject_.rules->map().name;
    const auto name = names.contains("en") ? names.find("en") : names.begin();
    return fmt::format(
        "Touchstone demo: {}\n"
        "Kafka here is librdkafka's mock cluster, inside this process: the real protocol\n"
        "on loopback, but no transactional isolation, offsets are not kept, and it holds\n"
        "at most 5 MiB a partition.\n",
        name == names.end() ? "a map without a name" : name->second);
  }

  [[nodiscard]] std::string addresses() const {
    const std::string server = fmt::format("http://127.0.0.1:{}", server_->port());
    const std::string kafka = cluster_->bootstrap_servers();
    return fmt::format(
        "map     {}/\n"
        "metrics {}/metrics  health {}/-/ready{}\n"
        "Kafka   {}  try: kcat -C -b {} -t {} -o -3 -e\n",
        server, server, server, instead_, kafka, kafka, names_.windows);
  }

  [[nodiscard]] std::string figures() const {
    const Summary::Counts& counts = summary_.counts();
    std::uint64_t dead = 0;
    std::string reasons;
    for (const auto& [reason, count] : counts.dead_letters) {
      dead += count;
      reasons += fmt::format("{}{} {}", reasons.empty() ? " (" : ", ", count, reason);
    }
    if (!reasons.empty()) reasons += ')';
    return fmt::format(
        "a second: {:.0f} events in, {:.0f} interactions out, {:.0f} rows of windows out\n"
        "so far:   {} events, {} interactions ({} late), {} transitions, {} conversions, {} rows, {} "
        "alerts,\n"
        "          {} dead letters{}\n",
        in_.value(), interactions_.value(), rows_.value(), feeder_->fed(), counts.interactions, counts.late,
        counts.transitions, counts.conversions, counts.rows, counts.alerts, dead, reasons);
  }

  [[nodiscard]] std::int64_t seconds_passed() const {
    return std::chrono::duration_cast<std::chrono::seconds>(Steady::now() - begun_).count();
  }

  const DemoOptions& options_;
  const DemoSubject& subject_;
  Screen& screen_;
  TopicNames names_;
  Summary summary_;
  std::shared_ptr<spdlog::sinks::ringbuffer_sink_mt> last_line_;  ///< of the log; none where it goes elsewhere

  // In the order in which they need each other.
  std::unique_ptr<MockCluster> cluster_;
  MemoryTables tables_;
  SteadyClock clock_;
  Board board_;
  std::shared_ptr<Questions> questions_ = std::make_shared<Questions>();
  std::unique_ptr<Chronicler> chronicler_;
  std::unique_ptr<HttpServer> server_;
  std::string instead_;  ///< why the port is not the usual one, if it is not
  std::unique_ptr<EventSource> source_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Feeder> feeder_;
  std::unique_ptr<TopicReader> reader_;

  Steady::time_point begun_ = Steady::now();
  std::optional<Steady::time_point> caught_up_;
  Rate in_;
  Rate interactions_;
  Rate rows_;
};

}  // namespace

int demo(const DemoOptions& options, std::ostream& out) {
  const DemoPrepared prepared = prepare_demo(options);
  if (prepared.exit_code != 0) return prepared.exit_code;
  const Signals signals;
  Screen screen(out);
  Demo demo(options, prepared.subject, screen);
  const Result<void> ended = demo.run(signals);
  screen.leave();
  if (!ended) {
    return failed(Error(ended.error().kind(), ended.error().message() +
                                                  " (a broker that keeps no offsets leaves nothing to recover from; "
                                                  "start the demo anew)"));
  }
  out << demo.last_words() << std::flush;
  return 0;
}

}  // namespace touchstone
