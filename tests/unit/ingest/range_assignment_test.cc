// Kafka's way of giving out partitions, as the plan of standby copies rests on it.
#include "ingest/range_assignment.h"

#include <gtest/gtest.h>

namespace touchstone {
namespace {

std::vector<Partition> from(std::int32_t first, std::int32_t end) {
  std::vector<Partition> partitions;
  for (std::int32_t number = first; number < end; ++number) partitions.emplace_back(number);
  return partitions;
}

TEST(RangeAssignment, GivesRangesInTheOrderOfTheNamesBytes) {
  const auto given = range_assignment({"b", "a-10", "a-2", "\xc3\xa4"}, 8);
  EXPECT_EQ(given.at("a-10"), from(0, 2));
  EXPECT_EQ(given.at("a-2"), from(2, 4));
  EXPECT_EQ(given.at("b"), from(4, 6));
  EXPECT_EQ(given.at("\xc3\xa4"), from(6, 8));
}

TEST(RangeAssignment, GivesTheLongerRangesFirst) {
  const auto given = range_assignment({"a", "b", "c"}, 8);
  EXPECT_EQ(given.at("a"), from(0, 3));
  EXPECT_EQ(given.at("b"), from(3, 6));
  EXPECT_EQ(given.at("c"), from(6, 8));
}

TEST(RangeAssignment, LeavesMembersEmptyWherePartitionsAreFew) {
  const auto given = range_assignment({"a", "b", "c"}, 2);
  EXPECT_EQ(given.at("b"), from(1, 2));
  EXPECT_TRUE(given.at("c").empty());
  EXPECT_TRUE(range_assignment({}, 2).empty());
}

}  // namespace
}  // namespace touchstone
