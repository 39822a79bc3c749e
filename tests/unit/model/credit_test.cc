#include "engine/model/credit.h"

#include <gtest/gtest.h>

#include "engine/model/fixed.h"
#include "tests/support/maps.h"

namespace touchstone {
namespace {

std::vector<PathTouch> path_of(const std::vector<int>& touchpoints) {
  std::vector<PathTouch> path;
  for (const int number : touchpoints) {
    path.push_back({TouchpointNo(static_cast<std::uint16_t>(number)), testing::at(0)});
  }
  return path;
}

std::vector<std::int64_t> shares(CreditModel model, const std::vector<PathTouch>& path) {
  std::vector<std::int64_t> out;
  for (const Credit& credit : split_credit(model, path, {testing::at(0), 0}, std::chrono::days{7})) {
    out.push_back(credit.share);
  }
  return out;
}

using Shares = std::vector<std::int64_t>;

TEST(Credit, FirstAndLastTakeAll) {
  const auto path = path_of({3, 1, 2});
  const auto first = split_credit(CreditModel::kFirst, path, {testing::at(0), 500'000}, std::chrono::days{7});
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].touchpoint.value(), 3);
  EXPECT_EQ(first[0].share, kMillion);
  EXPECT_EQ(first[0].value, 500'000);
  const auto last = split_credit(CreditModel::kLast, path, {testing::at(0), 0}, std::chrono::days{7});
  ASSERT_EQ(last.size(), 1U);
  EXPECT_EQ(last[0].touchpoint.value(), 2);
}

TEST(Credit, PositionGivesFortyTwentyForty) {
  EXPECT_EQ(shares(CreditModel::kPosition, path_of({0, 1, 2, 3, 4, 5})),
            (Shares{400'000, 50'000, 50'000, 50'000, 50'000, 400'000}));
  EXPECT_EQ(shares(CreditModel::kPosition, path_of({0, 1})), (Shares{500'000, 500'000}));
  EXPECT_EQ(shares(CreditModel::kPosition, path_of({0})), (Shares{1'000'000}));
}

TEST(Credit, DecayHalvesWithEachHalfLife) {
  // 50.00 over touches 9, 6, 0 and 0 days old.
  std::vector<PathTouch> path = path_of({0, 1, 2, 3});
  path[0].time = testing::at(0);
  path[1].time = testing::at(3 * 86'400);
  path[2].time = path[3].time = testing::at(9 * 86'400);
  const auto credits =
      split_credit(CreditModel::kDecay, path, {testing::at(9 * 86'400), 500'000}, std::chrono::days{7});
  ASSERT_EQ(credits.size(), 4U);
  EXPECT_NEAR(static_cast<double>(credits[0].value), 69'200, 100);
  EXPECT_NEAR(static_cast<double>(credits[1].value), 93'200, 100);
  EXPECT_NEAR(static_cast<double>(credits[2].value), 168'800, 100);
  EXPECT_EQ(credits[2].value, credits[3].value);
}

TEST(Credit, DistinctTouchpointsShareEqually) {
  EXPECT_EQ(shares(CreditModel::kShapley, path_of({1, 2, 1, 1})), (Shares{500'000, 500'000}));
}

TEST(Credit, ATouchpointGetsTheSumOfItsTouches) {
  EXPECT_EQ(shares(CreditModel::kLinear, path_of({1, 2, 1, 1})), (Shares{750'000, 250'000}));
}

}  // namespace
}  // namespace touchstone
