// Who copies what: whoever goes away, those who take over have it.
#include "app/standby_plan.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "ingest/range_assignment.h"

namespace touchstone {
namespace {

using Partitions = std::set<Partition>;

Partitions from(std::int32_t first, std::int32_t end) {
  Partitions partitions;
  for (std::int32_t number = first; number < end; ++number) partitions.insert(Partition(number));
  return partitions;
}

StandbyGroup group_of_instances(const std::vector<std::string>& instances, int workers, std::int32_t partitions) {
  StandbyGroup group{{}, "journey", partitions};
  for (const std::string& instance : instances) {
    for (int number = 0; number < workers; ++number) {
      group.members.push_back(instance + "-journey-" + std::to_string(number));
    }
  }
  return group;
}

TEST(StandbyPlan, OfTwoInstancesCopiesAllThatTheOtherHas) {
  const StandbyGroup group = group_of_instances({"a", "b"}, 2, 8);
  EXPECT_EQ(partitions_of("a", group), from(0, 4));
  EXPECT_EQ(standby_partitions("a", 1, group), from(4, 8));
  EXPECT_EQ(standby_partitions("b", 1, group), from(0, 4));
  EXPECT_EQ(standby_partitions("b", 2, group), from(0, 4)) << "more cannot go away";
}

TEST(StandbyPlan, OfThreeInstancesCopiesWhatTheLossOfOneWouldBring) {
  const StandbyGroup group = group_of_instances({"a", "b", "c"}, 1, 12);
  EXPECT_EQ(standby_partitions("a", 1, group), from(4, 6));
  Partitions both_neighbours = from(0, 4);
  both_neighbours.merge(from(8, 12));
  EXPECT_EQ(standby_partitions("b", 1, group), both_neighbours);
  EXPECT_EQ(standby_partitions("c", 1, group), from(6, 8));
  EXPECT_EQ(standby_partitions("a", 2, group), from(4, 12));
}

TEST(StandbyPlan, CopiesNothingWhereNobodyElseIsOrNothingIsWanted) {
  EXPECT_EQ(standby_partitions("a", 1, group_of_instances({"a"}, 3, 12)), Partitions{});
  EXPECT_EQ(standby_partitions("a", 0, group_of_instances({"a", "b"}, 1, 12)), Partitions{});
}

TEST(StandbyPlan, IsOnlyForMembers) {
  const StandbyGroup group = group_of_instances({"a", "b"}, 1, 4);
  EXPECT_FALSE(is_member("c", group));
  EXPECT_EQ(standby_partitions("c", 1, group), Partitions{});
  EXPECT_TRUE(is_member("a", group));
  // One that has nothing now is a member, and may be given something.
  const StandbyGroup spare = group_of_instances({"a", "b", "c"}, 1, 2);
  EXPECT_TRUE(is_member("c", spare));
  EXPECT_EQ(partitions_of("c", spare), Partitions{});
  EXPECT_EQ(standby_partitions("c", 1, spare), from(1, 2));
}

TEST(StandbyPlan, TakesInstancesByTheirWholeName) {
  const StandbyGroup group = group_of_instances({"host-1", "host-1-journey-0", "host-11"}, 1, 3);
  EXPECT_EQ(partitions_of("host-1", group), from(0, 1));
  EXPECT_EQ(partitions_of("host-1-journey-0", group), from(1, 2));
  EXPECT_EQ(partitions_of("host-11", group), from(2, 3));
  EXPECT_FALSE(is_member("host", group));
}

/// All sets of up to `most` of the instances.
std::vector<std::set<std::string>> losses(const std::vector<std::string>& instances, std::size_t most) {
  std::vector<std::set<std::string>> found;
  for (unsigned bits = 0; bits < 1U << instances.size(); ++bits) {
    std::set<std::string> gone;
    for (std::size_t i = 0; i < instances.size(); ++i) {
      if ((bits >> i & 1U) != 0) gone.insert(instances[i]);
    }
    if (gone.size() <= most) found.push_back(std::move(gone));
  }
  return found;
}

/// Who is left has or copies all that it is given then, and no copy is kept that no loss would ask for.
void expect_covered(const std::vector<std::string>& instances, int workers, std::int32_t partitions,
                    std::uint32_t lost) {
  SCOPED_TRACE(std::to_string(instances.size()) + " instances of " + std::to_string(workers) + " workers, " +
               std::to_string(partitions) + " partitions, " + std::to_string(lost) + " lost");
  const StandbyGroup all = group_of_instances(instances, workers, partitions);
  std::map<std::string, Partitions> asked_for;
  for (const std::set<std::string>& gone : losses(instances, lost)) {
    std::vector<std::string> left;
    std::copy_if(instances.begin(), instances.end(), std::back_inserter(left),
                 [&](const std::string& each) { return !gone.contains(each); });
    const StandbyGroup rest = group_of_instances(left, workers, partitions);
    const auto given = range_assignment(rest.members, partitions);
    for (const std::string& instance : left) {
      for (int number = 0; number < workers; ++number) {
        const auto& share = given.at(instance + "-journey-" + std::to_string(number));
        asked_for[instance].insert(share.begin(), share.end());
      }
    }
  }
  for (const std::string& instance : instances) {
    Partitions held = partitions_of(instance, all);
    const Partitions copies = standby_partitions(instance, lost, all);
    for (const Partition& copy : copies) EXPECT_FALSE(held.contains(copy)) << "a copy of what it runs";
    held.insert(copies.begin(), copies.end());
    EXPECT_EQ(held, asked_for[instance]) << instance;
  }
}

TEST(StandbyPlan, CoversEveryLossAndNoMore) {
  // Names whose order is not that of their numbers.
  const std::vector<std::string> names = {"node-9", "node-10", "a", "node-1"};
  for (std::size_t count = 1; count <= names.size(); ++count) {
    const std::vector<std::string> instances(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(count));
    for (int workers = 1; workers <= 3; ++workers) {
      for (const std::int32_t partitions : {1, 2, 3, 7, 12, 32}) {
        for (std::uint32_t lost = 0; lost <= 2; ++lost) expect_covered(instances, workers, partitions, lost);
      }
    }
  }
}

}  // namespace
}  // namespace touchstone
