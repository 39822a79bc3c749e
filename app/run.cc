#include "app/run.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <iostream>
#include <memory>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <spdlog/spdlog.h>

#include "app/chronicler.h"
#include "app/engine.h"
#include "app/exit_code.h"
#include "app/kafka_properties.h"
#include "app/load_rules.h"
#include "app/log.h"
#include "app/memory_plan.h"
#include "app/memory_watch.h"
#include "app/metrics_server.h"
#include "app/pseudonym_key.h"
#include "app/purge.h"
#include "app/reload.h"
#include "app/secrets.h"
#include "app/service_manager.h"
#include "app/signals.h"
#include "app/standby_keeper.h"
#include "app/steady_clock.h"
#include "ingest/kafka_admin.h"
#include "ingest/topics.h"
#include "state/file_shelf.h"
#include "state/rocks_memory.h"
#include "state/rocks_tables.h"

namespace touchstone {
namespace {

constexpr Millis kLookAround{200};
/// How long the workers may take to commit once they are asked to leave.
constexpr Millis kLastCommit{6'000};
/// How long requests in progress may take at the end.
constexpr Millis kLastRequests{500};

bool is_for_search_of_faults(std::string_view level) { return level == "debug" || level == "trace"; }

KafkaConnection connection_of(const Configuration& configuration, const KafkaQueues& queues = {}) {
  KafkaConnection connection;
  connection.queues = queues;
  connection.properties = read_kafka_properties(configuration).values;
  connection.transaction_timeout = transaction_timeout_of(connection.properties);
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
  if (!problems.empty()) return false;
  for (const Problem& warning : secret_warnings(configuration)) std::cerr << "warning: " << to_string(warning) << '\n';
  return true;
}

/// How the memory is shared out; nothing, and why on standard error, where the system gives too little.
std::optional<MemoryPlan> memory_plan(const Configuration& configuration) {
  const MemoryUsers users = memory_users(configuration);
  MemoryFound limit{configuration.memory.limit.value_or(0), false};
  if (!configuration.memory.limit) {
    // Where the system does not say what it has, a size that most have.
    limit = find_memory_limit().value_or(MemoryFound{std::uint64_t{4} << 30, false});
  }
  std::optional<MemoryPlan> plan = plan_memory(limit.bytes, users);
  if (!plan) {
    std::cerr << to_string({configuration.file, 1, 1, "memory.limit",
                            "run needs at least " + in_mebibytes(least_memory(users)) + " with these workers; " +
                                (limit.of_cgroup ? "the control group allows " : "three quarters of the memory are ") +
                                in_mebibytes(limit.bytes)})
              << '\n';
  }
  return plan;
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
  Millis deletions_kept{0};  ///< in the changelogs, as the broker has them; 0: it does not say
};

/// The shortest time that one of the changelogs keeps deletions.
Millis deletions_kept(const TopicNames& names, const std::vector<ExistingTopic>& existing) {
  Millis shortest{0};
  for (const ExistingTopic& topic : existing) {
    if (topic.name != names.journey_changelog && topic.name != names.windows_changelog) continue;
    const auto setting = topic.settings.find("delete.retention.ms");
    if (setting == topic.settings.end()) continue;
    std::int64_t kept = 0;
    std::from_chars(setting->second.data(), setting->second.data() + setting->second.size(), kept);
    if (kept > 0 && (shortest.count() == 0 || kept < shortest.count())) shortest = Millis{kept};
  }
  return shortest;
}

Result<Survey> survey(KafkaAdmin& admin, const Configuration& configuration) {
  auto inputs = input_topics(admin, configuration);
  if (!inputs) return inputs.error();
  TopicPlan plan;
  plan.prefix = configuration.topics.prefix;
  plan.intake = needs_intake(configuration);
  for (const Topology::Input& input : *inputs) plan.input_partitions += input.partitions;
  plan.events_partitions = plan.deltas_partitions = plan.derived_partitions = configuration.topics.partitions;
  plan.replication = configuration.topics.replication;
  Survey found{std::move(*inputs), topics_of(plan), {}, {}};
  std::vector<std::string> names;
  for (const TopicSpec& spec : found.wanted) names.push_back(spec.name);
  auto existing = admin.describe(names);
  if (!existing) return existing.error();
  found.differences = differences(found.wanted, *existing);
  found.deletions_kept = deletions_kept(TopicNames(plan.prefix), *existing);
  return found;
}

/// Asks with a client of its own, which is closed on return and so logs nothing after what the caller says last.
Result<Survey> survey(const Configuration& configuration) {
  auto admin = KafkaAdmin::open(connection_of(configuration));
  if (!admin) return admin.error();
  return survey(**admin, configuration);
}

/// After these were created. A broker answers before it knows of them itself, a busy one long before.
Result<Survey> survey_with(KafkaAdmin& admin, const Configuration& configuration,
                           const std::vector<TopicSpec>& created) {
  constexpr std::chrono::seconds kPatience{30};
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    auto found = survey(admin, configuration);
    if (!found || std::chrono::steady_clock::now() >= deadline) return found;
    const bool is_missing =
        std::any_of(found->differences.begin(), found->differences.end(), [&](const TopicDifference& difference) {
          return difference.kind == TopicDifference::Kind::kMissing &&
                 std::any_of(created.begin(), created.end(),
                             [&](const TopicSpec& spec) { return spec.name == difference.topic; });
        });
    if (!is_missing) return found;
    std::this_thread::sleep_for(kLookAround);
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

EngineOptions engine_options(const Configuration& configuration, const MemoryPlan& memory,
                             std::shared_ptr<RulesBook> rules, const Survey& survey, RunUntil until) {
  EngineOptions options;
  options.kafka = connection_of(configuration, memory.queues);
  options.max_staged_bytes = memory.staged;
  options.group = configuration.group;
  options.instance = configuration.instance;
  options.intake_workers = configuration.workers.intake;
  options.journey_workers = configuration.workers.journey;
  options.windows_workers = configuration.workers.windows;
  options.watchdog.limit = options.watchdog.grace = configuration.workers.stalled_after;
  Topology& topology = options.topology;
  topology.rules = std::move(rules);
  topology.topics = TopicNames(configuration.topics.prefix);
  topology.writes_interactions = configuration.topics.interactions;
  topology.inputs = survey.inputs;
  topology.through_intake = needs_intake(configuration);
  topology.event_partitions = topology.delta_partitions = configuration.topics.partitions;
  topology.slices = configuration.state.slices;
  topology.commit = configuration.commit;
  topology.pseudonym_key = read_pseudonym_key(configuration).key;
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

ChroniclerOptions chronicler_options(const Configuration& configuration, const MemoryPlan& memory,
                                     const RocksMemory& databases) {
  ChroniclerOptions options;
  options.kafka = connection_of(configuration, memory.queues);
  options.feed.bytes = memory.stream;
  options.chronicle.memory = databases;
  options.group = configuration.group;
  options.topics = TopicNames(configuration.topics.prefix);
  options.chronicle.directory = configuration.state.dir + "/chronicle";
  options.chronicle.history = configuration.history;
  options.chronicle.min_free_bytes = configuration.state.min_free;
  options.chronicle.report = [](const std::string& what) { spdlog::warn("{}", what); };
  return options;
}

RocksTablesOptions tables_options_of(const Configuration& configuration, const Survey& survey,
                                     const RocksMemory& databases) {
  RocksTablesOptions options;
  options.memory = databases;
  options.min_free_bytes = configuration.state.min_free;
  options.deletions_kept = survey.deletions_kept;
  options.report = [](const std::string& what) { spdlog::warn("{}", what); };
  return options;
}

/// Waits where the disk is nearly full: to end would only mean to be started again. Nothing when asked to stop.
Result<std::unique_ptr<RocksTables>> open_tables(const std::string& directory, const RocksTablesOptions& options,
                                                 Board& board, Signals& signals, ServiceManager& service) {
  constexpr std::string_view kAtStart = "start";
  bool told = false;
  for (;;) {
    auto tables = RocksTables::open(directory, options);
    if (tables) {
      board.set_resting(std::string(kAtStart), {});
      return tables;
    }
    if (tables.error().kind() != ErrorKind::kRetry || RocksTables::has_room(directory, options)) return tables.error();
    if (!told) spdlog::warn("waiting: {}", tables.error().message());
    told = true;
    board.set_resting(std::string(kAtStart), tables.error().message());
    service.status(tables.error().message());
    service.alive(ServiceManager::Clock::now());
    if (signals.stop_requested()) return std::unique_ptr<RocksTables>();
    signals.wait(kLookAround);
  }
}

void tell(const Reloaded& reloaded) {
  for (const Problem& problem : reloaded.problems) spdlog::error("the map is not taken: {}", to_string(problem));
  for (const Problem& warning : reloaded.warnings) spdlog::warn("{}", to_string(warning));
  if (reloaded.problems.empty()) spdlog::info(reloaded.changed ? "another map is in force" : "the map is as it was");
}

/// What there is once in a process, whatever engines follow each other in it.
struct Process {
  const Configuration& configuration;
  Clock& clock;
  Board& board;
  Signals& signals;
  Reload& reload;
  ServiceManager& service;
};

/// Until it is stopped, at its end, or cannot go on.
Result<void> run_engine(EngineOptions options, RocksTables& tables, const Process& process) {
  const auto& [configuration, clock, board, signals, reload, service] = process;
  auto shelves = file_shelves(configuration.state.dir);
  if (!shelves) return shelves.error();
  options.topology.make_shelf = std::move(*shelves);
  const Purge purge(tables, configuration.privacy.purge);
  const auto keeper = keep_standby(configuration.state.standby, options, tables, clock, board);
  Engine engine(std::move(options), tables, clock, board);
  engine.start();
  if (keeper) keeper->start();
  // Whoever finds the tables damaged, the workers cannot go on with them.
  while (engine.running() && !engine.stopping() && !signals.stop_requested() && !tables.damaged()) {
    board.set_state_bytes(tables.size_bytes());
    board.set_state_free_bytes(tables.free_bytes());
    if (signals.take_reload()) tell(reload.reload());
    service.status(board.why_not_ready().value_or("running"));
    service.alive(ServiceManager::Clock::now());
    signals.wait(kLookAround);
  }
  if (signals.stop_requested()) service.stopping();
  // Where the state is damaged another engine follows; else the process ends, whatever hangs.
  if (engine.stopping() && !tables.damaged()) signals.end_soon();
  if (keeper) keeper->stop();
  stop(engine, signals);
  Result<void> ended = engine.wait();
  if (ended && tables.damaged())
    return Error(ErrorKind::kReject, "state in " + configuration.state.dir + " is damaged");
  return ended;
}

/// One engine after another: where the local state turns out to be damaged, it is emptied and a new engine restores it.
Result<void> run_engines(const EngineOptions& options, const RocksTablesOptions& tables_options,
                         const Process& process) {
  // A disk that damages what it is given again and again is for a person to look at.
  constexpr int kRebuilds = 3;
  for (int rebuilt = 0;; ++rebuilt) {
    auto tables =
        open_tables(process.configuration.state.dir, tables_options, process.board, process.signals, process.service);
    if (!tables) return tables.error();
    if (!*tables) return {};
    Result<void> ended = run_engine(options, **tables, process);
    if (ended || !(*tables)->damaged() || rebuilt == kRebuilds || process.signals.stop_requested()) return ended;
    tables_options.report(ended.error().message() + ": it is emptied and restored from the changelog");
    tables->reset();
    TOUCHSTONE_TRY(RocksTables::wipe(process.configuration.state.dir));
  }
}

}  // namespace

int run(const Configuration& configuration, RunUntil until) {
  if (!is_runnable(configuration)) return kExitConfiguration;
  Board board;
  Reload reload(configuration.map, configuration.settings, board);
  const Reloaded opened = reload.open();
  for (const Problem& problem : opened.problems) std::cerr << to_string(problem) << '\n';
  for (const Problem& warning : opened.warnings) std::cerr << "warning: " << to_string(warning) << '\n';
  if (!opened.problems.empty()) return kExitConfiguration;
  const std::optional<MemoryPlan> memory = memory_plan(configuration);
  if (!memory) return kExitConfiguration;
  log_to_standard_error(configuration.log);
  const auto failed = [&](const Error& error) { return touchstone::failed(error, configuration.log); };
  Signals signals;

  const auto found = survey(configuration);
  if (!found) return failed(found.error());
  if (const auto difference = serious_difference(*found)) return failed(*difference);

  SteadyClock clock;
  MemoryWatch watch(memory->limit, clock);
  const RocksMemory databases = rocks_memory(memory->databases);
  EngineOptions options = engine_options(configuration, *memory, reload.rules(), *found, until);
  options.memory = [&watch] { return watch.room(); };
  for (std::uint32_t i = 0; i < options.journey_workers; ++i)
    options.questions.push_back(std::make_shared<Questions>());
  Chronicler chronicler(chronicler_options(configuration, *memory, databases));
  auto server = serve_metrics(configuration, board,
                              {.chronicler = configuration.http.rows ? &chronicler : nullptr,
                               .questions = options.questions,
                               .partitions = static_cast<std::size_t>(options.topology.journey_partitions()),
                               .window_partitions = static_cast<std::size_t>(options.topology.delta_partitions),
                               .reload = &reload,
                               .memory_limit = memory->limit,
                               .max_unread_bytes = memory->unread});
  if (!server) return failed(server.error());
  if (configuration.http.rows) chronicler.start();
  spdlog::info("memory.limit {}: {} for state, {} for databases; of each worker {} read ahead and {} to be written",
               in_mebibytes(memory->limit), in_mebibytes(memory->state), in_mebibytes(memory->databases),
               in_mebibytes(memory->queues.input), in_mebibytes(memory->queues.output));
  spdlog::info("metrics on http://{}:{}/metrics", configuration.http.listen.address, (*server)->port());

  ServiceManager service = ServiceManager::from_environment();
  service.ready();
  const Result<void> ended = run_engines(options, tables_options_of(configuration, *found, databases),
                                         {configuration, clock, board, signals, reload, service});
  chronicler.stop();
  (*server)->stop(kLastRequests);
  if (!ended) return failed(ended.error());
  return 0;
}

int topics(const Configuration& configuration, TopicsMode mode, std::ostream& out) {
  if (!is_runnable(configuration)) return kExitConfiguration;
  // Each failed attempt to connect would be a line; what ends the command is told once, at its end.
  log_to_standard_error({.level = is_for_search_of_faults(configuration.log.level) ? configuration.log.level : "off"});
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
    found = survey_with(**admin, configuration, missing);
    if (!found) return failed(found.error());
  }
  for (const TopicDifference& difference : found->differences) {
    fmt::print(out, "{}: {}\n", difference.topic, difference.message);
  }
  if (found->differences.empty()) fmt::print(out, "all {} topics are as they should be\n", found->wanted.size());
  return serious_difference(*found) ? kExitFailed : 0;
}

}  // namespace touchstone
