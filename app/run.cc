#include "app/run.h"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "app/engine.h"
#include "app/exit_code.h"
#include "app/kafka_properties.h"
#include "app/load_rules.h"
#include "app/metrics_server.h"
#include "app/signals.h"
#include "app/steady_clock.h"
#include "ingest/kafka_admin.h"
#include "ingest/topics.h"
#include "state/rocks_tables.h"

namespace touchstone {
namespace {

constexpr Millis kLookAround{200};
/// How long the workers may take to commit once they are asked to leave.
constexpr Millis kLastCommit{6'000};
/// How long requests in progress may take at the end.
constexpr Millis kLastRequests{500};

void log_to_standard_error(const std::string& level) {
  auto logger = spdlog::stderr_logger_mt("touchstone");
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  logger->set_level(spdlog::level::from_str(level));
  spdlog::set_default_logger(std::move(logger));
}

KafkaConnection connection_of(const Configuration& configuration) {
  KafkaConnection connection;
  connection.properties = read_kafka_properties(configuration).values;
  connection.logger = [](int severity, std::string_view line) {
    spdlog::log(severity <= 3   ? spdlog::level::err
                : severity == 4 ? spdlog::level::warn
                                : spdlog::level::debug,
                "kafka: {}", line);
  };
  return connection;
}

/// Whether everything is there that a connection needs; what is not is told on standard error.
bool is_runnable(const Configuration& configuration) {
  std::vector<Problem> problems = check_runnable(configuration);
  for (const std::string& problem : problems_of(read_kafka_properties(configuration).values)) {
    problems.push_back({configuration.file, 1, 1, "kafka.properties", problem});
  }
  for (const Problem& problem : problems) std::cerr << to_string(problem) << '\n';
  return problems.empty();
}

bool needs_intake(const Configuration& configuration) {
  return configuration.input.topics.size() > 1 || configuration.input.rekey;
}

/// The input topics as the broker has them.
Result<std::vector<Topology::Input>> input_topics(KafkaAdmin& admin, const Configuration& configuration) {
  auto found = admin.describe(configuration.input.topics);
  if (!found) return found.error();
  std::vector<Topology::Input> inputs;
  for (const std::string& name : configuration.input.topics) {
    const auto topic =
        std::find_if(found->begin(), found->end(), [&](const ExistingTopic& each) { return each.name == name; });
    if (topic == found->end()) {
      return Error(ErrorKind::kReject, "the input topic " + name + " does not exist in this Kafka");
    }
    if (const auto cleanup = topic->settings.find("cleanup.policy");
        cleanup != topic->settings.end() && cleanup->second.find("compact") != std::string::npos) {
      return Error(ErrorKind::kReject, "the input topic " + name + " is compacted: it forgets events");
    }
    inputs.push_back({name, topic->partitions});
  }
  return inputs;
}

struct Survey {
  std::vector<Topology::Input> inputs;
  std::vector<TopicSpec> wanted;
  std::vector<TopicDifference> differences;
};

Result<Survey> survey(KafkaAdmin& admin, const Configuration& configuration) {
  auto inputs = input_topics(admin, configuration);
  if (!inputs) return inputs.error();
  TopicPlan plan;
  plan.prefix = configuration.topics.prefix;
  plan.intake = needs_intake(configuration);
  for (const Topology::Input& input : *inputs) plan.input_partitions += input.partitions;
  plan.events_partitions = plan.deltas_partitions = plan.derived_partitions = configuration.topics.partitions;
  plan.replication = configuration.topics.replication;
  Survey found{std::move(*inputs), topics_of(plan), {}};
  std::vector<std::string> names;
  for (const TopicSpec& spec : found.wanted) names.push_back(spec.name);
  auto existing = admin.describe(names);
  if (!existing) return existing.error();
  found.differences = differences(found.wanted, *existing);
  return found;
}

/// After topics were made: a broker needs a moment until it knows of them.
Result<Survey> survey_when_known(KafkaAdmin& admin, const Configuration& configuration) {
  constexpr Millis kPause{200};
  constexpr int kAttempts = 50;
  for (int attempt = 1;; ++attempt) {
    auto found = survey(admin, configuration);
    const bool known =
        found && std::none_of(found->differences.begin(), found->differences.end(),
                              [](const auto& each) { return each.kind == TopicDifference::Kind::kMissing; });
    if (!found || known || attempt == kAttempts) return found;
    std::this_thread::sleep_for(kPause);
  }
}

std::optional<Error> serious_difference(const Survey& survey) {
  for (const TopicDifference& difference : survey.differences) {
    if (difference.kind == TopicDifference::Kind::kMissing) {
      return Error(ErrorKind::kReject,
                   "the topic " + difference.topic + " is missing; `touchstone topics --config FILE --apply` makes it");
    }
    if (is_serious(difference.kind)) {
      return Error(ErrorKind::kReject, difference.topic + ": " + difference.message);
    }
  }
  return std::nullopt;
}

std::function<Partition(std::string_view)> partitioner_of(const Configuration& configuration,
                                                          const std::vector<Topology::Input>& inputs) {
  if (!configuration.input.partitioner || inputs.size() != 1) return {};
  const std::int32_t partitions = inputs.front().partitions;
  if (*configuration.input.partitioner == Partitioner::kMurmur2) {
    return [partitions](std::string_view key) { return Partition(murmur2_partition(key, partitions)); };
  }
  return [partitions](std::string_view key) { return Partition(crc32_partition(key, partitions)); };
}

EngineOptions engine_options(const Configuration& configuration, std::shared_ptr<const Rules> rules,
                             const Survey& survey, RunUntil until) {
  EngineOptions options;
  options.kafka = connection_of(configuration);
  options.group = configuration.group;
  options.instance = configuration.instance;
  options.intake_workers = configuration.workers.intake;
  options.journey_workers = configuration.workers.journey;
  options.windows_workers = configuration.workers.windows;
  options.watchdog.limit = options.watchdog.grace = configuration.workers.stalled_after;
  Topology& topology = options.topology;
  topology.rules = std::move(rules);
  topology.topics = TopicNames(configuration.topics.prefix);
  topology.inputs = survey.inputs;
  topology.through_intake = needs_intake(configuration);
  topology.event_partitions = topology.delta_partitions = configuration.topics.partitions;
  topology.slices = configuration.state.slices;
  topology.commit = configuration.commit;
  topology.expected_partition = partitioner_of(configuration, survey.inputs);
  if (until == RunUntil::kEnd) {
    // The end of the input is found over all its partitions, so one worker must hold them all.
    options.intake_workers = options.journey_workers = options.windows_workers = 1;
    // Names this run, so that what an earlier one said of its end is not taken for ours.
    topology.to_end = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
  }
  return options;
}

/// Lets the workers commit and leave; without a commit where that takes too long or a second signal comes. What then
/// still hangs is ended by Signals.
void stop(Engine& engine, const Signals& signals) {
  constexpr Millis kLook{20};
  if (engine.stopping()) signals.end_soon();
  engine.stop();
  for (Millis waited{0}; engine.running(); waited += kLook) {
    if (waited >= kLastCommit || signals.hurry_requested()) {
      spdlog::warn("leaving without a last commit; the next start goes on from the one before");
      engine.abandon();
      return;
    }
    std::this_thread::sleep_for(kLook);
  }
}

}  // namespace

int run(const Configuration& configuration, RunUntil until) {
  if (!is_runnable(configuration)) return kExitConfiguration;
  const auto rules = read_rules(configuration.map, configuration.settings);
  if (!rules) return kExitConfiguration;
  log_to_standard_error(configuration.log.level);
  Signals signals;

  auto admin = KafkaAdmin::open(connection_of(configuration));
  if (!admin) return failed(admin.error());
  const auto found = survey(**admin, configuration);
  if (!found) return failed(found.error());
  if (const auto difference = serious_difference(*found)) return failed(*difference);

  auto tables = RocksTables::open(configuration.state.dir);
  if (!tables) return failed(tables.error());
  SteadyClock clock;
  Board board;
  auto server = serve_metrics(configuration, rules, board);
  if (!server) return failed(server.error());
  spdlog::info("metrics on http://{}:{}/metrics", configuration.http.listen.address, (*server)->port());

  Engine engine(engine_options(configuration, rules, *found, until), **tables, clock, board);
  engine.start();
  while (engine.running() && !engine.stopping() && !signals.stop_requested()) {
    board.set_state_bytes((*tables)->size_bytes());
    signals.wait(kLookAround);
  }
  stop(engine, signals);
  const Result<void> ended = engine.wait();
  (*server)->stop(kLastRequests);
  if (!ended) return failed(ended.error());
  return 0;
}

int topics(const Configuration& configuration, TopicsMode mode, std::ostream& out) {
  if (!is_runnable(configuration)) return kExitConfiguration;
  auto admin = KafkaAdmin::open(connection_of(configuration));
  if (!admin) return failed(admin.error());
  auto found = survey(**admin, configuration);
  if (!found) return failed(found.error());
  if (mode == TopicsMode::kApply) {
    std::vector<TopicSpec> missing;
    for (const TopicSpec& spec : found->wanted) {
      const bool is_missing =
          std::any_of(found->differences.begin(), found->differences.end(), [&](const TopicDifference& difference) {
            return difference.topic == spec.name && difference.kind == TopicDifference::Kind::kMissing;
          });
      if (is_missing) missing.push_back(spec);
    }
    const Result<void> created = (*admin)->create(missing);
    if (!created) return failed(created.error());
    for (const TopicSpec& spec : missing)
      fmt::print(out, "created {} with {} partitions\n", spec.name, spec.partitions);
    found = survey_when_known(**admin, configuration);
    if (!found) return failed(found.error());
  }
  for (const TopicDifference& difference : found->differences) {
    fmt::print(out, "{}: {}\n", difference.topic, difference.message);
  }
  if (found->differences.empty()) fmt::print(out, "all {} topics are as they should be\n", found->wanted.size());
  return serious_difference(*found) ? kExitFailed : 0;
}

}  // namespace touchstone
