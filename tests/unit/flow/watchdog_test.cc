// The watchdog alone, with a clock moved by hand. What a worker makes of it is in worker_troubles_test.cc.
#include "engine/flow/watchdog.h"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/flow/hand_clock.h"

namespace touchstone {
namespace {

using Kind = Watchdog::Finding::Kind;

class WatchdogTest : public testing::Test {
 protected:
  WatchdogTest() : watchdog_({.limit = Millis{10'000}, .grace = Millis{5'000}}, clock_, board_) {
    board_.set_ready("w", true);
    watchdog_.watch("w", pulse_);
  }
  /// What it finds within so many seconds.
  std::vector<Kind> pass(int seconds) {
    std::vector<Kind> found;
    for (int i = 0; i < seconds; ++i) {
      clock_.advance(Millis{1'000});
      for (const auto& finding : watchdog_.look()) {
        found.push_back(finding.kind);
        message_ = finding.message;
      }
    }
    return found;
  }

  HandClock clock_;
  Board board_;
  std::shared_ptr<Pulse> pulse_ = std::make_shared<Pulse>();
  Watchdog watchdog_;
  std::string message_;
};

TEST_F(WatchdogTest, TellsOnceThatAWorkerIsStalledAndAsksItToGiveUp) {
  pulse_->begin("committing");
  EXPECT_EQ(pass(1), std::vector<Kind>{});
  EXPECT_EQ(pass(9), std::vector<Kind>{});
  EXPECT_TRUE(board_.ready());
  EXPECT_FALSE(pulse_->hurried());
  EXPECT_EQ(pass(3), std::vector{Kind::kStalled});
  EXPECT_EQ(message_, "worker w has not moved for 10 s while committing: its clients are to be made anew");
  EXPECT_TRUE(pulse_->hurried());
  EXPECT_EQ(board_.why_not_ready(), "stalled: w");
  EXPECT_TRUE(board_.snapshot().stalled.at("w"));
}

TEST_F(WatchdogTest, TellsThatAWorkerIsLostAfterItsGrace) {
  EXPECT_EQ(pass(14), std::vector{Kind::kStalled});
  EXPECT_EQ(pass(30), std::vector{Kind::kLost});
}

TEST_F(WatchdogTest, TellsThatAWorkerMovesAgain) {
  EXPECT_EQ(pass(12), std::vector{Kind::kStalled});
  pulse_->beat();
  EXPECT_EQ(pass(1), std::vector{Kind::kMovesAgain});
  EXPECT_EQ(message_, "worker w moves again after 12 s");
  EXPECT_TRUE(board_.ready());
  EXPECT_EQ(pass(12), std::vector{Kind::kStalled});
}

TEST_F(WatchdogTest, FindsNothingWhereSomethingMovesNowAndThen) {
  for (int i = 0; i < 20; ++i) {
    pulse_->beat();
    EXPECT_EQ(pass(9), std::vector<Kind>{});
  }
}

TEST_F(WatchdogTest, DoesNotCountTheTimeInWhichTheWholeProcessStoodStill) {
  for (int i = 0; i < 3; ++i) {
    clock_.advance(std::chrono::hours{1});
    EXPECT_TRUE(watchdog_.look().empty());
  }
  EXPECT_TRUE(board_.ready());
}

TEST_F(WatchdogTest, LeavesAWorkerAloneThatHasLeft) {
  pulse_->end();
  EXPECT_EQ(pass(60), std::vector<Kind>{});
}

}  // namespace
}  // namespace touchstone
