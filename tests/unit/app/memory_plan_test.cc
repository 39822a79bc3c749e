#include "app/memory_plan.h"

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/app/scratch.h"

namespace touchstone {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

TEST(MemoryPlan, TakesTheLeastThatItNamesAndNothingBelow) {
  for (const std::uint32_t workers : {1U, 2U, 3U, 16U, 700U}) {
    for (const bool rows : {true, false}) {
      const MemoryUsers users{workers, rows};
      const std::uint64_t least = least_memory(users);
      EXPECT_FALSE(plan_memory(least - 1, users)) << workers;
      const auto plan = plan_memory(least, users);
      ASSERT_TRUE(plan) << workers;
      EXPECT_GE(plan->state, 32 * kMiB) << workers;
    }
  }
}

TEST(MemoryPlan, NeedsMoreForMoreWorkersAndForRows) {
  EXPECT_LT(least_memory({1, true}), least_memory({2, true}));
  EXPECT_LT(least_memory({2, false}), least_memory({2, true}));
}

TEST(MemoryPlan, HasRoomForTheLargestRecordHoweverLittleThereIs) {
  const MemoryUsers users{2, true};
  EXPECT_GT(plan_memory(least_memory(users), users)->queues.output, kLargestKafkaRecord);
}

TEST(MemoryPlan, SharesOutLessThanThereIs) {
  const MemoryUsers users{4, true};
  for (std::uint64_t limit = least_memory(users); limit < 64 * kGiB; limit = limit * 5 / 4) {
    const MemoryPlan plan = *plan_memory(limit, users);
    const std::uint64_t queues = 4 * (plan.queues.input + plan.queues.restore + plan.queues.output);
    EXPECT_LT(queues + plan.queues.follow + plan.databases + plan.unread + 32 * plan.stream + plan.state, limit);
    EXPECT_EQ(plan.limit, limit);
    EXPECT_LE(plan.staged, plan.queues.output);
  }
}

TEST(MemoryPlan, LeavesWhatIsBeyondTheLargestQueuesToTheState) {
  const MemoryUsers users{2, true};
  const MemoryPlan plan = *plan_memory(32 * kGiB, users);
  EXPECT_EQ(plan.queues.input, 64 * kMiB);
  EXPECT_EQ(plan.queues.output, 128 * kMiB);
  EXPECT_GT(plan.state, 30 * kGiB);
}

class MemoryFoundTest : public ::testing::Test {
 protected:
  void write(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories((root_ / path).parent_path());
    scratch_.write(path, text);
  }
  void machine_has(std::uint64_t bytes) {
    write("proc/meminfo", "MemTotal:       " + std::to_string(bytes / 1024) + " kB\nMemFree: 1 kB\n");
  }
  [[nodiscard]] MemoryFound found() const { return find_memory_limit(root_.string()).value_or(MemoryFound{}); }
  Scratch scratch_;
  std::filesystem::path root_ = std::filesystem::path(scratch_.written("root", "")).parent_path();
};

TEST_F(MemoryFoundTest, IsThreeQuartersOfTheMachinesWhereThereIsNoGroup) {
  machine_has(8 * kGiB);
  EXPECT_EQ(found().bytes, 6 * kGiB);
  EXPECT_FALSE(found().of_cgroup);
}

TEST_F(MemoryFoundTest, IsNothingWhereTheSystemSaysNothing) { EXPECT_FALSE(find_memory_limit(root_.string())); }

TEST_F(MemoryFoundTest, IsTheLowestLimitOfTheGroupsOfVersionTwo) {
  machine_has(8 * kGiB);
  write("proc/self/cgroup", "0::/system.slice/touchstone.service\n");
  write("sys/fs/cgroup/system.slice/touchstone.service/memory.max", "max\n");
  EXPECT_EQ(found().bytes, 6 * kGiB);
  write("sys/fs/cgroup/system.slice/memory.max", std::to_string(2 * kGiB) + "\n");
  EXPECT_EQ(found().bytes, 2 * kGiB);
  EXPECT_TRUE(found().of_cgroup);
  write("sys/fs/cgroup/system.slice/touchstone.service/memory.max", std::to_string(kGiB) + "\n");
  EXPECT_EQ(found().bytes, kGiB);
}

// Its own group is mounted as if there were none above it, and the path is that of the machine.
TEST_F(MemoryFoundTest, IsThatOfTheContainer) {
  machine_has(8 * kGiB);
  write("proc/self/cgroup", "0::/../../kubepods/pod7/abc\n");
  write("sys/fs/cgroup/memory.max", std::to_string(3 * kGiB) + "\n");
  EXPECT_EQ(found().bytes, 3 * kGiB);
}

TEST_F(MemoryFoundTest, IsThatOfVersionOne) {
  machine_has(8 * kGiB);
  write("proc/self/cgroup", "12:cpu,cpuacct:/a\n4:memory:/docker/abc\n");
  write("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(found().bytes, 6 * kGiB) << "a number that no machine reaches is none";
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", std::to_string(5 * kGiB) + "\n");
  EXPECT_EQ(found().bytes, 5 * kGiB);
}

}  // namespace
}  // namespace touchstone
