// Who may use a task's tables, of a worker and the keeper of copies.
#include "engine/flow/claims.h"

#include <chrono>
#include <future>
#include <optional>
#include <thread>

#include <gtest/gtest.h>

namespace touchstone {
namespace {

const TaskId kTask{StageKind::kJourney, "events", Partition(0)};
const TaskId kOther{StageKind::kJourney, "events", Partition(1)};

TEST(Claims, OfATaskThatAWorkerRunsGiveTheKeeperNothing) {
  Claims claims;
  {
    const Claims::Claim runs = claims.take(kTask);
    EXPECT_FALSE(claims.take_to_copy(kTask));
    EXPECT_TRUE(claims.take_to_copy(kOther));
  }
  EXPECT_TRUE(claims.take_to_copy(kTask));
}

TEST(Claims, LetTwoWorkersOverlapAndWaitForTheLast) {
  Claims claims;
  Claims::Claim first = claims.take(kTask);
  {
    const Claims::Claim second = claims.take(kTask);
  }
  EXPECT_FALSE(claims.take_to_copy(kTask));
  first = Claims::Claim();
  EXPECT_TRUE(claims.take_to_copy(kTask));
}

TEST(Claims, LetAWorkerWaitUntilTheKeeperLetsGoAndTellTheKeeper) {
  Claims claims;
  std::optional<Claims::Claim> copies = claims.take_to_copy(kTask);
  ASSERT_TRUE(copies);
  EXPECT_FALSE(claims.wanted());
  const Claims::Claim elsewhere = claims.take(kOther);
  EXPECT_FALSE(claims.wanted());
  auto worker = std::async(std::launch::async, [&] { return claims.take(kTask); });
  while (!claims.wanted()) std::this_thread::yield();
  EXPECT_NE(worker.wait_for(std::chrono::seconds{0}), std::future_status::ready);
  copies.reset();
  const Claims::Claim runs = worker.get();
  EXPECT_FALSE(claims.wanted());
  EXPECT_FALSE(claims.take_to_copy(kTask));
}

}  // namespace
}  // namespace touchstone
