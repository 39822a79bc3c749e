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

TEST(MemberName, IsTheInstanceOfAStaticMemberAndTheIdOfAnother) {
  const std::string uuid = "-1c5b2a44-0f6e-4a70-9c1d-77a1f30b8e52";
  EXPECT_EQ(member_name("engine-1-journey-0" + uuid, "touchstone"), "engine-1-journey-0");
  EXPECT_EQ(member_name("touchstone" + uuid, "touchstone"), "touchstone" + uuid);
  EXPECT_EQ(member_name("as-somebody-else-makes-it", "touchstone"), "as-somebody-else-makes-it");
  EXPECT_EQ(member_name("engine-1-1C5B2A44-0F6E-4A70-9C1D-77A1F30B8E52", "touchstone"),
            "engine-1-1C5B2A44-0F6E-4A70-9C1D-77A1F30B8E52");
}

}  // namespace
}  // namespace touchstone
