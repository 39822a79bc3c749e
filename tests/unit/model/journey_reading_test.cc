#include "engine/model/journey_reading.h"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/model/quantile.h"
#include "tests/support/maps.h"

namespace touchstone {
namespace {

class JourneyReadingTest : public ::testing::Test {
 protected:
  void move(const std::string& from, const std::string& to, std::int64_t count, const std::string& segment = "all") {
    const std::uint16_t sub = to == "lapsed" ? kToLapse : rules_->touchpoints().find(to)->value();
    sums_[{Scope::kMoves, from, segment}].add({MeasureKind::kMove, sub}, count);
  }
  void stay(const std::string& stage, std::int64_t length_ms, std::int64_t count, const std::string& segment = "all") {
    sums_[{Scope::kStay, stage, segment}].add({MeasureKind::kDuration, bucket_of(length_ms)}, count);
  }
  [[nodiscard]] JourneyReading read(const std::string& segment = "all") const {
    return read_journeys(*rules_, sums_, segment);
  }
  [[nodiscard]] std::string name(const NextStep& step) const {
    return step.to ? rules_->touchpoints().id(*step.to) : "lapsed";
  }
  [[nodiscard]] std::vector<std::string> names(const StepsFrom& steps) const {
    std::vector<std::string> found;
    for (const NextStep& step : steps.next) found.push_back(name(step));
    return found;
  }

  std::shared_ptr<const Rules> rules_ = testing::small_rules();
  std::map<CellKey, Cell> sums_;
};

using StepNames = std::vector<std::string>;

TEST_F(JourneyReadingTest, SaysHowLikelyEachWayOnIs) {
  move("ad", "page", 6);
  move("ad", "call", 3);
  move("ad", "lapsed", 1);
  const auto steps = read().steps;
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0].count, 10);
  EXPECT_EQ(names(steps[0]), (StepNames{"page", "call", "lapsed"}));
  EXPECT_EQ(steps[0].next[0].count, 6);
  EXPECT_DOUBLE_EQ(steps[0].next[0].probability, 0.6);
  EXPECT_DOUBLE_EQ(steps[0].next[1].probability, 0.3);
  EXPECT_DOUBLE_EQ(steps[0].next[2].probability, 0.1);
}

TEST_F(JourneyReadingTest, BreaksTiesByTheIdsAndPutsALapseLastOfThem) {
  for (const char* to : {"lapsed", "survey", "page", "unmapped", "ad", "call"}) move("page", to, 2);
  move("page", "quiet", 3);
  EXPECT_EQ(names(read().steps[0]), (StepNames{"quiet", "ad", "call", "page", "survey", "unmapped", "lapsed"}));
}

TEST_F(JourneyReadingTest, GoesThroughTheTouchpointsInMapOrderAndUnmappedLast) {
  for (const char* from : {"unmapped", "call", "ad", "buy"}) move(from, "page", 1);
  const JourneyReading reading = read();
  StepNames from;
  for (const StepsFrom& steps : reading.steps) from.push_back(rules_->touchpoints().id(steps.from));
  EXPECT_EQ(from, (StepNames{"ad", "buy", "call", "unmapped"}));
}

TEST_F(JourneyReadingTest, ReadsOneSegment) {
  move("ad", "page", 1, "gold");
  move("ad", "page", 5, "all");
  stay("a", 1'000, 1, "gold");
  stay("a", 1'000, 4, "all");
  EXPECT_EQ(read("gold").steps[0].count, 1);
  EXPECT_EQ(read("gold").stays[0].lengths.count, 1);
  EXPECT_EQ(read().steps[0].count, 5);
  EXPECT_TRUE(read("other").steps.empty());
  EXPECT_TRUE(read("other").stays.empty());
}

TEST_F(JourneyReadingTest, TellsHowLongCustomersStayedInLifecycleOrder) {
  stay("c", 5'000, 1);
  stay("a", 1'000, 6);
  stay("a", 60'000, 3);
  stay("a", 3'600'000, 1);
  const auto stays = read().stays;
  ASSERT_EQ(stays.size(), 2U);
  EXPECT_EQ(rules_->stages().id(stays[0].stage), "a");
  EXPECT_EQ(rules_->stages().id(stays[1].stage), "c");
  EXPECT_EQ(stays[0].lengths.count, 10);
  EXPECT_NEAR(static_cast<double>(stays[0].lengths.p50_ms), 1'000, 20);
  EXPECT_NEAR(static_cast<double>(stays[0].lengths.p90_ms), 60'000, 1'200);
  EXPECT_NEAR(static_cast<double>(stays[0].lengths.p99_ms), 3'600'000, 72'000);
}

TEST_F(JourneyReadingTest, LeavesOutWhatTheRulesDoNotKnow) {
  sums_[{Scope::kMoves, "gone", "all"}].add({MeasureKind::kMove, 0}, 1);
  sums_[{Scope::kStay, "gone", "all"}].add({MeasureKind::kDuration, bucket_of(1'000)}, 1);
  sums_[{Scope::kMoves, "ad", "all"}].add({MeasureKind::kMove, 4'711}, 9);
  move("ad", "page", 1);
  const JourneyReading reading = read();
  ASSERT_EQ(reading.steps.size(), 1U);
  EXPECT_EQ(reading.steps[0].count, 1);
  EXPECT_DOUBLE_EQ(reading.steps[0].next[0].probability, 1);
  EXPECT_TRUE(reading.stays.empty());
}

TEST_F(JourneyReadingTest, CountsLapsesByTouchpointAndSegment) {
  move("ad", "lapsed", 2, "gold");
  move("ad", "lapsed", 3);
  move("ad", "page", 9);
  move("call", "page", 9);
  sums_[{Scope::kChain, "page", "all"}].add({MeasureKind::kMove, kToLapse}, 7);  // the end of a path is no last sight
  using Lapses = std::map<std::pair<std::string, std::string>, std::int64_t>;
  EXPECT_EQ(lapses_by_touchpoint(sums_), (Lapses{{{"ad", "gold"}, 2}, {{"ad", "all"}, 3}}));
}

}  // namespace
}  // namespace touchstone
