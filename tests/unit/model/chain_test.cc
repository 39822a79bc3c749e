#include "engine/model/chain.h"

#include <map>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace touchstone {
namespace {

constexpr std::uint16_t kAds = 0;
constexpr std::uint16_t kMailing = 1;

/// Paths added up, as the windows stage has them.
class Paths {
 public:
  void add(const std::vector<std::uint16_t>& path, std::uint16_t end, std::int64_t times = 1, std::int64_t value = 0) {
    std::uint16_t from = CellNo::kAllNumber;
    for (const std::uint16_t touchpoint : path) {
      rows_[from].add({MeasureKind::kMove, touchpoint}, times);
      from = touchpoint;
    }
    rows_[from].add({MeasureKind::kMove, end}, times);
    add_money(rows_[from], {MeasureKind::kValueWhole, 0}, {MeasureKind::kValueFraction, 0}, value);
  }
  [[nodiscard]] std::map<std::uint16_t, ChainCredit> credit() const {
    std::vector<ChainRow> rows;
    for (const auto& [from, cell] : rows_) rows.push_back({from, &cell});
    std::map<std::uint16_t, ChainCredit> credits;
    for (const ChainCredit& credit : removal_credit(rows)) credits.emplace(credit.touchpoint, credit);
    return credits;
  }

 private:
  std::map<std::uint16_t, Cell> rows_;
};

// Ads (conversion) twice, Mailing (conversion), Ads > Mailing (conversion), Ads (null): the removal effects are 0.75
// and 0.5, so of the four conversions Ads earns 2.4 and Mailing 1.6.
TEST(Chain, DividesConversionsByRemovalEffect) {
  Paths paths;
  paths.add({kAds}, kToConversion, 2, 100 * kMoneyUnit);
  paths.add({kMailing}, kToConversion, 1, -20 * kMoneyUnit);
  paths.add({kAds, kMailing}, kToConversion);
  paths.add({kAds}, kToLapse);
  const auto credit = paths.credit();
  ASSERT_EQ(credit.size(), 2U);
  EXPECT_EQ(credit.at(kAds).conversions, 2'400'000);
  EXPECT_EQ(credit.at(kMailing).conversions, 1'600'000);
  EXPECT_EQ(static_cast<std::int64_t>(credit.at(kAds).value), 48 * kMoneyUnit);
  EXPECT_EQ(static_cast<std::int64_t>(credit.at(kMailing).value), 32 * kMoneyUnit);
}

TEST(Chain, GivesNothingWhereNothingIsConverted) {
  EXPECT_TRUE(Paths().credit().empty());
  Paths paths;
  paths.add({kAds, kMailing}, kToLapse, 3);
  EXPECT_TRUE(paths.credit().empty());
}

TEST(Chain, GivesNothingToPlacesWithoutWhichNoConversionIsLost) {
  Paths paths;
  paths.add({kAds}, kToConversion, 3);
  paths.add({kMailing}, kToLapse);
  const auto credit = paths.credit();
  ASSERT_EQ(credit.size(), 1U);
  EXPECT_EQ(credit.at(kAds).conversions, 3 * kMillion);
}

TEST(Chain, FollowsTouchesThatRepeatAndPathsThatTurnBack) {
  Paths paths;
  paths.add({kAds, kAds, kMailing, kAds}, kToConversion);
  paths.add({kMailing, kMailing}, kToConversion);
  paths.add({kAds, kMailing}, kToLapse);
  const auto credit = paths.credit();
  ASSERT_EQ(credit.size(), 2U);
  // By hand: start goes to Ads with 2/3; from Ads 1/4 each to Ads and conversion, 1/2 to Mailing; from Mailing 1/4 to
  // each of Ads, Mailing, conversion and null. h(Ads) = 5/7, h(Mailing) = 4/7, h(start) = 2/3. Without Mailing: 2/3 *
  // 1/3; without Ads: 1/3 * 1/3. The effects are 2/3 and 5/6.
  EXPECT_EQ(credit.at(kMailing).conversions, 888'889);
  EXPECT_EQ(credit.at(kAds).conversions, 1'111'111);
}

/// The definition itself: probability of conversion when every move to `without` leads to null, by iterating.
double conversion_probability(const std::map<std::uint16_t, std::map<std::uint16_t, double>>& chain,
                              std::uint16_t without) {
  std::map<std::uint16_t, double> mass{{CellNo::kAllNumber, 1.0}};
  double converted = 0;
  for (int step = 0; step < 20'000 && !mass.empty(); ++step) {
    std::map<std::uint16_t, double> next;
    for (const auto& [from, here] : mass) {
      double all = 0;
      for (const auto& [to, count] : chain.at(from)) all += count;
      for (const auto& [to, count] : chain.at(from)) {
        if (to == kToConversion) converted += here * count / all;
        if (to == kToConversion || to == kToLapse || to == without) continue;
        if (const double arrived = here * count / all; arrived > 1e-18) next[to] += arrived;
      }
    }
    mass = std::move(next);
  }
  return converted;
}

void expect_the_definition(unsigned seed, std::uint16_t touchpoints, int count) {
  std::mt19937 random(seed);
  const auto any = [&](std::size_t below) { return static_cast<std::uint16_t>(random() % below); };
  Paths paths;
  std::map<std::uint16_t, std::map<std::uint16_t, double>> chain;
  std::int64_t conversions = 0;
  for (int i = 0; i < count; ++i) {
    std::vector<std::uint16_t> path(1U + any(6));
    for (auto& touchpoint : path) touchpoint = any(touchpoints);
    const std::uint16_t end = any(3) == 0 ? kToConversion : kToLapse;
    if (end == kToConversion) ++conversions;
    paths.add(path, end);
    std::uint16_t from = CellNo::kAllNumber;
    for (const std::uint16_t touchpoint : path) ++chain[std::exchange(from, touchpoint)][touchpoint];
    ++chain[from][end];
  }
  const double whole = conversion_probability(chain, CellNo::kAllNumber);
  std::map<std::uint16_t, double> effects;
  double sum = 0;
  for (std::uint16_t touchpoint = 0; touchpoint < touchpoints; ++touchpoint) {
    effects[touchpoint] = 1 - conversion_probability(chain, touchpoint) / whole;
    sum += effects[touchpoint];
  }
  const auto credits = paths.credit();
  for (const auto& [touchpoint, effect] : effects) {
    const auto found = credits.find(touchpoint);
    const std::int64_t credited = found == credits.end() ? 0 : found->second.conversions;
    EXPECT_NEAR(static_cast<double>(credited) / static_cast<double>(kMillion),
                static_cast<double>(conversions) * effect / sum, 2e-6)
        << "seed " << seed << ", touchpoint " << touchpoint;
  }
}

TEST(Chain, AgreesWithTheDefinitionOnRandomPaths) {
  for (unsigned seed = 1; seed <= 50; ++seed) expect_the_definition(seed, 7, 60);
}

TEST(Chain, AgreesWithTheDefinitionWhereThereAreManyTouchpoints) { expect_the_definition(1, 81, 300); }

}  // namespace
}  // namespace touchstone
