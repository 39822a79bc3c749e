// The real engine on the simulated log: crashes, aborted and unknown commits, lost disks, fenced workers, each from
// a seed. Whatever happened, what stands in the derived topics is what an undisturbed run writes.
//
// TOUCHSTONE_SEEDS sets how many seeds are tried.
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "app/topology.h"
#include "engine/flow/hand_clock.h"
#include "engine/flow/worker.h"
#include "ingest/sim_broker.h"
#include "ingest/sim_log.h"
#include "state/memory_tables.h"
#include "tests/support/maps.h"

namespace touchstone {
namespace {

using Random = std::mt19937_64;

std::int64_t between(Random& random, std::int64_t low, std::int64_t high) {
  return std::uniform_int_distribution<std::int64_t>(low, high)(random);
}

// Under a sanitizer a seed costs ten times as much, and looks for other faults.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kUsualSeeds = 15;
#else
constexpr int kUsualSeeds = 100;
#endif

int seeds() {
  const char* wanted = std::getenv("TOUCHSTONE_SEEDS");
  return wanted != nullptr ? std::max(1, std::atoi(wanted)) : kUsualSeeds;
}

/// Records of a small shop: out of order, late, repeated, broken, forgotten.
std::vector<SimRecord> any_stream(Random& random, int count, std::int32_t partitions) {
  static const char* const kTypes[] = {"impression",      "page_view", "page_view", "call",
                                       "survey_response", "purchase",  "x"};
  std::vector<SimRecord> stream;
  std::int64_t now = millis_of(testing::at(0));
  for (int i = 0; i < count; ++i) {
    now += between(random, 0, 4'000);
    if (between(random, 0, 60) == 0) now += between(random, 0, 100'000'000);
    const std::string who = "c" + std::to_string(between(random, 0, 12));
    SimRecord record;
    record.topic = "input";
    record.partition = Partition(murmur2_partition(who, partitions));
    record.key = who;
    record.timestamp_ms = now;
    if (between(random, 0, 80) == 0) {
      stream.push_back(std::move(record));  // a null value: forget
      continue;
    }
    const std::int64_t time = now - between(random, 0, 8) * between(random, 0, 3'000);
    std::string json =
        "{\"type\":\"" + std::string(kTypes[between(random, 0, 6)]) + "\",\"time\":" + std::to_string(time);
    if (between(random, 0, 2) != 0) json += ",\"id\":\"i" + std::to_string(between(random, 0, count / 3)) + "\"";
    if (between(random, 0, 3) == 0) json += ",\"value\":" + std::to_string(between(random, -50, 500)) + ".25";
    if (between(random, 0, 3) == 0) json += ",\"feedback\":{\"csat\":" + std::to_string(between(random, 1, 5)) + "}";
    if (between(random, 0, 9) == 0) json += ",\"attributes\":{\"tier\":\"gold\"}";
    json += between(random, 0, 40) == 0 ? "" : "}";
    record.value = std::move(json);
    stream.push_back(std::move(record));
  }
  return stream;
}

/// What an undisturbed reader sees: by topic and key, the values in order.
using Outcome = std::map<std::pair<std::string, std::string>, std::vector<std::string>>;

struct Plan {
  std::uint64_t seed = 0;
  std::int32_t partitions = 2;
  std::int32_t delta_partitions = 2;
  std::uint32_t slices = 1;
  std::size_t batch = 50;
  int instances = 1;
  bool disturbed = false;
};

/// How often each disturbance came.
using Disturbances = std::map<std::string, int>;

/// One process with its own disks.
struct Instance {
  std::string name;
  MemoryTables journey_tables;
  MemoryTables windows_tables;
  Board board;
  std::unique_ptr<Worker> journey;
  std::unique_ptr<Worker> windows;
  int paused = 0;  ///< turns for which it does nothing, as a process that is stopped
};

/// Engines of two workers each on one broker, that can be killed, stopped for a while, and started again.
class World {
 public:
  explicit World(const Plan& plan) : plan_(plan) {
    Settings settings;
    settings.windows = {{"1m", std::chrono::minutes{1}, std::chrono::seconds{5}},
                        {"1h", std::chrono::hours{1}, std::chrono::minutes{1}},
                        {"24h", std::chrono::hours{24}, std::chrono::hours{1}}};
    topology_.rules = testing::small_rules(settings);
    topology_.inputs = {{"input", plan.partitions}};
    topology_.delta_partitions = plan.delta_partitions;
    topology_.slices = plan.slices;
    topology_.commit = Millis{100};
    topology_.detect_silence = false;
    const TopicNames& names = topology_.topics;
    broker_.create_topic("input", plan.partitions);
    broker_.create_topic(names.deltas, plan.delta_partitions);
    broker_.create_topic(names.journey_changelog, plan.partitions);
    broker_.create_topic(names.windows_changelog, plan.delta_partitions);
    for (const std::string& topic : derived()) broker_.create_topic(topic, 1);
    for (int i = 0; i < plan.instances; ++i) {
      Instance& instance = *instances_.emplace_back(std::make_unique<Instance>());
      instance.name = std::to_string(i);
      start_journey(instance);
      start_windows(instance);
    }
  }

  void run(const std::vector<SimRecord>& stream) {
    Random disturbance(plan_.seed + 1);
    for (std::size_t fed = 0; fed < stream.size(); fed += plan_.batch) {
      for (std::size_t i = fed; i < std::min(stream.size(), fed + plan_.batch); ++i) {
        ASSERT_TRUE(broker_.append(stream[i]));
      }
      for (int turns = 0; turns < 3; ++turns) {
        if (plan_.disturbed) disturb(disturbance);
        for (const auto& instance : instances_) turn_unless_paused(*instance);
      }
    }
    finish();
  }

  Outcome outcome() {
    Outcome seen;
    for (const std::string& topic : derived()) {
      broker_.drain(topic, [&](const Record& record) {
        seen[{topic, std::string(record.key.value_or(""))}].emplace_back(record.value.value_or(""));
      });
    }
    add_board(seen);
    return seen;
  }

  [[nodiscard]] const Disturbances& disturbances() const { return disturbances_; }

 private:
  [[nodiscard]] std::vector<std::string> derived() const {
    const TopicNames& names = topology_.topics;
    return {names.interactions, names.transitions, names.conversions, names.windows, names.dead_letters};
  }

  /// What is only asked for, not written: moves, stays and rankings over the longest window.
  void add_board(Outcome& seen) const {
    const BoardSnapshot board =
        instances_.front()->board.window_snapshot(topology_.rules->settings().windows.size() - 1);
    const auto values = [&](const CellKey& cell) -> std::vector<std::string>& {
      return seen[{"board", std::string(kScopeNames[static_cast<std::size_t>(cell.scope)]) + "/" + cell.id + "/" +
                                cell.segment}];
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

  LogFactory log_of(const std::string& group, const Instance& instance, std::vector<std::string> topics) {
    return
        [this, group, id = group + "-" + instance.name, topics = std::move(topics)]() -> Result<std::unique_ptr<Log>> {
          return std::unique_ptr<Log>(std::make_unique<SimLog>(broker_, SimLogOptions{group, id, topics}));
        };
  }
  void start_journey(Instance& instance) {
    instance.journey.reset();
    instance.journey = std::make_unique<Worker>(journey_worker(topology_), log_of("journey", instance, {"input"}),
                                                instance.journey_tables, clock_, instance.board);
  }
  void start_windows(Instance& instance) {
    instance.windows.reset();
    instance.windows =
        std::make_unique<Worker>(windows_worker(topology_), log_of("windows", instance, {topology_.topics.deltas}),
                                 instance.windows_tables, clock_, instance.board);
  }

  void turn(Worker& worker) {
    clock_.advance(Millis{60});
    const auto moved = worker.turn(Millis{0});
    ASSERT_TRUE(moved) << moved.error().message();
    if (const auto notice = worker.take_notice()) last_notice_ = *notice;
  }

  void turn_unless_paused(Instance& instance) {
    if (instance.paused > 0) {
      --instance.paused;
      return;
    }
    turn(*instance.journey);
    turn(*instance.windows);
  }

  void lose_disk(MemoryTables& tables, StageKind stage, const std::string& topic, std::int32_t partitions) {
    for (std::int32_t p = 0; p < partitions; ++p) (void)tables.clear({stage, topic, Partition(p)});
  }

  /// Now and then one of these comes over one of the instances.
  void disturb(Random& random) {
    if (between(random, 0, 3) != 0) return;
    Instance& instance = *instances_[static_cast<std::size_t>(between(random, 0, plan_.instances - 1))];
    const auto inject = [&](ErrorKind kind, SimFault::Effect effect) {
      broker_.inject({SimCall::kCommit, kind, effect});
    };
    const std::vector<std::pair<std::string, std::function<void()>>> all = {
        {"journey killed", [&] { start_journey(instance); }},
        {"windows killed", [&] { start_windows(instance); }},
        {"journey killed, disk lost",
         [&] {
           lose_disk(instance.journey_tables, StageKind::kJourney, "input", plan_.partitions);
           start_journey(instance);
         }},
        {"windows killed, disk lost",
         [&] {
           lose_disk(instance.windows_tables, StageKind::kWindows, topology_.topics.deltas, plan_.delta_partitions);
           start_windows(instance);
         }},
        {"commit aborted", [&] { inject(ErrorKind::kAbort, SimFault::Effect::kNothing); }},
        {"commit unknown, done", [&] { inject(ErrorKind::kFatal, SimFault::Effect::kDone); }},
        {"commit unknown, not done", [&] { inject(ErrorKind::kFatal, SimFault::Effect::kNothing); }},
        {"produce aborted",
         [&] {
           broker_.inject({SimCall::kProduce, ErrorKind::kAbort, SimFault::Effect::kNothing,
                           static_cast<int>(between(random, 0, 20))});
         }},
        {"disk nearly full",
         [&] { instance.journey_tables.fail_next_apply(Error(ErrorKind::kRetry, "the disk is nearly full")); }},
        {"session expired",
         [&] {
           broker_.expire_member("journey", "journey-" + instance.name);
           broker_.expire_member("windows", "windows-" + instance.name);
         }},
        {"paused beyond its session",
         [&] {
           instance.paused = static_cast<int>(between(random, 1, 6));
           broker_.expire_member("journey", "journey-" + instance.name);
           broker_.expire_member("windows", "windows-" + instance.name);
         }},
        {"paused for a moment", [&] { instance.paused = static_cast<int>(between(random, 1, 3)); }},
        {"stopped and started",
         [&] {
           (void)instance.journey->stop();
           (void)instance.windows->stop();
           start_journey(instance);
           start_windows(instance);
         }},
    };
    const auto& [name, happen] =
        all[static_cast<std::size_t>(between(random, 0, static_cast<std::int64_t>(all.size()) - 1))];
    ++disturbances_[name];
    happen();
  }

  /// All but the first leave; it catches up, its input ends, and it finishes.
  void finish() {
    while (instances_.size() > 1) {
      // Whoever was killed or paused knows its end only from the others.
      for (int i = 0; i < 20; ++i) turn_unless_paused(*instances_.back());
      (void)instances_.back()->journey->stop();
      (void)instances_.back()->windows->stop();
      instances_.pop_back();
    }
    Instance& last = *instances_.front();
    last.paused = 0;
    for (int i = 0; i < 400; ++i) turn_unless_paused(last);
    ASSERT_TRUE(last.journey->end_input(1));
    for (int i = 0; i < 400; ++i) turn_unless_paused(last);
    ASSERT_TRUE(last.journey->finished()) << "the last notice was: " << last_notice_;
  }

  Plan plan_;
  SimBroker broker_;
  HandClock clock_;
  Topology topology_;
  std::vector<std::unique_ptr<Instance>> instances_;
  Disturbances disturbances_;
  std::string last_notice_;
};

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

Outcome outcome_of(const Plan& plan, const std::vector<SimRecord>& stream, Disturbances* disturbances = nullptr) {
  World world(plan);
  world.run(stream);
  for (const auto& [name, count] : world.disturbances()) {
    if (disturbances != nullptr) (*disturbances)[name] += count;
  }
  return world.outcome();
}

TEST(EngineSimulation, WritesTheSameWhateverFails) {
  Disturbances disturbances;
  for (int seed = 1; seed <= seeds(); ++seed) {
    Random random(static_cast<std::uint64_t>(seed));
    Plan plan;
    plan.seed = static_cast<std::uint64_t>(seed);
    plan.slices = seed % 2 == 0 ? 4 : 1;
    plan.partitions = 2 + seed % 3;
    const auto stream = any_stream(random, 400, plan.partitions);
    const Outcome expected = outcome_of(plan, stream);
    ASSERT_TRUE(expected.contains({"board", "paths/all/all"}));
    ASSERT_TRUE(expected.contains({"board", "moves/page/all"}));
    plan.disturbed = true;
    plan.instances = 1 + seed % 4;
    const std::string found = difference(expected, outcome_of(plan, stream, &disturbances));
    ASSERT_EQ(found, "") << "seed " << seed << ", " << plan.slices << " slices, " << plan.instances << " instances";
    if (HasFatalFailure()) return;
  }
  std::cout << seeds() << " seeds, in which came:\n";
  for (const auto& [name, count] : disturbances) std::cout << "  " << name << ": " << count << '\n';
  EXPECT_TRUE(seeds() < kUsualSeeds || disturbances.size() == 13) << "a disturbance never came";
}

TEST(EngineSimulation, WritesTheSameHoweverItIsBatched) {
  Random random(7);
  Plan plan;
  const auto stream = any_stream(random, 1'000, plan.partitions);
  const Outcome expected = outcome_of(plan, stream);
  for (const std::size_t batch : {std::size_t{1}, std::size_t{13}, std::size_t{1'000}}) {
    plan.batch = batch;
    EXPECT_EQ(difference(expected, outcome_of(plan, stream)), "") << "in batches of " << batch;
  }
  plan.delta_partitions = 5;
  EXPECT_EQ(difference(expected, outcome_of(plan, stream)), "") << "with another number of windows partitions";
}

}  // namespace
}  // namespace touchstone
