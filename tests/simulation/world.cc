#include "tests/simulation/world.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include <gtest/gtest.h>

#include "engine/flow/changelog_copy.h"
#include "engine/wire/delta_batch.h"
#include "ingest/map_loader.h"
#include "ingest/sim_log.h"
#include "tests/support/maps.h"

namespace touchstone::simulation {
namespace {

/// Turns in a row in which nothing moves, after which nothing will: an attempt to rebuild a client waits for 10 s at
/// most.
constexpr int kQuiet = 100;
constexpr int kSettled = 2'000;
constexpr Millis kIdle = std::chrono::hours{1};
constexpr std::uint64_t kSession = 1;

/// In the order of the switch below.
enum class Disturbance {
  kKilled,
  kDiskLost,
  kKilledBeforeCommit,
  kKilledAfterCommit,
  kRestoreFailed,
  kCommitAborted,
  kCommitUnknownDone,
  kCommitUnknownNotDone,
  kProduceAborted,
  kDiskFull,
  kFenced,
  kSessionExpired,
  kSessionExpiresAtCommit,
  kPausedBeyondSession,
  kPaused,
  kStopped,
};

std::shared_ptr<const Rules> rules_of(const std::string& map, const Settings& settings) {
  MapLoaded loaded = load_map_text(map, "a map");
  EXPECT_TRUE(loaded.map) << to_string(loaded.problems.front());
  return std::make_shared<const Rules>(std::move(loaded.map).value(), settings);
}

}  // namespace

const std::vector<std::string>& all_disturbances() {
  static const std::vector<std::string> kNames = {"killed",
                                                  "killed, disk lost",
                                                  "killed in its commit, before Kafka had it",
                                                  "killed in its commit, after Kafka had it",
                                                  "killed, and the restore fails",
                                                  "commit aborted",
                                                  "commit unknown, done",
                                                  "commit unknown, not done",
                                                  "produce aborted",
                                                  "disk nearly full after the commit",
                                                  "fenced by a newer client",
                                                  "session expired",
                                                  "session expires between poll and commit",
                                                  "paused beyond its session",
                                                  "paused for a moment",
                                                  "stopped and started"};
  return kNames;
}

std::string difference(const Outcome& expected, const Outcome& actual) {
  for (const auto& [key, values] : expected) {
    const auto found = actual.find(key);
    if (found == actual.end()) return key.first + " " + key.second + " is missing";
    for (std::size_t i = 0; i < std::max(values.size(), found->second.size()); ++i) {
      const std::string a = i < values.size() ? values[i] : "(nothing)";
      const std::string b = i < found->second.size() ? found->second[i] : "(nothing)";
      if (a != b)
        return key.first + " " + key.second + " #" + std::to_string(i) + "\n  expected " + a + "\n  actual   " + b;
    }
  }
  for (const auto& [key, values] : actual) {
    if (!expected.contains(key)) return key.first + " " + key.second + " is too much";
  }
  return {};
}

World::World(const Plan& plan) : plan_(plan), step_(plan.step) {
  settings_.idle = kIdle;
  settings_.windows = {{"1m", std::chrono::minutes{1}, std::chrono::seconds{5}},
                       {"1h", std::chrono::hours{1}, std::chrono::minutes{1}},
                       {"24h", std::chrono::hours{24}, std::chrono::hours{1}}};
  topology_.rules = plan.map.empty() ? std::make_shared<RulesBook>(testing::small_rules(settings_))
                                     : std::make_shared<RulesBook>(rules_of(plan.map, settings_), plan.map);
  topology_.inputs = {{"input", plan.partitions}};
  topology_.delta_partitions = plan.delta_partitions;
  topology_.slices = plan.slices;
  topology_.commit = Millis{100};
  topology_.detect_silence = plan.silence;
  const TopicNames& names = topology_.topics;
  broker_.create_topic("input", plan.partitions);
  broker_.create_topic(names.deltas, plan.delta_partitions);
  broker_.create_topic(names.journey_changelog, plan.partitions);
  broker_.create_topic(names.windows_changelog, plan.delta_partitions);
  for (const std::string& topic : derived()) broker_.create_topic(topic, 1);
  for (int i = 0; i < plan.instances; ++i) {
    Instance& instance = *instances_.emplace_back(std::make_unique<Instance>());
    instance.name = std::to_string(i);
    start(Part::kJourney, instance);
    start(Part::kWindows, instance);
  }
}

void World::run(const std::vector<SimRecord>& stream) {
  Random disturbance(plan_.seed + 1);
  const bool halves = plan_.silence || !plan_.next_map.empty();
  const std::size_t half = halves ? stream.size() / 2 : 0;
  feed(stream, 0, half, disturbance);
  if (plan_.silence) be_silent(disturbance);
  if (!plan_.next_map.empty()) change_map();
  feed(stream, half, stream.size(), disturbance);
  finish();
  count_silences();
}

void World::feed(const std::vector<SimRecord>& stream, std::size_t from, std::size_t to, Random& disturbance) {
  Random copying(plan_.seed + 2);
  for (std::size_t fed = from; fed < to; fed += plan_.batch) {
    for (std::size_t i = fed; i < std::min(to, fed + plan_.batch); ++i) ASSERT_TRUE(broker_.append(stream[i]));
    for (int turns = 0; turns < 3; ++turns) {
      if (plan_.disturbed) disturb(disturbance);
      if (plan_.copies) copy_something(copying);
      for (const auto& instance : instances_) turn_unless_paused(*instance);
    }
  }
}

/// Everything is read before, so that what closes does not depend on who was late; and all partitions wake up before
/// anything else comes, so that none that still sleeps fails to hold the windows back.
void World::be_silent(Random& disturbance) {
  settle();
  for (int times = 0; times < 2; ++times) {
    clock_.advance(kIdle + Millis{1});
    for (const auto& instance : instances_) turn_unless_paused(*instance);
    if (plan_.disturbed && times == 0) disturb(disturbance);
    settle();
  }
  expect_closed();
  for (std::int32_t p = 0; p < plan_.partitions; ++p) {
    SimRecord wake;
    wake.topic = "input";
    wake.partition = Partition(p);
    wake.key = "wake " + std::to_string(p);
    wake.value = "{";
    ASSERT_TRUE(broker_.append(std::move(wake)));
  }
  settle();
}

/// All that was fed is committed by the map before. Whether its slices are, must not matter.
void World::change_map() {
  if (plan_.killed_then) {
    commit_all();
  } else {
    settle();
  }
  ASSERT_TRUE(topology_.rules->change(rules_of(plan_.next_map, settings_), plan_.next_map));
  if (!plan_.killed_then) return;
  for (const auto& instance : instances_) {
    start(Part::kJourney, *instance);
    start(Part::kWindows, *instance);
  }
}

void World::commit_all() {
  SimLog reader(broker_, SimLogOptions{"journey", {}, {}});
  const auto is_committed = [&](std::int32_t partition) {
    const TopicPartition input{"input", Partition(partition)};
    const auto committed = reader.committed(input);
    return committed && *committed && **committed >= reader.range(input)->end;
  };
  for (int turns = 0; turns < kSettled; ++turns) {
    int done = 0;
    for (std::int32_t p = 0; p < plan_.partitions; ++p) done += is_committed(p) ? 1 : 0;
    if (done == plan_.partitions) return;
    for (const auto& instance : instances_) turn_unless_paused(*instance);
  }
  FAIL() << "the input is not committed; the last notice was: " << last_notice_;
}

void World::expect_closed() const {
  std::optional<EventTime> highest;
  std::vector<WindowsStatus> all;
  for (const auto& instance : instances_) {
    const BoardSnapshot board = instance->board.snapshot();
    for (const auto& [task, journey] : board.journeys) highest = std::max(highest, journey.watermark);
    for (const auto& [task, windows] : board.windows) all.push_back(windows);
  }
  ASSERT_TRUE(highest);
  ASSERT_EQ(all.size(), static_cast<std::size_t>(plan_.delta_partitions));
  const auto& specs = settings_.windows;
  for (const WindowsStatus& windows : all) {
    for (std::size_t w = 0; w < specs.size(); ++w) {
      ASSERT_EQ(windows.closed[w], std::optional(floor_to(*highest, specs[w].step))) << specs[w].name;
    }
  }
}

void World::settle() {
  step_ = Plan{}.step;
  for (const auto& instance : instances_) instance->paused = 0;
  int quiet = 0;
  for (int i = 0; i < kSettled && quiet < kQuiet; ++i) {
    moved_ = false;
    for (const auto& instance : instances_) turn_unless_paused(*instance);
    quiet = moved_ ? 0 : quiet + 1;
  }
  step_ = plan_.step;
  ASSERT_GE(quiet, kQuiet) << "it does not come to rest; the last notice was: " << last_notice_;
}

/// All but the first leave; it catches up, its input ends, and it finishes.
void World::finish() {
  while (instances_.size() > 1) {
    // Whoever was killed or paused knows its end only from the others.
    for (int i = 0; i < 20; ++i) turn_unless_paused(*instances_.back());
    (void)instances_.back()->journey->stop();
    (void)instances_.back()->windows->stop();
    restored_records_ += instances_.back()->board.snapshot().restored_records;
    instances_.pop_back();
  }
  settle();
  restored_records_ += instances_.front()->board.snapshot().restored_records;
  Instance& last = *instances_.front();
  ASSERT_TRUE(last.journey->end_input(kSession));
  settle();
  ASSERT_TRUE(last.journey->finished()) << "the last notice was: " << last_notice_;
}

Outcome World::outcome() {
  Outcome seen;
  for (const std::string& topic : derived()) {
    broker_.drain(topic, [&](const Record& record) {
      seen[{topic, std::string(record.key.value_or(""))}].emplace_back(record.value.value_or(""));
    });
  }
  add_board(seen);
  return seen;
}

std::vector<std::string> World::derived() const {
  const TopicNames& names = topology_.topics;
  return {names.interactions, names.transitions, names.conversions, names.windows, names.alerts, names.dead_letters};
}

/// What is only asked for, not written: moves, stays and rankings over the longest window; and who is in which stage.
void World::add_board(Outcome& seen) const {
  const BoardSnapshot board = instances_.front()->board.window_snapshot(settings_.windows.size() - 1);
  const auto values = [&](const CellKey& cell) -> std::vector<std::string>& {
    return seen[{"board",
                 std::string(kScopeNames[static_cast<std::size_t>(cell.scope)]) + "/" + cell.id + "/" + cell.segment}];
  };
  for (const auto& [cell, sums] : board.moves) {
    for (const auto& [key, amount] : sums.amounts()) {
      values(cell).push_back(std::to_string(static_cast<int>(key.kind)) + "/" + std::to_string(key.sub) + "=" +
                             std::to_string(amount));
    }
  }
  for (const auto& [ranking, items] : board.rankings) {
    for (const auto& [item, count] : items) values(ranking).push_back(item + "=" + std::to_string(count));
  }
}

std::string World::member(Part part, const Instance& instance) {
  return (part == Part::kJourney ? "journey-" : "windows-") + instance.name;
}

Worker& World::worker(Part part, Instance& instance) {
  return part == Part::kJourney ? *instance.journey : *instance.windows;
}

std::unique_ptr<Log> World::client(Part part, const Instance& instance) {
  const bool journey = part == Part::kJourney;
  return std::make_unique<SimLog>(broker_, SimLogOptions{journey ? "journey" : "windows",
                                                         member(part, instance),
                                                         {journey ? std::string("input") : topology_.topics.deltas}});
}

void World::start(Part part, Instance& instance) {
  const auto make_log = [this, part, &instance]() -> Result<std::unique_ptr<Log>> { return client(part, instance); };
  const bool journey = part == Part::kJourney;
  WorkerOptions options = journey ? journey_worker(topology_) : windows_worker(topology_);
  options.max_records = plan_.max_records;
  options.claims = instance.claims;
  options.restored_at_once = 1 + plan_.seed % 3;
  // In half of the worlds a state is loaded some turns later than it was asked for, while the others go on.
  if (plan_.seed % 2 == 0) {
    options.run_beside = [this](std::function<void()> job) {
      loads_due_.push_back(turns_ + plan_.seed / 2 % 7);
      return loads_.begin(std::move(job));
    };
  }
  MemoryTables& tables = journey ? instance.journey_tables : instance.windows_tables;
  std::unique_ptr<Worker>& started = journey ? instance.journey : instance.windows;
  started.reset();
  // What a process showed goes with it.
  const BoardSnapshot shown = instance.board.snapshot();
  for (const auto& [task, status] : shown.journeys) {
    if (journey) instance.board.withdraw(task);
  }
  for (const auto& [task, status] : shown.windows) {
    if (!journey) instance.board.withdraw(task);
  }
  started = std::make_unique<Worker>(std::move(options), make_log, tables, clock_, instance.board);
}

void World::turn(Worker& worker) {
  clock_.advance(step_);
  ++turns_;
  moved_ = moved_ || loads_.waiting() > 0;
  for (; !loads_due_.empty() && loads_due_.front() <= turns_; loads_due_.pop_front()) loads_.run_next();
  const auto moved = worker.turn(Millis{0});
  ASSERT_TRUE(moved) << moved.error().message();
  moved_ = moved_ || *moved;
  if (const auto notice = worker.take_notice()) {
    last_notice_ = *notice;
    ++met_[notice->substr(0, notice->find(": another client"))];
  }
}

void World::turn_unless_paused(Instance& instance) {
  if (instance.paused > 0) {
    --instance.paused;
    return;
  }
  turn(*instance.journey);
  turn(*instance.windows);
}

void World::count_silences() {
  SimLog reader(broker_, SimLogOptions{});
  Names names = topology_.rules->current().rules->names();
  for (std::int32_t p = 0; p < plan_.delta_partitions; ++p) {
    const auto end = reader.read({topology_.topics.deltas, Partition(p)}, Offset(0), [&](const Record& record) {
      const auto batch = decode_deltas(*record.value, names);
      ASSERT_TRUE(batch);
      if (batch->head.has_mark && batch->head.silent) ++met_["a partition is told to be silent"];
    });
    ASSERT_TRUE(end) << end.error().message();
  }
}

/// What a keeper of standby copies does, for a few tasks at a time.
void World::copy_something(Random& random) {
  SimLog reader(broker_, SimLogOptions{});
  Pulse pulse;
  for (const auto& instance : instances_) {
    const bool journey = between(random, 0, 1) == 0;
    const std::int64_t last = (journey ? plan_.partitions : plan_.delta_partitions) - 1;
    const Partition partition(static_cast<std::int32_t>(between(random, 0, last)));
    const TopicNames& names = topology_.topics;
    const ChangelogCopy copy = {
        {journey ? StageKind::kJourney : StageKind::kWindows, journey ? std::string("input") : names.deltas, partition},
        journey ? names.journey_changelog : names.windows_changelog};
    const auto claim = instance->claims->take_to_copy(copy.task);
    if (!claim) continue;
    const auto read = catch_up(copy, reader, journey ? instance->journey_tables : instance->windows_tables, pulse);
    ASSERT_TRUE(read || read.error().kind() == ErrorKind::kRetry) << read.error().message();
    if (read && *read > 0) ++met_["a copy is brought up to date"];
  }
}

void World::lose_disk(Part part, Instance& instance) {
  const bool journey = part == Part::kJourney;
  const StageKind stage = journey ? StageKind::kJourney : StageKind::kWindows;
  const std::string topic = journey ? "input" : topology_.topics.deltas;
  const std::int32_t partitions = journey ? plan_.partitions : plan_.delta_partitions;
  MemoryTables& tables = journey ? instance.journey_tables : instance.windows_tables;
  for (std::int32_t p = 0; p < partitions; ++p) (void)tables.clear({stage, topic, Partition(p)});
}

void World::expire(const Instance& instance) {
  broker_.expire_member("journey", member(Part::kJourney, instance));
  broker_.expire_member("windows", member(Part::kWindows, instance));
}

/// The process ends inside Log::commit, with or without its effect; nothing after that call happens.
void World::kill_in_commit(Part part, Instance& instance, SimFault::Effect effect) {
  broker_.inject({SimCall::kCommit, ErrorKind::kFatal, effect, 0, member(part, instance)});
  clock_.advance(topology_.commit);
  const std::string before = std::exchange(last_notice_, {});
  turn(worker(part, instance));
  if (last_notice_.empty()) {
    last_notice_ = before;  // there was nothing to commit; some later commit fails instead
  } else {
    ++met_[effect == SimFault::Effect::kDone ? "the process ends after its commit, before its tables have it"
                                             : "the process ends in its commit"];
  }
  start(part, instance);
}

/// Now and then one of these comes over one of the instances.
void World::disturb(Random& random) {
  if (between(random, 0, 3) != 0) return;
  Instance& instance = *instances_[static_cast<std::size_t>(between(random, 0, plan_.instances - 1))];
  disturb(random, instance, between(random, 0, 1) == 0 ? Part::kJourney : Part::kWindows);
}

void World::disturb(Random& random, Instance& instance, Part part) {
  using enum Disturbance;
  const auto inject = [&](SimCall call, ErrorKind kind, SimFault::Effect effect, std::int64_t skip = 0) {
    broker_.inject({call, kind, effect, static_cast<int>(skip), member(part, instance)});
  };
  const auto last = static_cast<std::int64_t>(all_disturbances().size()) - 1;
  const auto chosen = static_cast<Disturbance>(between(random, 0, last));
  ++disturbances_[all_disturbances()[static_cast<std::size_t>(chosen)]];
  switch (chosen) {
    case kKilled:
      return start(part, instance);
    case kDiskLost:
      lose_disk(part, instance);
      return start(part, instance);
    case kKilledBeforeCommit:
      return kill_in_commit(part, instance, SimFault::Effect::kNothing);
    case kKilledAfterCommit:
      return kill_in_commit(part, instance, SimFault::Effect::kDone);
    case kRestoreFailed:
      inject(SimCall::kRead, ErrorKind::kRetry, SimFault::Effect::kNothing, between(random, 0, 2));
      return start(part, instance);
    case kCommitAborted:
      return inject(SimCall::kCommit, ErrorKind::kAbort, SimFault::Effect::kNothing);
    case kCommitUnknownDone:
      return inject(SimCall::kCommit, ErrorKind::kFatal, SimFault::Effect::kDone);
    case kCommitUnknownNotDone:
      return inject(SimCall::kCommit, ErrorKind::kFatal, SimFault::Effect::kNothing);
    case kProduceAborted:
      return inject(SimCall::kProduce, ErrorKind::kAbort, SimFault::Effect::kNothing, between(random, 0, 20));
    case kDiskFull: {
      MemoryTables& tables = part == Part::kJourney ? instance.journey_tables : instance.windows_tables;
      return tables.fail_next_apply(Error(ErrorKind::kRetry, "the disk is nearly full"));
    }
    case kFenced:
      // Made and gone again: from here on the transactional id is not the worker's.
      (void)client(part, instance);
      return;
    case kSessionExpired:
      return expire(instance);
    case kSessionExpiresAtCommit:
      return broker_.expire_member_at_commit(member(part, instance));
    case kPausedBeyondSession:
      instance.paused = static_cast<int>(between(random, 1, 6));
      return expire(instance);
    case kPaused:
      instance.paused = static_cast<int>(between(random, 1, 3));
      return;
    case kStopped:
      (void)instance.journey->stop();
      (void)instance.windows->stop();
      start(Part::kJourney, instance);
      return start(Part::kWindows, instance);
  }
}

}  // namespace touchstone::simulation
