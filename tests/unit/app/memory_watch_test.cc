#include "app/memory_watch.h"

#include <cstring>
#include <memory>

#include <gtest/gtest.h>

#include "engine/flow/hand_clock.h"

namespace touchstone {
namespace {

class MemoryWatchTest : public ::testing::Test {
 protected:
  bool room_with(std::uint64_t resident) {
    resident_ = resident;
    clock_.advance(Millis{2'000});
    return watch_.room().has_value();
  }
  std::uint64_t resident_ = 0;
  std::uint64_t given_back_ = 0;  ///< what the library gives back when it is asked to
  int asked_ = 0;
  HandClock clock_;
  MemoryWatch watch_{100'000'000,
                     clock_,
                     {[this] { return resident_; },
                      [this] {
                        ++asked_;
                        resident_ -= given_back_;
                      }}};
};

TEST_F(MemoryWatchTest, HasNoRoomFrom90HundredthsOnUntilThereAreLessThan80) {
  EXPECT_TRUE(room_with(89'999'999));
  EXPECT_FALSE(room_with(90'000'000));
  EXPECT_FALSE(room_with(80'000'000));
  EXPECT_TRUE(room_with(79'999'999));
  EXPECT_TRUE(room_with(89'999'999));
}

TEST_F(MemoryWatchTest, GivesBackWhatIsFreeFirst) {
  given_back_ = 20'000'000;
  EXPECT_TRUE(room_with(91'000'000));
  EXPECT_EQ(asked_, 1);
}

TEST_F(MemoryWatchTest, DoesNotGiveBackMoreOftenThanEachSecond) {
  resident_ = 99'000'000;
  for (int i = 0; i < 10; ++i) {
    clock_.advance(Millis{100});
    EXPECT_FALSE(watch_.room());
  }
  EXPECT_EQ(asked_, 1);
}

TEST_F(MemoryWatchTest, SaysWhatIsUsedAndOfWhat) {
  ASSERT_FALSE(room_with(99 << 20));
  const Result<void> room = watch_.room();
  EXPECT_EQ(room.error().kind(), ErrorKind::kRetry);
  EXPECT_EQ(
      room.error().message(),
      "memory is nearly full: 99MiB of memory.limit 95MiB are in use, and no more than 76MiB may be for input to be "
      "taken again");
}

TEST(ResidentMemory, GrowsByWhatIsTouched) {
  constexpr std::size_t kBytes = std::size_t{64} << 20;
  const std::uint64_t before = resident_memory();
  ASSERT_GT(before, 0U);
  const auto block = std::make_unique_for_overwrite<char[]>(kBytes);
  std::memset(block.get(), 1, kBytes);
  EXPECT_GE(resident_memory(), before + kBytes / 2) << static_cast<int>(block[kBytes / 3]);
}

}  // namespace
}  // namespace touchstone
