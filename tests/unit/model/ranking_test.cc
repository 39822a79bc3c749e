#include "engine/model/ranking.h"

#include <random>

#include <gtest/gtest.h>

#include "tests/support/maps.h"

namespace touchstone {
namespace {

using testing::at;

const CellKey kPathsOfAll{Scope::kPaths, "all", "all"};
const CellKey kPathsOfGold{Scope::kPaths, "all", "gold"};

Rankings rankings_by_ten_seconds() {
  return {{"20s", std::chrono::seconds{20}, std::chrono::seconds{10}}, memory_shelf()};
}

bool every(const CellKey& /*ranking*/) { return true; }

TEST(Rankings, CountOverTheWindowAndForgetWhatHasLeftIt) {
  Rankings rankings = rankings_by_ten_seconds();
  rankings.add(kPathsOfAll, at(0), {{"a", 2}});
  rankings.add(kPathsOfAll, at(5), {{"a", 1}, {"b", 1}});
  rankings.add(kPathsOfAll, at(10), {{"b", 4}});
  EXPECT_TRUE(rankings.sums().empty()) << "no step has closed";
  rankings.close(at(10), every);
  EXPECT_EQ(rankings.sums().at(kPathsOfAll), (ItemCounts{{"a", 3}, {"b", 1}}));
  rankings.close(at(20), every);
  EXPECT_EQ(rankings.sums().at(kPathsOfAll), (ItemCounts{{"a", 3}, {"b", 5}}));
  rankings.close(at(30), every);
  EXPECT_EQ(rankings.sums().at(kPathsOfAll), (ItemCounts{{"b", 4}}));
  rankings.close(at(40), every);
  EXPECT_TRUE(rankings.sums().empty());
}

TEST(Rankings, LeaveOutWhatComesForAStepThatHasClosed) {
  Rankings rankings = rankings_by_ten_seconds();
  rankings.close(at(10), every);
  rankings.add(kPathsOfAll, at(5), {{"late", 1}});
  rankings.close(at(20), every);
  EXPECT_TRUE(rankings.sums().empty());
}

TEST(Rankings, KeepTheMostFrequentItemsOfAStepWithTiesByTheirTexts) {
  Rankings rankings = rankings_by_ten_seconds();
  ItemCounts items;
  for (int i = 0; i < 500; ++i) items["item" + std::to_string(1'000 + i)] = i < 10 ? 5 : 1;
  rankings.add(kPathsOfAll, at(0), items);
  rankings.close(at(10), every);
  const ItemCounts& kept = rankings.sums().at(kPathsOfAll);
  EXPECT_EQ(kept.size(), kRankedItems);
  EXPECT_EQ(kept.begin()->first, "item1000");
  EXPECT_EQ(kept.rbegin()->first, "item1099");
}

TEST(Rankings, HaveFewerStepsThanAWindowOfVeryMany) {
  Rankings rankings({"1000s", std::chrono::seconds{1'000}, std::chrono::seconds{1}}, memory_shelf());
  rankings.add(kPathsOfAll, at(0), {{"a", 1}});
  rankings.add(kPathsOfAll, at(5), {{"b", 1}});
  rankings.close(at(5), every);
  EXPECT_TRUE(rankings.sums().empty()) << "the first of 167 steps of 6 s is still open";
  rankings.add(kPathsOfAll, at(5), {{"b", 1}});
  rankings.close(at(6), every);
  EXPECT_EQ(rankings.sums().at(kPathsOfAll), (ItemCounts{{"a", 1}, {"b", 2}}));
  rankings.close(at(996), every);
  EXPECT_FALSE(rankings.sums().empty());
  rankings.close(at(1'002), every);
  EXPECT_TRUE(rankings.sums().empty()) << "the step begins before the window";
}

TEST(Rankings, StayBoundedWhateverComes) {
  Rankings rankings = rankings_by_ten_seconds();
  for (int i = 0; i < 30'000; ++i) rankings.add(kPathsOfAll, at(0), {{std::to_string(i), 1}});
  EXPECT_EQ(rankings.items({at(0), kPathsOfAll})->size(), kOpenItems);
}

TEST(Rankings, ReadTheSameAfterTheirStateWasPutBack) {
  Rankings rankings = rankings_by_ten_seconds();
  Rankings again = rankings_by_ten_seconds();
  const auto feed = [&](Rankings& to, unsigned step) {
    std::mt19937 items(step);
    for (const CellKey& ranking : {kPathsOfAll, kPathsOfGold}) {
      for (int i = 0; i < 300; ++i) to.add(ranking, at(10 * step), {{"i" + std::to_string(items() % 200), 1}});
    }
  };
  std::map<RankingStep, ItemCounts> stored;
  for (unsigned step = 0; step < 20; ++step) {
    feed(rankings, step);
    rankings.close(at(10 * step), every);
    for (const RankingStep& changed : rankings.take_changed(every)) {
      if (const auto items = rankings.items(changed)) {
        stored[changed] = *items;
      } else {
        stored.erase(changed);
      }
    }
  }
  for (const auto& [step, items] : stored) again.restore(step, items);
  again.restored(at(190), [](const CellKey&) { return at(190); });
  EXPECT_EQ(again.sums(), rankings.sums());
  rankings.close(at(200), every);
  again.close(at(200), every);
  EXPECT_EQ(again.sums(), rankings.sums());
  EXPECT_FALSE(rankings.sums().empty());
}

}  // namespace
}  // namespace touchstone
