// The worker when its log has trouble: what it counts, how long it rests, what it does when it hangs, and how much
// it takes upon itself at once. On the simulated log with a stage that copies.
#include <algorithm>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/flow/hand_clock.h"
#include "engine/flow/watchdog.h"
#include "engine/flow/worker.h"
#include "engine/wire/records.h"
#include "ingest/sim_broker.h"
#include "ingest/sim_log.h"
#include "state/memory_tables.h"
#include "tests/support/wrapped_log.h"

namespace touchstone {
namespace {

/// Writes each value as often as it is told to.
class CopyingStage final : public Stage {
 public:
  explicit CopyingStage(int copies) : copies_(copies) {}
  Result<void> process(const Record& record, Output& out) override {
    for (int i = 0; i < copies_; ++i) {
      out.records.push_back({"out", Partition(0), std::nullopt, std::string(*record.value), {}});
    }
    return {};
  }
  void flush(Output& /*out*/) override {}
  [[nodiscard]] std::string fingerprint() const override { return "copying"; }
  [[nodiscard]] std::string position_state() const override { return "s"; }
  std::vector<TableChange> take_changes(std::uint32_t /*slice*/) override { return {{customer_key(0, "k"), "v"}}; }
  void drop_changes() override {}
  bool restore(std::string_view /*key*/, std::string_view /*value*/) override { return true; }
  bool restored(const std::vector<std::string>& /*slice_states*/, const std::string& /*from*/) override { return true; }
  void publish(Board& /*board*/, const TaskId& /*task*/, bool /*everything*/) override {}

 private:
  int copies_;
};

/// What a test makes the log do, and sees of it.
struct Script {
  std::shared_future<void> commit_waits;  ///< for this, if it is valid
  std::promise<void> in_commit;           ///< kept once a commit waits
  std::function<void()> during_read;
  std::vector<std::size_t> commits;  ///< how many records each wrote, the changelog's included
  int opened = 0;
};

class ScriptedLog final : public testing::WrappedLog {
 public:
  ScriptedLog(std::unique_ptr<Log> log, Script& script) : WrappedLog(std::move(log)), script_(script) {}
  Result<void> produce(OutRecord record) override {
    ++produced_;
    return WrappedLog::produce(std::move(record));
  }
  Result<Receipt> commit(std::span<const ConsumedOffset> consumed) override {
    if (script_.commit_waits.valid()) {
      script_.in_commit.set_value();
      std::exchange(script_.commit_waits, {}).wait();
    }
    script_.commits.push_back(std::exchange(produced_, 0));
    return WrappedLog::commit(consumed);
  }
  Result<Offset> read(const TopicPartition& partition, Offset from,
                      const std::function<void(const Record&)>& visit) override {
    if (script_.during_read) script_.during_read();
    return WrappedLog::read(partition, from, visit);
  }

 private:
  Script& script_;
  std::size_t produced_ = 0;
};

class WorkerTroublesTest : public ::testing::Test {
 protected:
  WorkerTroublesTest() {
    for (const char* topic : {"in", "changelog", "out"}) broker_.create_topic(topic, 1);
    options_.name = "copying";
    options_.task.changelog = "changelog";
    start(1);
  }
  void start(int copies) {
    options_.factory = [copies](const TaskId&, const Slices&,
                                std::optional<std::string_view>) -> Result<std::unique_ptr<Stage>> {
      return std::unique_ptr<Stage>(std::make_unique<CopyingStage>(copies));
    };
    worker_ = std::make_unique<Worker>(
        options_,
        [this]() -> Result<std::unique_ptr<Log>> {
          ++script_.opened;
          return std::unique_ptr<Log>(std::make_unique<ScriptedLog>(
              std::make_unique<SimLog>(broker_, SimLogOptions{"group", "id", {"in"}}), script_));
        },
        tables_, clock_, board_);
  }
  void append(int count) {
    for (int i = 0; i < count; ++i) {
      SimRecord record;
      record.topic = "in";
      record.value = std::to_string(appended_++);
      ASSERT_TRUE(broker_.append(std::move(record)));
    }
  }
  void turn(Millis after = Millis{200}) {
    clock_.advance(after);
    const auto moved = worker_->turn(Millis{0});
    ASSERT_TRUE(moved) << moved.error().message();
  }
  void fail(SimCall call, ErrorKind kind) { broker_.inject({.call = call, .kind = kind}); }
  std::vector<std::string> written() {
    std::vector<std::string> values;
    broker_.drain("out", [&](const Record& record) { values.emplace_back(*record.value); });
    return values;
  }
  Troubles troubles() { return board_.snapshot().troubles; }
  static std::size_t at(auto each) { return static_cast<std::size_t>(each); }

  SimBroker broker_;
  MemoryTables tables_;
  HandClock clock_;
  Board board_;
  Script script_;
  WorkerOptions options_;
  std::unique_ptr<Worker> worker_;
  int appended_ = 0;
};

TEST_F(WorkerTroublesTest, CountsALostTransactionAndWritesItOnce) {
  turn();
  append(2);
  fail(SimCall::kCommit, ErrorKind::kAbort);
  turn();
  EXPECT_TRUE(worker_->take_notice());
  turn();
  EXPECT_EQ(written(), (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(troubles().aborts, 1U);
  EXPECT_EQ(troubles().errors[at(ErrorKind::kAbort)], 1U);
  EXPECT_EQ(troubles().rebuilds[at(ErrorCause::kOther)], 0U);
  EXPECT_EQ(script_.opened, 1);
}

TEST_F(WorkerTroublesTest, CountsClientsMadeAnew) {
  turn();
  append(2);
  fail(SimCall::kCommit, ErrorKind::kFatal);
  turn();
  EXPECT_FALSE(board_.ready());
  turn();
  turn();
  EXPECT_EQ(written(), (std::vector<std::string>{"0", "1"}));
  EXPECT_TRUE(board_.ready());
  EXPECT_EQ(troubles().errors[at(ErrorKind::kFatal)], 1U);
  EXPECT_EQ(troubles().rebuilds[at(ErrorCause::kOther)], 1U);
  EXPECT_EQ(script_.opened, 2);
}

TEST_F(WorkerTroublesTest, RestsLongerEachTimeTheSameThingFails) {
  turn();
  append(1);
  for (int i = 0; i < 4; ++i) fail(SimCall::kCommit, ErrorKind::kAbort);
  turn();
  EXPECT_FALSE(worker_->pausing()) << "a transaction may get lost now and then";
  turn();
  EXPECT_TRUE(worker_->pausing());
  const std::size_t tried = script_.commits.size();
  turn(Millis{199});
  EXPECT_EQ(script_.commits.size(), tried);
  turn(Millis{1});
  EXPECT_EQ(script_.commits.size(), tried + 1);
  turn(Millis{399});
  EXPECT_EQ(script_.commits.size(), tried + 1);
  turn(Millis{1});
  EXPECT_EQ(script_.commits.size(), tried + 2);
  turn(Millis{800});
  EXPECT_EQ(written(), (std::vector<std::string>{"0"}));
  EXPECT_FALSE(worker_->pausing());
}

TEST_F(WorkerTroublesTest, CommitsInTheMiddleOfAPollRatherThanStageWithoutALimit) {
  options_.max_staged = 10;
  start(4);
  append(50);
  turn();
  turn();
  turn();
  EXPECT_EQ(written().size(), 200U);
  ASSERT_GE(script_.commits.size(), 10U);
  // Ten, those that come of the record at hand, and a key with its position for the changelog.
  EXPECT_LE(*std::max_element(script_.commits.begin(), script_.commits.end()), 10U + 4U + 2U);
}

TEST_F(WorkerTroublesTest, IsNotReadyWhileItRestores) {
  append(1);
  turn();
  ASSERT_TRUE(board_.ready());
  std::vector<bool> seen;
  script_.during_read = [&] { seen.push_back(board_.ready()); };
  append(1);
  fail(SimCall::kCommit, ErrorKind::kAbort);
  turn();
  EXPECT_EQ(seen, std::vector{false});
  turn();
  EXPECT_TRUE(board_.ready());
}

// A restore of a large state takes as long as it takes; as long as records come, nobody is stalled.
TEST_F(WorkerTroublesTest, MovesAsLongAsARestoreBringsRecords) {
  append(3);
  turn();
  const std::uint64_t before = options_.pulse->beats();
  tables_.clear({StageKind::kJourney, "in", Partition(0)});
  start(1);
  turn();
  EXPECT_GT(options_.pulse->beats(), before + 4);
}

TEST_F(WorkerTroublesTest, MakesItsClientsAnewWhenTheWatchdogHasHadItGiveUp) {
  turn();
  append(1);
  std::promise<void> answer;
  script_.commit_waits = answer.get_future().share();
  const std::future<void> in_commit = script_.in_commit.get_future();
  clock_.advance(Millis{200});
  std::thread thread([this] { EXPECT_TRUE(worker_->turn(Millis{0})); });
  in_commit.wait();

  HandClock watched;
  Watchdog watchdog({}, watched, board_);
  watchdog.watch("copying", options_.pulse);
  std::vector<Watchdog::Finding> found;
  for (int seconds = 0; seconds < 61; ++seconds) {
    watched.advance(Millis{1'000});
    for (auto& finding : watchdog.look()) found.push_back(std::move(finding));
  }
  EXPECT_EQ(found.size(), 1U);
  EXPECT_EQ(board_.why_not_ready(), "stalled: copying");
  answer.set_value();
  thread.join();
  EXPECT_EQ(watchdog.look().size(), 1U) << "it moves again";
  EXPECT_EQ(troubles().rebuilds[at(ErrorCause::kStalled)], 1U);
  EXPECT_FALSE(board_.ready()) << "it has no clients";
  turn();
  turn();
  EXPECT_EQ(script_.opened, 2);
  EXPECT_TRUE(board_.ready());
  append(1);
  turn();
  EXPECT_EQ(written(), (std::vector<std::string>{"0", "1"})) << "each once";
}

}  // namespace
}  // namespace touchstone
