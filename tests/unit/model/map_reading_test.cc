#include "engine/model/map_reading.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/maps.h"

namespace touchstone {
namespace {

/// The small map with what a reading looks at: weights, channels, stages, expectations.
TouchpointMap map_to_read() {
  TouchpointMap map = testing::small_map();
  map.lifecycle.weights = {{"b", 3}};
  const auto touchpoint = [&](std::string_view id) -> Touchpoint& {
    return *std::find_if(map.touchpoints.begin(), map.touchpoints.end(),
                         [&](const Touchpoint& each) { return each.id == id; });
  };
  touchpoint("ad").stages = {"a"};
  touchpoint("page").stages = {"a", "b"};
  touchpoint("page").channel = "web";
  touchpoint("page").expect = {0.8, 30};
  touchpoint("buy").stages = {"c"};
  touchpoint("call").stages = {"b"};
  touchpoint("survey").expect = {0.8, {}};
  return map;
}

class MapReadingTest : public ::testing::Test {
 protected:
  Measures& row(Scope scope, const std::string& id, const std::string& segment = "all") {
    return figures_.rows[{scope, id, segment}];
  }
  Measures& touchpoint(const std::string& id, const std::string& segment = "all") {
    return row(Scope::kTouchpoint, id, segment);
  }
  static void count(Measures& row, std::int64_t interactions, std::int64_t customers, std::int64_t conversions) {
    row.interactions = interactions;
    row.customers = customers;
    row.conversions = conversions;
  }
  void rate(const std::string& id, std::int64_t responses, std::int64_t millionths) {
    touchpoint(id).satisfaction = Mean{responses, millionths};
  }
  /// Interactions, and conversions credited by the linear model (millionths).
  void use(const std::string& id, std::int64_t interactions, std::int64_t credit) {
    touchpoint(id).interactions = interactions;
    touchpoint(id).credit = {{CreditModel::kLinear, credit, 0}};
  }
  std::vector<SegmentReading> read(CreditModel model = CreditModel::kLinear) const {
    return read_map(rules_, figures_, model);
  }
  /// The reading of a touchpoint over all segments, which must be there.
  TouchpointReading reading_of(std::string_view id, CreditModel model = CreditModel::kLinear) const {
    const std::vector<SegmentReading> readings = read(model);
    for (const TouchpointReading& each : readings.back().touchpoints) {
      if (rules_.touchpoints().id(each.touchpoint) == id) return each;
    }
    ADD_FAILURE() << id << " is not in the reading";
    return {};
  }
  StageReading stage(std::string_view id) const { return read().back().stages[rules_.stages().find(id)->value()]; }
  std::vector<std::string> ids(const std::vector<TouchpointReading>& readings) const {
    std::vector<std::string> found;
    for (const auto& each : readings) found.push_back(rules_.touchpoints().id(each.touchpoint));
    return found;
  }

  Rules rules_{map_to_read(), Settings{}};
  MapFigures figures_;
};

using Ids = std::vector<std::string>;

struct Published {
  std::int64_t yes;
  std::int64_t responses;
  double low;
  double high;
};

// 81 of 263, 15 of 148, 0 of 20 and 1 of 29 are those of Newcombe, Statistics in Medicine 17 (1998), method 3.
TEST(WilsonInterval, IsThatOfPublishedTables) {
  for (const Published& each :
       {Published{5, 10, 0.2366, 0.7634}, Published{0, 10, 0, 0.2775}, Published{10, 10, 0.7225, 1},
        Published{81, 263, 0.2553, 0.3662}, Published{15, 148, 0.0624, 0.1605}, Published{0, 20, 0, 0.1611},
        Published{1, 29, 0.0061, 0.1718}}) {
    const double mean = static_cast<double>(each.yes) / static_cast<double>(each.responses);
    const Interval interval = interval_of(mean, each.responses);
    EXPECT_NEAR(interval.low, each.low, 0.00005) << each.yes << " of " << each.responses;
    EXPECT_NEAR(interval.high, each.high, 0.00005) << each.yes << " of " << each.responses;
  }
}

TEST(WilsonInterval, HoldsTheMeanAndNeverLeavesZeroToOne) {
  for (const std::int64_t responses : {1, 2, 3, 7, 100, 1'000'000'000}) {
    for (const double mean : {0.0, 0.000001, 0.25, 0.5, 0.999999, 1.0}) {
      const auto [low, high] = interval_of(mean, responses);
      EXPECT_GE(low, 0);
      EXPECT_LE(high, 1);
      EXPECT_LE(low, mean + 1e-12);
      EXPECT_GE(high, mean - 1e-12);
    }
  }
}

TEST(WilsonInterval, NarrowsWithTheNumberOfResponses) {
  double width = 1;
  for (std::int64_t responses = 1; responses <= 100'000; responses *= 10) {
    const auto [low, high] = interval_of(0.6, responses);
    EXPECT_LT(high - low, width);
    width = high - low;
  }
  EXPECT_LT(width, 0.01);
}

TEST(Standing, IsMetAtTheExpectationAndWorseBelowIt) {
  EXPECT_EQ(standing_of(0.8, {0.7, 0.9}, 0.8), Standing::kMet);
  EXPECT_EQ(standing_of(0.9, {0.7, 0.95}, 0.8), Standing::kMet);
  EXPECT_EQ(standing_of(0.799999, {0.7, 0.9}, 0.8), Standing::kWorse);
}

TEST(Standing, IsSurelyWorseOnlyWithTheWholeIntervalBelow) {
  EXPECT_EQ(standing_of(0.5, {0.2, 0.8}, 0.8), Standing::kWorse);
  EXPECT_EQ(standing_of(0.5, {0.2, 0.799999}, 0.8), Standing::kSurelyWorse);
}

TEST_F(MapReadingTest, SetsSatisfactionAgainstWhatTheMapExpects) {
  rate("page", 4, 500'000);
  const TouchpointReading few = reading_of("page");
  EXPECT_EQ(few.satisfaction_standing, Standing::kWorse);
  EXPECT_NEAR(few.interval->low, 0.1500, 0.00005);
  EXPECT_NEAR(few.interval->high, 0.8500, 0.00005);
  rate("page", 400, 500'000);
  EXPECT_EQ(reading_of("page").satisfaction_standing, Standing::kSurelyWorse);
  rate("page", 400, 800'000);
  EXPECT_EQ(reading_of("page").satisfaction_standing, Standing::kMet);
  rate("page", 400, 799'999);
  EXPECT_EQ(reading_of("page").satisfaction_standing, Standing::kWorse);
}

TEST_F(MapReadingTest, DoesNotJudgeWithoutAnExpectationOrWithoutRatings) {
  rate("ad", 400, 0);
  touchpoint("page").interactions = 1;
  const TouchpointReading rated = reading_of("ad");
  EXPECT_EQ(rated.satisfaction_standing, Standing::kUnknown);
  EXPECT_TRUE(rated.interval.has_value());
  const TouchpointReading used = reading_of("page");
  EXPECT_EQ(used.satisfaction_standing, Standing::kUnknown);
  EXPECT_EQ(used.wait_standing, Standing::kUnknown);
  EXPECT_FALSE(used.interval.has_value());
}

TEST_F(MapReadingTest, SetsTheMedianWaitAgainstWhatTheMapExpects) {
  for (Measures* each : {&touchpoint("page"), &touchpoint("ad")}) {
    each->interactions = 1'000;
    each->wait = Lengths{1'000, 30'000, 90'000, 99'000};
  }
  EXPECT_EQ(reading_of("page").wait_standing, Standing::kMet);
  touchpoint("page").wait->p50_ms = 30'001;
  EXPECT_EQ(reading_of("page").wait_standing, Standing::kWorse);
  touchpoint("page").wait->p50_ms = 1'000'000;
  EXPECT_EQ(reading_of("page").wait_standing, Standing::kWorse);
  EXPECT_EQ(reading_of("ad").wait_standing, Standing::kUnknown);
}

TEST_F(MapReadingTest, FindsOverUsedWhatEarnsLessThanHalfItsShare) {
  use("page", 50, 2'500'000);
  use("ad", 50, 7'500'000);
  EXPECT_EQ(reading_of("page").use, Use::kFair);
  EXPECT_DOUBLE_EQ(*reading_of("page").share_of_interactions, 0.5);
  EXPECT_DOUBLE_EQ(*reading_of("page").share_of_credit, 0.25);
  use("page", 50, 2'499'999);
  use("ad", 50, 7'500'001);
  EXPECT_EQ(reading_of("page").use, Use::kOverUsed);
  EXPECT_EQ(reading_of("ad").use, Use::kFair);
}

TEST_F(MapReadingTest, FindsUnderUsedWhatEarnsMoreThanTwiceItsShare) {
  use("call", 10, 2'000'000);
  use("ad", 90, 8'000'000);
  EXPECT_EQ(reading_of("call").use, Use::kFair);
  use("call", 10, 2'000'001);
  use("ad", 90, 7'999'999);
  EXPECT_EQ(reading_of("call").use, Use::kUnderUsed);
}

TEST_F(MapReadingTest, SaysNothingOfUseUnder30InteractionsOr10Conversions) {
  use("page", 29, 0);
  use("call", 0, 10'000'000);
  EXPECT_EQ(reading_of("page").use, Use::kUnknown);
  EXPECT_DOUBLE_EQ(*reading_of("page").share_of_interactions, 1);
  EXPECT_DOUBLE_EQ(*reading_of("page").share_of_credit, 0);
  use("page", 30, 0);
  EXPECT_EQ(reading_of("page").use, Use::kOverUsed);
  use("call", 0, 9'999'999);
  EXPECT_EQ(reading_of("page").use, Use::kUnknown);
}

TEST_F(MapReadingTest, HasNoShareOfCreditWhereNobodyConverted) {
  use("page", 1'000, 0);
  EXPECT_DOUBLE_EQ(*reading_of("page").share_of_interactions, 1);
  EXPECT_FALSE(reading_of("page").share_of_credit.has_value());
  EXPECT_EQ(reading_of("page").use, Use::kUnknown);
}

TEST_F(MapReadingTest, SharesOutUseOnlyAmongTouchpointsThatCanEarnCredit) {
  use("page", 60, 6'000'000);
  use("ad", 40, 4'000'000);
  use("buy", 1'000, 50'000'000);  // a conversion is credited to itself where nothing went before it
  use("survey", 1'000, 0);
  use("unmapped", 1'000, 0);
  for (const char* id : {"buy", "survey", "unmapped"}) {
    const TouchpointReading none = reading_of(id);
    EXPECT_FALSE(none.share_of_interactions.has_value()) << id;
    EXPECT_FALSE(none.share_of_credit.has_value()) << id;
    EXPECT_EQ(none.use, Use::kUnknown) << id;
  }
  EXPECT_DOUBLE_EQ(*reading_of("page").share_of_interactions, 0.6);
  EXPECT_DOUBLE_EQ(*reading_of("page").share_of_credit, 0.6);
}

TEST_F(MapReadingTest, CountsTheCreditOfTouchpointsNotSeenInTheWindow) {
  use("page", 100, 5'000'000);
  use("call", 0, 15'000'000);  // touched before the window began
  EXPECT_DOUBLE_EQ(*reading_of("page").share_of_credit, 0.25);
  EXPECT_EQ(reading_of("page").use, Use::kOverUsed);
  EXPECT_EQ(reading_of("call").use, Use::kUnderUsed);
}

TEST_F(MapReadingTest, TakesTheCreditOfTheModelAskedFor) {
  use("page", 50, 0);
  use("ad", 50, 0);
  touchpoint("page").credit = {{CreditModel::kFirst, 20'000'000, 0}, {CreditModel::kLast, 5'000'000, 0}};
  touchpoint("ad").credit = {{CreditModel::kLast, 15'000'000, 0}};
  EXPECT_DOUBLE_EQ(*reading_of("page", CreditModel::kFirst).share_of_credit, 1);
  EXPECT_DOUBLE_EQ(*reading_of("page", CreditModel::kLast).share_of_credit, 0.25);
  EXPECT_FALSE(reading_of("page", CreditModel::kMarkov).share_of_credit.has_value());
}

TEST_F(MapReadingTest, TellsWhatTheMapDoesNotKnowAndWhatNobodyTouched) {
  row(Scope::kAll, "all").interactions = 8;
  touchpoint("unmapped").interactions = 2;
  touchpoint("page").interactions = 6;
  rate("call", 1, 1'000'000);
  const SegmentReading all = read().back();
  EXPECT_DOUBLE_EQ(all.unmapped_share, 0.25);
  EXPECT_EQ(ids(all.touchpoints), (Ids{"page", "call", "unmapped"}));
  Ids silent;
  for (const TouchpointNo each : all.silent) silent.push_back(rules_.touchpoints().id(each));
  EXPECT_EQ(silent, (Ids{"ad", "buy", "survey", "quiet"}));
}

TEST_F(MapReadingTest, NeverCallsUnmappedSilent) {
  const SegmentReading all = read().back();
  EXPECT_EQ(all.silent.size(), rules_.map().touchpoints.size());
  EXPECT_TRUE(all.touchpoints.empty());
  EXPECT_DOUBLE_EQ(all.unmapped_share, 0);
}

TEST_F(MapReadingTest, ReadsEachSegmentFromItsOwnRows) {
  count(row(Scope::kAll, "all", "gold"), 3, 2, 1);
  row(Scope::kAll, "all").interactions = 7;
  touchpoint("page", "gold").interactions = 3;
  figures_.lapses = {{{"page", "gold"}, 5}, {{"ad", "all"}, 6}};
  const auto readings = read();
  ASSERT_EQ(readings.size(), 3U);
  EXPECT_EQ(readings[0].segment, "gold");
  EXPECT_EQ(readings[1].segment, "other");
  EXPECT_EQ(readings[2].segment, "all");
  EXPECT_EQ(readings[0].interactions, 3);
  EXPECT_EQ(readings[0].customers, 2);
  EXPECT_EQ(readings[0].conversions, 1);
  EXPECT_EQ(readings[1].interactions, 0);
  EXPECT_EQ(readings[2].interactions, 7);
  ASSERT_EQ(ids(readings[0].touchpoints), (Ids{"page"}));
  EXPECT_EQ(readings[0].touchpoints[0].lapses, 5);
  ASSERT_EQ(ids(readings[2].touchpoints), (Ids{"ad"}));
  EXPECT_EQ(readings[2].touchpoints[0].lapses, 6);
}

TEST_F(MapReadingTest, SetsTheShareOfAStageAgainstItsWeight) {
  row(Scope::kAll, "all").interactions = 10;
  count(row(Scope::kStage, "b"), 4, 3, 0);
  const StageReading weighty = stage("b");
  EXPECT_EQ(weighty.interactions, 4);
  EXPECT_EQ(weighty.customers, 3);
  EXPECT_DOUBLE_EQ(weighty.share, 0.4);
  EXPECT_DOUBLE_EQ(weighty.weight_share, 0.6);
  EXPECT_DOUBLE_EQ(stage("a").weight_share, 0.2);
  EXPECT_DOUBLE_EQ(stage("c").share, 0);
}

TEST_F(MapReadingTest, ListsInAStageWhatTheMapPutsThereAndWhatWasSeenThere) {
  const StageNo b = *rules_.stages().find("b");
  touchpoint("ad").stages = {{b, 9}};
  touchpoint("call").stages = {{*rules_.stages().find("a"), 2}, {b, 5}};
  touchpoint("unmapped").stages = {{b, 1}};
  const auto here = stage("b").touchpoints;
  ASSERT_EQ(here.size(), 4U);
  const auto expect = [&](std::size_t i, const char* id, std::int64_t interactions, bool declared) {
    EXPECT_EQ(rules_.touchpoints().id(here[i].touchpoint), id);
    EXPECT_EQ(here[i].interactions, interactions) << id;
    EXPECT_EQ(here[i].declared, declared) << id;
  };
  expect(0, "ad", 9, false);
  expect(1, "page", 0, true);
  expect(2, "call", 5, true);
  expect(3, "unmapped", 1, false);
}

TEST_F(MapReadingTest, ComparesTheChannelsWithinAStageTheBestFirst) {
  rate("page", 3, 400'000);
  rate("call", 1, 900'000);
  rate("ad", 9, 0);  // stands in another stage, and is seen in this one
  touchpoint("ad").stages = {{*rules_.stages().find("b"), 9}};
  const StageReading b = stage("b");
  ASSERT_EQ(b.channels.size(), 2U);
  EXPECT_EQ(b.channels[0].channel, "phone");
  EXPECT_EQ(b.channels[0].satisfaction, (Mean{1, 900'000}));
  EXPECT_EQ(b.channels[1].channel, "web");
  EXPECT_DOUBLE_EQ(*b.spread, 0.5);
  const StageReading a = stage("a");
  ASSERT_EQ(a.channels.size(), 2U);
  EXPECT_EQ(a.channels[0].channel, "web");
  EXPECT_DOUBLE_EQ(*a.spread, 0.4);
}

TEST_F(MapReadingTest, WeighsTheTouchpointsOfAChannelByTheirResponses) {
  TouchpointMap map = map_to_read();
  map.touchpoints[3].channel = "web";  // the call, with the page in stage b
  const Rules rules(std::move(map), Settings{});
  rate("page", 3, 400'000);
  rate("call", 1, 900'000);
  const StageReading b = read_map(rules, figures_, CreditModel::kLinear).back().stages[1];
  ASSERT_EQ(b.channels.size(), 1U);
  EXPECT_EQ(b.channels[0].satisfaction, (Mean{4, 525'000}));
  EXPECT_FALSE(b.spread.has_value());
}

TEST_F(MapReadingTest, LeavesOutOfTheComparisonWhatHasNoChannelOrNoRatings) {
  rate("buy", 5, 500'000);  // its channel is the event's
  EXPECT_TRUE(stage("c").channels.empty());
  EXPECT_TRUE(stage("b").channels.empty());
  EXPECT_FALSE(stage("c").spread.has_value());
}

}  // namespace
}  // namespace touchstone
