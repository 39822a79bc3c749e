// The real engine on the simulated log: crashes at each step of a commit, aborted and unknown commits, lost disks,
// fenced workers, silent partitions, each from a seed. Whatever happened, what stands in the derived topics is what an
// undisturbed run writes. Each run says what its seeds led to; what they never led to is a failure.
//
// TOUCHSTONE_SEEDS sets how many seeds are tried (a tenth of it under a sanitizer), TOUCHSTONE_ONLY_SEED tries one;
// with TOUCHSTONE_TELL_SEEDS each is named before it is tried, so that one that ends the process is known.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/flow/topic_names.h"
#include "tests/simulation/world.h"

namespace touchstone {
namespace {

using namespace simulation;

// Under a sanitizer a seed costs ten times as much, and looks for other faults.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kUsualSeeds = 15;
constexpr int kCost = 10;
#else
constexpr int kUsualSeeds = 100;
constexpr int kCost = 1;
#endif
/// With so many seeds every disturbance comes over some engine at its work, and not only over one that has nothing to
/// do.
constexpr int kSeedsForAll = 60;

struct Seeds {
  int first = 1;
  int last = kUsualSeeds;
};

Seeds seeds() {
  if (const char* only = std::getenv("TOUCHSTONE_ONLY_SEED")) return {std::atoi(only), std::atoi(only)};
  const char* wanted = std::getenv("TOUCHSTONE_SEEDS");
  return wanted != nullptr ? Seeds{1, std::max(1, std::atoi(wanted) / kCost)} : Seeds{};
}

void add(const Tally& some, Tally& sum) {
  for (const auto& [name, count] : some) sum[name] += count;
}

void tell(const std::string& heading, const Tally& tally) {
  std::cout << heading << '\n';
  for (const auto& [name, count] : tally) std::cout << "  " << name << ": " << count << '\n';
}

/// What the engines must have met where every disturbance came.
const std::vector<std::string> kToBeMet = {"a partition is told to be silent",
                                           "journey: fenced",
                                           "journey: injected failure",
                                           "journey: the disk is nearly full",
                                           "journey: the group has given its partitions out anew",
                                           "the board has moves",
                                           "the board has paths",
                                           "the process ends after its commit, before its tables have it",
                                           "the process ends in its commit",
                                           "windows: fenced",
                                           "windows: injected failure",
                                           "windows: the disk is nearly full",
                                           "windows: the group has given its partitions out anew"};

struct Reached {
  Tally disturbances;
  Tally met;
};

Outcome outcome_of(const Plan& plan, const std::vector<SimRecord>& stream, Reached* reached = nullptr) {
  World world(plan);
  world.run(stream);
  if (reached != nullptr) {
    add(world.disturbances(), reached->disturbances);
    add(world.met(), reached->met);
  }
  return world.outcome();
}

void try_seed(int seed, Reached& reached) {
  Random random(static_cast<std::uint64_t>(seed));
  Plan plan;
  plan.seed = static_cast<std::uint64_t>(seed);
  plan.slices = seed % 2 == 0 ? 4 : 1;
  plan.partitions = 2 + seed % 3;
  plan.silence = seed % 5 < 2;
  plan.max_records = seed % 3 == 0 ? 2'000 : static_cast<std::size_t>(between(random, 3, 30));
  plan.step = Millis{between(random, 5, 60)};
  const auto stream = any_stream(random, 400, plan.partitions);
  const Outcome expected = outcome_of(plan, stream);
  // Of some streams all paths have left the longest window at the end.
  if (expected.contains({"board", "paths/all/all"})) ++reached.met["the board has paths"];
  if (expected.contains({"board", "moves/page/all"})) ++reached.met["the board has moves"];
  plan.disturbed = true;
  plan.instances = 1 + seed % 4;
  const std::string found = difference(expected, outcome_of(plan, stream, &reached));
  ASSERT_EQ(found, "") << "seed " << seed << ", " << plan.slices << " slices, " << plan.instances << " instances";
}

TEST(EngineSimulation, WritesTheSameWhateverFails) {
  Reached reached;
  const auto [first, last] = seeds();
  for (int seed = first; seed <= last; ++seed) {
    if (std::getenv("TOUCHSTONE_TELL_SEEDS") != nullptr) std::cout << "seed " << seed << std::endl;
    try_seed(seed, reached);
    if (HasFatalFailure()) {
      std::cout << "failed with seed " << seed << std::endl;
      return;
    }
  }
  tell(std::to_string(last - first + 1) + " seeds, in which came over an engine:", reached.disturbances);
  tell("and what the engines met:", reached.met);
  if (last - first + 1 < kSeedsForAll) return;
  for (const std::string& name : all_disturbances()) EXPECT_TRUE(reached.disturbances.contains(name)) << name;
  for (const std::string& name : kToBeMet) EXPECT_TRUE(reached.met.contains(name)) << name;
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

/// Alerts of every cell of the outcome.
int alerts_in(const Outcome& outcome) {
  int alerts = 0;
  for (const auto& [key, values] : outcome) {
    if (key.first == TopicNames{}.alerts) alerts += static_cast<int>(values.size());
  }
  return alerts;
}

TEST(EngineSimulation, TellsTheSameAlertsWhateverFailsAndHoweverItIsSpread) {
  Random random(11);
  Plan plan;
  const auto stream = stream_with_drop(random, 600, plan.partitions);
  const Outcome expected = outcome_of(plan, stream);
  // It fires in the page's cell and in others above it, and each is resolved.
  ASSERT_GE(alerts_in(expected), 8);
  ASSERT_TRUE(expected.contains({TopicNames{}.alerts, "satisfaction-drop/touchpoint/page/all"}));
  EXPECT_EQ(expected.at({TopicNames{}.alerts, "satisfaction-drop/touchpoint/page/all"}).size(), 2);
  for (const std::size_t batch : {std::size_t{1}, std::size_t{600}}) {
    plan.batch = batch;
    EXPECT_EQ(difference(expected, outcome_of(plan, stream)), "") << "in batches of " << batch;
  }
  plan.delta_partitions = 5;
  EXPECT_EQ(difference(expected, outcome_of(plan, stream)), "") << "with another number of windows partitions";
  plan = Plan{};
  plan.disturbed = true;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    plan.seed = seed;
    plan.slices = seed % 2 == 0 ? 4 : 1;
    plan.instances = 1 + static_cast<int>(seed % 3);
    EXPECT_EQ(difference(expected, outcome_of(plan, stream)), "") << "disturbed by seed " << seed;
  }
}

}  // namespace
}  // namespace touchstone
