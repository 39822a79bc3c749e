// Instances that keep copies of what the others run, while everything fails that can: what stands in the derived topics
// is what an undisturbed run writes, and less is read of the changelogs than without copies.
#include <cstdint>
#include <iostream>
#include <string>

#include <gtest/gtest.h>

#include "tests/simulation/world.h"

namespace touchstone {
namespace {

using namespace simulation;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kSeeds = 2;
#else
constexpr int kSeeds = 8;
#endif

TEST(StandbySimulation, WritesTheSameWithCopiesAndRestoresLess) {
  std::uint64_t with_copies = 0;
  std::uint64_t without = 0;
  Tally met;
  for (int seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    Plan plan;
    plan.seed = static_cast<std::uint64_t>(seed);
    plan.slices = seed % 2 == 0 ? 4 : 1;
    plan.partitions = 2 + seed % 3;
    plan.max_records = static_cast<std::size_t>(between(random, 3, 300));
    plan.step = Millis{between(random, 5, 60)};
    const auto stream = any_stream(random, 400, plan.partitions);
    World undisturbed(plan);
    undisturbed.run(stream);
    const Outcome expected = undisturbed.outcome();
    plan.disturbed = true;
    plan.instances = 2 + seed % 3;
    for (const bool copies : {false, true}) {
      plan.copies = copies;
      World world(plan);
      world.run(stream);
      ASSERT_EQ(difference(expected, world.outcome()), "") << (copies ? "with copies" : "without copies");
      (copies ? with_copies : without) += world.restored_records();
      for (const auto& [name, count] : world.met()) met[name] += count;
    }
  }
  std::cout << kSeeds << " seeds: " << met["a copy is brought up to date"] << " copies brought up to date; restored "
            << with_copies << " records, without copies " << without << '\n';
  EXPECT_GT(met["a copy is brought up to date"], 10 * kSeeds);
  EXPECT_LT(with_copies, without);
}

}  // namespace
}  // namespace touchstone
