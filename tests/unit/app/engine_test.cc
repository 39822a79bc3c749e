// The engine's threads, on the simulated log: how they leave, and what becomes of one that hangs.
#include "app/engine.h"

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "app/steady_clock.h"
#include "ingest/sim_broker.h"
#include "ingest/sim_log.h"
#include "state/memory_tables.h"
#include "tests/support/maps.h"
#include "tests/support/wrapped_log.h"

namespace touchstone {
namespace {

/// A clock that runs ahead: a second between any two looks at it.
class FastClock final : public Clock {
 public:
  std::chrono::microseconds now() override { return std::chrono::seconds{++looks_}; }

 private:
  std::atomic<std::int64_t> looks_{0};
};

/// The commit with which the journey stage hangs.
struct Hang {
  std::promise<void> begun;
  std::shared_future<void> end;        ///< it hangs until this,
  std::function<bool()> hurried = {};  ///< or until its worker is hurried, if this is there
  std::atomic<bool> armed{false};
};

class HangingLog final : public testing::WrappedLog {
 public:
  HangingLog(std::unique_ptr<Log> log, Hang& hang) : WrappedLog(std::move(log)), hang_(hang) {}
  Result<Receipt> commit(std::span<const ConsumedOffset> consumed) override {
    if (!hang_.armed.exchange(false)) return WrappedLog::commit(consumed);
    hang_.begun.set_value();
    while (hang_.end.wait_for(Millis{1}) != std::future_status::ready) {
      if (hang_.hurried && hang_.hurried()) return Error(ErrorKind::kAbort, "given up");
    }
    return WrappedLog::commit(consumed);
  }

 private:
  Hang& hang_;
};

class EngineTest : public ::testing::Test {
 protected:
  EngineTest() {
    options_.topology.rules = std::make_shared<RulesBook>(testing::small_rules());
    options_.topology.inputs = {{"input", 1}};
    options_.topology.commit = Millis{10};
    options_.instance = "here";
    const TopicNames& names = options_.topology.topics;
    for (const std::string& topic :
         {std::string("input"), names.deltas, names.journey_changelog, names.windows_changelog, names.interactions,
          names.transitions, names.conversions, names.windows, names.dead_letters}) {
      broker_.create_topic(topic, 1);
    }
    hang_.end = release_.get_future().share();
    options_.open_log = [this](const KafkaLogOptions& log) -> Result<std::unique_ptr<Log>> {
      auto sim = std::make_unique<SimLog>(broker_, SimLogOptions{log.group, log.transactional_id, log.topics});
      if (log.topics.front() != "input") return std::unique_ptr<Log>(std::move(sim));
      if (heeds_hurry_) hang_.hurried = log.connection.hurried;
      return std::unique_ptr<Log>(std::make_unique<HangingLog>(std::move(sim), hang_));
    };
  }
  void append(int count) {
    for (int i = 0; i < count; ++i) {
      SimRecord record;
      record.topic = "input";
      record.key = "c" + std::to_string(i);
      record.value = R"({"type":"page_view","time":)" + std::to_string(millis_of(testing::at(i))) + "}";
      ASSERT_TRUE(broker_.append(std::move(record)));
    }
  }
  std::size_t interactions() {
    broker_.drain(options_.topology.topics.interactions, [&](const Record&) { ++seen_; });
    return seen_;
  }

  SimBroker broker_;
  MemoryTables tables_;
  Board board_;
  EngineOptions options_;
  std::promise<void> release_;
  Hang hang_;
  bool heeds_hurry_ = true;
  std::size_t seen_ = 0;
};

TEST_F(EngineTest, CommitsWhatIsDoneWhenItIsStopped) {
  append(20);
  SteadyClock clock;
  Engine engine(options_, tables_, clock, board_);
  engine.start();
  while (interactions() < 20) std::this_thread::yield();
  engine.stop();
  EXPECT_TRUE(engine.wait());
  EXPECT_EQ(interactions(), 20U);
}

TEST_F(EngineTest, LeavesAHangingCommitWhenItIsAbandonedAndLosesNothing) {
  hang_.armed = true;
  append(20);
  SteadyClock clock;
  {
    Engine engine(options_, tables_, clock, board_);
    engine.start();
    hang_.begun.get_future().wait();
    engine.stop();
    EXPECT_TRUE(engine.running());
    engine.abandon();
    EXPECT_TRUE(engine.wait());
  }
  EXPECT_EQ(interactions(), 0U);
  Engine again(options_, tables_, clock, board_);
  again.start();
  while (interactions() < 20) std::this_thread::yield();
  again.stop();
  EXPECT_TRUE(again.wait());
  EXPECT_EQ(interactions(), 20U);
}

TEST_F(EngineTest, MakesTheClientsOfAStalledWorkerAnewAndGoesOn) {
  hang_.armed = true;
  append(20);
  FastClock clock;
  options_.watchdog = {.limit = Millis{5'000}, .grace = Millis{3'600'000}};
  Engine engine(options_, tables_, clock, board_);
  engine.start();
  while (interactions() < 20) std::this_thread::yield();
  engine.stop();
  EXPECT_TRUE(engine.wait());
  EXPECT_EQ(interactions(), 20U);
  EXPECT_EQ(board_.snapshot().troubles.rebuilds[static_cast<std::size_t>(ErrorCause::kStalled)], 1U);
}

TEST_F(EngineTest, TellsWhichWorkerIsLostForGood) {
  hang_.armed = true;
  heeds_hurry_ = false;
  append(20);
  FastClock clock;
  options_.watchdog = {.limit = Millis{5'000}, .grace = Millis{5'000}};
  std::promise<std::string> lost;
  options_.on_lost = [&](const std::string& message) { lost.set_value(message); };
  Engine engine(options_, tables_, clock, board_);
  engine.start();
  const std::string message = lost.get_future().get();
  EXPECT_EQ(message.find("worker journey-0 has not moved for "), 0U) << message;
  EXPECT_NE(message.find("while committing"), std::string::npos) << message;
  EXPECT_EQ(board_.why_not_ready(), "stalled: journey-0");
  release_.set_value();
  engine.stop();
  EXPECT_TRUE(engine.wait());
}

TEST_F(EngineTest, EndsTheProcessWhereAThreadCannotBeHelped) {
  EXPECT_EXIT(end_process("it hangs"), ::testing::ExitedWithCode(1), "");
}

}  // namespace
}  // namespace touchstone
