#include "engine/model/fixed.h"

#include <numeric>

#include <gtest/gtest.h>

namespace touchstone {
namespace {

std::string shown(WideInt units, int decimals) {
  std::string out;
  append_fixed(units, decimals, out);
  return out;
}

TEST(Fixed, RoundsTheDecimalTextHalvesAwayFromZero) {
  EXPECT_EQ(to_fixed(139.12, kMoneyDecimals), 1'391'200);
  EXPECT_EQ(to_fixed(0.00005, kMoneyDecimals), 1);
  EXPECT_EQ(to_fixed(-0.00005, kMoneyDecimals), -1);
  // The nearest double of 1.00005 lies below it; the text decides.
  EXPECT_EQ(to_fixed(1.00005, kMoneyDecimals), 10'001);
  EXPECT_EQ(to_fixed(0.000049999, kMoneyDecimals), 0);
  EXPECT_EQ(to_fixed(1e12, kMoneyDecimals), 10'000'000'000'000'000);
  EXPECT_EQ(to_fixed(-1e12, kMoneyDecimals), -10'000'000'000'000'000);
  EXPECT_EQ(to_fixed(123456789.12345, kMoneyDecimals), 1'234'567'891'235);
  EXPECT_EQ(to_fixed(1e-300, kMoneyDecimals), 0);
}

TEST(Fixed, IsWrittenWithoutTrailingZeros) {
  EXPECT_EQ(shown(0, 4), "0");
  EXPECT_EQ(shown(1'395'000, 4), "139.5");
  EXPECT_EQ(shown(-1, 4), "-0.0001");
  EXPECT_EQ(shown(10'000, 4), "1");
  EXPECT_EQ(shown(12, 0), "12");
  EXPECT_EQ(shown(WideInt{1} << 100, 0), "1267650600228229401496703205376");
}

TEST(Fixed, DividesHalvesAwayFromZero) {
  EXPECT_EQ(static_cast<int>(divide_rounded(5, 2)), 3);
  EXPECT_EQ(static_cast<int>(divide_rounded(-5, 2)), -3);
  EXPECT_EQ(static_cast<int>(divide_rounded(4, 3)), 1);
}

TEST(Fixed, SplitsByLargestRemainderWithTiesToTheEarlier) {
  using Parts = std::vector<std::int64_t>;
  EXPECT_EQ(split_by_largest_remainder(kMillion, std::vector<std::uint64_t>{1, 1, 1}),
            (Parts{333'334, 333'333, 333'333}));
  EXPECT_EQ(split_by_largest_remainder(-10, std::vector<std::uint64_t>{1, 1, 1}), (Parts{-4, -3, -3}));
  EXPECT_EQ(split_by_largest_remainder(7, std::vector<std::uint64_t>{0, 5}), (Parts{0, 7}));
  EXPECT_EQ(split_by_largest_remainder(1, std::vector<std::uint64_t>{1, 2}), (Parts{0, 1}));
}

}  // namespace
}  // namespace touchstone
