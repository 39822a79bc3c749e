// Another map comes into force while the engines run. What was committed before is by the old map, what comes after by
// the new one, whatever is killed at that moment: a task that has to read events again reads them by the map they were
// committed by.
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "tests/simulation/stream.h"
#include "tests/simulation/world.h"

namespace touchstone::simulation {
namespace {

constexpr const char* kBefore = R"(
version: 1
name: a shop
lifecycle: {stages: [a, b, c], lapse_after: 1d}
segments: [{id: gold, when: {attributes.tier: gold}}]
touchpoints:
  - {id: ad, channel: ad, match: {type: impression}}
  - {id: page, match: {type: page_view}, moves: [{to: b}]}
  - {id: buy, match: {type: purchase}, conversion: true, moves: [{to: c}]}
  - {id: call, channel: phone, match: {type: call}, moves: [{to: a, back: true, when: {customer.stage: c}}]}
  - {id: survey, match: {type: survey_response}, feedback: true}
)";

// Other numbers for everything, a stage and a touchpoint more, one of each less, other moves.
constexpr const char* kAfter = R"(
version: 1
name: a shop
lifecycle: {stages: [z, a, c], lapse_after: 2d}
segments: [{id: new}, {id: gold, when: {attributes.tier: gold}}]
touchpoints:
  - {id: order, match: {type: purchase}, conversion: true, moves: [{to: c}]}
  - {id: call, channel: phone, match: {type: call}, moves: [{to: z, back: true}]}
  - {id: survey, match: {type: survey_response}, feedback: true}
  - {id: page, match: {type: page_view}, moves: [{to: a}]}
)";

Outcome outcome_of(const Plan& plan) {
  World world(plan);
  Random random(plan.seed);
  world.run(any_stream(random, 400, plan.partitions));
  return ::testing::Test::HasFatalFailure() ? Outcome{} : world.outcome();
}

TEST(MapChange, IsExactWhateverIsKilledThen) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    Plan plan;
    plan.seed = seed;
    plan.map = kBefore;
    plan.next_map = kAfter;
    const Outcome expected = outcome_of(plan);
    ASSERT_FALSE(expected.empty());
    plan.killed_then = true;
    for (const std::uint32_t slices : {1U, 3U, 16U}) {
      plan.slices = slices;
      ASSERT_EQ(difference(expected, outcome_of(plan)), "") << "seed " << seed << ", " << slices << " slices";
    }
  }
}

TEST(MapChange, SurvivesEverythingThatComesAfterIt) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    Plan plan;
    plan.seed = seed;
    plan.map = kBefore;
    plan.next_map = kAfter;
    const Outcome expected = outcome_of(plan);
    plan.disturbed = true;
    plan.slices = 4;
    plan.instances = 2;
    ASSERT_EQ(difference(expected, outcome_of(plan)), "") << "seed " << seed;
  }
}

}  // namespace
}  // namespace touchstone::simulation
