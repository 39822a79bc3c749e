#include "engine/model/journey.h"

#include <gtest/gtest.h>

#include "engine/model/quantile.h"
#include "tests/support/maps.h"

namespace touchstone {
namespace {

using testing::at;
using testing::event;

class JourneyTest : public ::testing::Test {
 protected:
  std::optional<Observation> see(const Event& event, bool late = false) {
    return observe(customer_, event, *rules_, late);
  }
  [[nodiscard]] std::string name(TouchpointNo number) const { return rules_->touchpoints().id(number); }

  std::shared_ptr<const Rules> rules_ = testing::small_rules();
  Customer customer_;
};

TEST_F(JourneyTest, StartsInTheFirstStageAndMovesForward) {
  const auto first = see(event("impression", 0));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->stage, StageNo(0));
  EXPECT_FALSE(first->stage_before);
  ASSERT_EQ(first->transitions.size(), 1U);
  EXPECT_FALSE(first->transitions[0].from);
  const auto second = see(event("page_view", 1));
  EXPECT_EQ(second->stage, StageNo(1));
  EXPECT_EQ(second->stage_before, StageNo(0));
  ASSERT_EQ(second->transitions.size(), 1U);
}

TEST_F(JourneyTest, MovesBackOnlyWhereTheMoveSaysSo) {
  (void)see(event("purchase", 0));
  const auto page = see(event("page_view", 1));
  EXPECT_EQ(page->stage, StageNo(2)) << "page's move to b is backward and not allowed";
  const auto call = see(event("call", 2));
  EXPECT_EQ(call->stage, StageNo(0)) << "call may move back";
}

TEST_F(JourneyTest, RemembersTheSegment) {
  Event gold = event("page_view", 0);
  gold.attributes.emplace_back("tier", std::string_view("gold"));
  EXPECT_EQ(see(gold)->segment, SegmentNo(0));
  EXPECT_EQ(see(event("page_view", 1))->segment, SegmentNo(0));
  Customer other;
  EXPECT_EQ(observe(other, event("page_view", 1), *rules_, false)->segment, rules_->other_segment());
}

TEST_F(JourneyTest, CountsUnderTheMapsChannelElseTheEventsElseOther) {
  EXPECT_EQ(rules_->channels().id(see(event("call", 0))->channel), "phone");
  Event web = event("page_view", 1);
  web[Field::kChannel] = std::string_view("web");
  EXPECT_EQ(rules_->channels().id(see(web)->channel), "web");
  web[Field::kChannel] = std::string_view("carrier-pigeon");
  EXPECT_EQ(see(web)->channel, rules_->other_channel());
}

TEST_F(JourneyTest, DropsAnIdSeenWithinAnHour) {
  Event one = event("page_view", 0);
  one[Field::kId] = std::string_view("x");
  EXPECT_TRUE(see(one));
  EXPECT_FALSE(see(one));
  one.time = at(3'600);
  EXPECT_FALSE(see(one));
  one.time = at(3'601);
  EXPECT_TRUE(see(one)) << "more than an hour apart is another event";
}

TEST_F(JourneyTest, ASurveyRatesTheTouchBeforeIt) {
  (void)see(event("call", 0));
  (void)see(event("unheard-of", 1));
  Event survey = event("survey_response", 2);
  survey[Field::kNps] = std::int64_t{9};
  const auto seen = see(survey);
  ASSERT_TRUE(seen->satisfaction);
  EXPECT_EQ(seen->satisfaction->millionths, 900'000);
  EXPECT_EQ(name(seen->satisfaction->rates), "call");
  EXPECT_EQ(rules_->channels().id(seen->satisfaction->channel), "phone");
}

TEST_F(JourneyTest, ASurveyWithoutYoungTouchRatesItself) {
  (void)see(event("call", 0));
  Event survey = event("survey_response", 7 * 86'400 + 1);
  survey[Field::kCsat] = 4.5;
  const auto seen = see(survey);
  EXPECT_EQ(name(seen->satisfaction->rates), "survey");
  EXPECT_EQ(seen->satisfaction->millionths, 875'000);
}

TEST_F(JourneyTest, AboutGoesBeforeEverything) {
  (void)see(event("call", 0));
  Event survey = event("survey_response", 1);
  survey[Field::kSentiment] = -1.0;
  survey[Field::kAbout] = std::string_view("quiet");
  const auto seen = see(survey);
  EXPECT_EQ(name(seen->satisfaction->rates), "quiet");
  EXPECT_EQ(seen->satisfaction->channel, rules_->other_channel());
  EXPECT_EQ(seen->satisfaction->millionths, 0);
}

TEST_F(JourneyTest, CreditsThePathSinceTheLastConversion) {
  (void)see(event("impression", 0));
  (void)see(event("page_view", 1));
  (void)see(event("survey_response", 2));
  Event buy = event("purchase", 3);
  buy[Field::kValue] = 10.5;
  const auto first = see(buy);
  ASSERT_TRUE(first->conversion);
  ASSERT_EQ(first->conversion->path.size(), 2U) << "surveys are not touches of a path";
  EXPECT_EQ(name(first->conversion->credit[0][0].touchpoint), "ad");
  EXPECT_EQ(name(first->conversion->credit[1][0].touchpoint), "page");
  EXPECT_EQ(first->conversion->credit[0][0].value, 105'000);
  const auto second = see(event("purchase", 4));
  EXPECT_TRUE(second->conversion->path.empty());
  EXPECT_EQ(name(second->conversion->credit[0][0].touchpoint), "buy") << "an empty path credits the purchase itself";
}

TEST_F(JourneyTest, LeavesOutTouchesOlderThanTheLookback) {
  (void)see(event("impression", 0));
  (void)see(event("page_view", 1));
  const auto seen = see(event("purchase", 30 * 86'400 + 1));
  ASSERT_EQ(seen->conversion->path.size(), 1U) << "exactly thirty days is not older";
  EXPECT_EQ(name(seen->conversion->path[0].touchpoint), "page");
}

TEST_F(JourneyTest, KeepsTheLastTouchesEvenWhenTimesRunBackwards) {
  Settings settings;
  settings.max_touches = 3;
  rules_ = testing::small_rules(settings);
  for (int i = 0; i < 10; ++i) (void)see(event("page_view", 1'000 - i));
  const auto seen = see(event("purchase", 2'000));
  ASSERT_EQ(seen->conversion->path.size(), 3U);
  EXPECT_EQ(seen->conversion->path.back().time, at(991));
}

TEST_F(JourneyTest, LapsesAndComesBackToTheStageHeld) {
  (void)see(event("page_view", 0));
  EXPECT_EQ(customer_.due(*rules_), at(86'400));
  const Lapse lapsed = lapse(customer_, *rules_);
  const Transition& gone = lapsed.transition;
  EXPECT_EQ(gone.time, at(86'400));
  EXPECT_FALSE(gone.to);
  EXPECT_EQ(gone.from, StageNo(1));
  ASSERT_EQ(lapsed.path.size(), 1U);
  EXPECT_EQ(lapsed.stay.length_ms, 86'400'000);
  const auto back = see(event("purchase", 100'000));
  ASSERT_EQ(back->transitions.size(), 2U);
  EXPECT_TRUE(back->transitions[0].from_lapsed);
  EXPECT_EQ(back->transitions[0].to, StageNo(1));
  EXPECT_EQ(back->transitions[1].from, StageNo(1));
  EXPECT_EQ(back->stage_before, StageNo(1));
  EXPECT_TRUE(back->conversion->path.empty()) << "a lapse ends the path";
}

TEST_F(JourneyTest, TalliesAnInteractionInEightCells) {
  const auto seen = see(event("page_view", 0));
  DeltaSet deltas;
  tally(*seen, at(0), at(0), *rules_, customer_, deltas);
  EXPECT_EQ(deltas.take().size(), 8U);
}

TEST(Quantile, IsWithinTwoPercent) {
  for (std::int64_t ms = 0; ms < 3'000'000; ms += 1 + ms / 50) {
    const std::int64_t shown = length_of_bucket(bucket_of(ms));
    EXPECT_LE(std::abs(shown - ms) * 100, 2 * ms) << ms;
    EXPECT_LE(bucket_of(ms), bucket_of(ms + 1));
  }
  EXPECT_EQ(length_of_bucket(bucket_of(0)), 0);
  EXPECT_NEAR(static_cast<double>(length_of_bucket(bucket_of(1'000'000'000'000))), 1e12, 2e10);
}

TEST(Quantile, TakesTheNearestRank) {
  const std::vector<BucketCount> buckets = {{10, 1}, {20, 1}, {30, 1}, {40, 1}};
  EXPECT_EQ(quantile_ms(buckets, 50), 20);
  EXPECT_EQ(quantile_ms(buckets, 90), 40);
  EXPECT_EQ(quantile_ms(std::vector<BucketCount>{{7, 1}}, 99), 7);
}

}  // namespace
}  // namespace touchstone
