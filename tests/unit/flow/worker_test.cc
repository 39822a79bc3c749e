// The worker alone, on the simulated log with a stage that only counts: what it commits, and how it comes back.
#include "engine/flow/worker.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/flow/hand_clock.h"
#include "engine/wire/records.h"
#include "ingest/sim_broker.h"
#include "ingest/sim_log.h"
#include "state/memory_tables.h"
#include "tests/support/held_jobs.h"

namespace touchstone {
namespace {

/// Counts its records, keeps the count in one key, and writes each new count out.
class CountingStage final : public Stage {
 public:
  /// `held`: keys that all stages have restored and still hold.
  CountingStage(int& silences, std::atomic<int>& held) : silences_(silences), held_(held) {}
  ~CountingStage() override { held_ -= restored_; }
  void silence() override { ++silences_; }
  Result<void> process(const Record& /*record*/, Output& out) override {
    ++count_;
    out.records.push_back({"out", Partition(0), std::nullopt, std::to_string(count_), {}});
    return {};
  }
  void flush(Output& /*out*/) override {}
  [[nodiscard]] std::string fingerprint() const override { return "counting"; }
  [[nodiscard]] std::string position_state() const override { return "s"; }
  std::vector<TableChange> take_changes(std::uint32_t /*slice*/) override {
    return {{customer_key(0, "count"), std::to_string(count_)}};
  }
  void drop_changes() override {}
  bool restore(std::string_view /*key*/, std::string_view value) override {
    count_ = std::stoi(std::string(value));
    ++restored_;
    ++held_;
    return true;
  }
  bool restored(const std::vector<std::string>& /*slice_states*/, const std::string& from) override {
    return from == "s";
  }
  void publish(Board& /*board*/, const TaskId& /*task*/, bool /*everything*/) override {}

 private:
  int count_ = 0;
  int restored_ = 0;
  int& silences_;
  std::atomic<int>& held_;
};

/// Answers the first questions for the committed offset as of earlier, as to a member that does not know yet that its
/// partitions belong to another one.
class BehindLog final : public SimLog {
 public:
  BehindLog(SimBroker& broker, SimLogOptions options, int& behind, std::function<void()> committing)
      : SimLog(broker, std::move(options)), behind_(behind), committing_(std::move(committing)) {}
  Result<Receipt> commit(std::span<const ConsumedOffset> consumed) override {
    committing_();
    return SimLog::commit(consumed);
  }
  Result<std::optional<Offset>> committed(const TopicPartition& partition) override {
    if (partition.partition == Partition(0) && behind_ > 0) {
      --behind_;
      return std::optional(Offset(1));
    }
    return SimLog::committed(partition);
  }

 private:
  int& behind_;
  std::function<void()> committing_;
};

class Thread final : public RunningJob {
 public:
  explicit Thread(std::function<void()> job)
      : thread_([this, job = std::move(job)] {
          job();
          ended_ = true;
        }) {}
  static std::unique_ptr<RunningJob> begin(std::function<void()> job) {
    return std::make_unique<Thread>(std::move(job));
  }
  [[nodiscard]] bool ended() const override { return ended_; }

 private:
  std::atomic<bool> ended_{false};
  std::jthread thread_;
};

class WorkerTest : public ::testing::Test {
 protected:
  WorkerTest() {
    for (const char* topic : {"in", "changelog", "out"}) broker_.create_topic(topic, 2);
    start();
  }

  void start(std::optional<std::uint64_t> to_end = std::nullopt, std::size_t partitions = 2) {
    WorkerOptions options;
    options.to_end = to_end;
    options.partitions = partitions;
    options.memory = [this]() -> Result<void> {
      if (held_ > room_for_held_) return Error(ErrorKind::kRetry, "memory is nearly full");
      if (memory_left_ > 0) {
        if (memory_wanes_) --memory_left_;
        return {};
      }
      return Error(ErrorKind::kRetry, "memory is nearly full");
    };
    options.max_staged_bytes = max_staged_bytes_;
    options.commit_interval_behind = interval_behind_;
    options.max_records = records_of_a_poll_;
    options.restored_at_once = at_once_;
    if (hold_loads_) options.run_beside = [this](std::function<void()> job) { return loads_.begin(std::move(job)); };
    if (in_threads_) options.run_beside = &Thread::begin;
    options.name = "counting";
    options.task.changelog = "changelog";
    options.task.slices = slices_;
    options.factory = [this](const TaskId&, const Slices&,
                             std::optional<std::string_view>) -> Result<std::unique_ptr<Stage>> {
      return std::unique_ptr<Stage>(std::make_unique<CountingStage>(silences_, held_));
    };
    worker_.reset();
    worker_ = std::make_unique<Worker>(
        options,
        [this]() -> Result<std::unique_ptr<Log>> {
          return std::unique_ptr<Log>(std::make_unique<BehindLog>(broker_, SimLogOptions{"group", "id", {"in"}},
                                                                  behind_, [this] { clock_.advance(commit_takes_); }));
        },
        tables_, clock_, board_);
  }
  void append(int partition) {
    SimRecord record;
    record.topic = "in";
    record.partition = Partition(partition);
    record.value = "x";
    ASSERT_TRUE(broker_.append(std::move(record)));
  }
  void turn(int count) {
    for (int i = 0; i < count; ++i) {
      clock_.advance(Millis{200});
      const auto moved = worker_->turn(Millis{0});
      ASSERT_TRUE(moved) << moved.error().message();
    }
  }
  std::string written() {
    std::string all;
    broker_.drain("out", [&](const Record& record) { all += std::string(*record.value) + " "; });
    return all;
  }

  int behind_ = 0;
  /// Keys as this test puts them where the next start finds them: the counter comes last.
  void keep(int partition, int keys) {
    std::vector<TaskChanges> many(1);
    many[0].task = TaskId{StageKind::kJourney, "in", Partition(partition)};
    for (int i = 0; i < keys; ++i) many[0].changes.push_back({customer_key(0, "a" + std::to_string(i)), "7"});
    ASSERT_TRUE(tables_.apply(std::move(many)));
  }

  std::atomic<int> held_{0};
  std::atomic<int> room_for_held_{1'000'000};
  Millis commit_takes_{0};
  std::size_t at_once_ = 1;
  bool in_threads_ = false;
  bool hold_loads_ = false;
  testing::HeldJobs loads_;
  std::atomic<int> memory_left_{1};
  bool memory_wanes_ = false;  ///< with each time that somebody asks
  std::size_t max_staged_bytes_ = std::size_t{64} << 20;
  Millis interval_behind_{0};
  std::uint32_t slices_ = 1;
  std::size_t records_of_a_poll_ = 2'000;
  int silences_ = 0;
  SimBroker broker_;
  MemoryTables tables_;
  HandClock clock_;
  Board board_;
  std::unique_ptr<Worker> worker_;
};

TEST_F(WorkerTest, GoesOnWhereItsLastCommitWas) {
  append(0);
  append(0);
  turn(3);
  start();
  append(0);
  turn(3);
  EXPECT_EQ(written(), "1 2 3 ");
}

// Found by chaos: a member put out of the group restored what another had taken over, and ended for good because the
// other's commit came between its two questions.
TEST_F(WorkerTest, TriesAgainWhereAnotherMemberCommitsWhileItRestores) {
  append(0);
  turn(3);
  append(0);
  turn(3);
  behind_ = 3;
  start();
  append(0);
  turn(30);
  EXPECT_EQ(behind_, 0);
  EXPECT_EQ(written(), "1 2 3 ");
  const auto notice = worker_->take_notice();
  ASSERT_TRUE(notice);
  EXPECT_NE(notice->find("trying again"), std::string::npos);
}

TEST_F(WorkerTest, EndsWhereTheStateStaysAheadOfTheGroup) {
  append(0);
  append(0);
  turn(3);
  behind_ = 1'000;
  start();
  Result<bool> moved = true;
  for (int i = 0; i < 1'000 && moved; ++i) {
    clock_.advance(Millis{200});
    moved = worker_->turn(Millis{0});
  }
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().kind(), ErrorKind::kReject);
  EXPECT_NE(moved.error().message().find("ahead of the group's committed offset (2 to 1)"), std::string::npos);
}

TEST_F(WorkerTest, KeepsThePartitionsWhoseRestoreFailed) {
  tables_.fail_next_apply(Error(ErrorKind::kRetry, "the disk is nearly full"));
  append(0);
  append(1);
  turn(5);
  EXPECT_EQ(written(), "1 1 ");
  EXPECT_TRUE(worker_->take_notice());
}

TEST_F(WorkerTest, RefusesStateOfOtherSettings) {
  append(0);
  turn(3);
  ASSERT_TRUE(tables_.apply(
      {{{StageKind::kJourney, "in", Partition(0)}, {{position_key(0), encode_position({Offset(1), "others", "s"})}}}}));
  start();
  clock_.advance(Millis{200});
  const auto moved = worker_->turn(Millis{0});
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().kind(), ErrorKind::kReject);
  EXPECT_NE(moved.error().message().find("other settings"), std::string::npos);
}

TEST_F(WorkerTest, RefusesAnInputThatLostRecordsItHadNotProcessed) {
  append(0);
  turn(3);
  worker_.reset();
  append(0);
  append(0);
  broker_.trim({"in", Partition(0)}, Offset(2));
  start();
  clock_.advance(Millis{200});
  const auto moved = worker_->turn(Millis{0});
  ASSERT_FALSE(moved);
  EXPECT_NE(moved.error().message().find("no longer holds"), std::string::npos);
}

TEST_F(WorkerTest, IsReadyOnceItsTasksAreRestored) {
  EXPECT_FALSE(board_.ready());
  turn(1);
  EXPECT_TRUE(board_.ready());
}

// A group gives the partitions of members that are gone one after another.
TEST_F(WorkerTest, LooksForTheEndOfTheInputOnlyWhenItHasAllPartitions) {
  append(0);
  start(1, 3);
  turn(5);
  EXPECT_EQ(written(), "1 ");
  EXPECT_FALSE(worker_->finished());
  start(1, 2);
  turn(5);
  EXPECT_TRUE(worker_->finished());
}

TEST_F(WorkerTest, TakesNoInputWhileThereIsNoRoomForItsState) {
  append(0);
  turn(3);
  EXPECT_EQ(written(), "1 ");
  tables_.set_room(Error(ErrorKind::kRetry, "the disk is nearly full"));
  append(0);
  turn(3);
  EXPECT_EQ(written(), "");
  EXPECT_FALSE(board_.ready());
  EXPECT_EQ(board_.why_not_ready(), "the disk is nearly full");
  tables_.set_room(std::nullopt);
  turn(3);
  EXPECT_EQ(written(), "2 ");
  EXPECT_TRUE(board_.ready());
  EXPECT_EQ(board_.why_not_ready(), std::nullopt);
}

TEST_F(WorkerTest, CommitsWhatItHasBegunBeforeItRests) {
  turn(1);
  append(0);
  ASSERT_TRUE(worker_->turn(Millis{0}));
  tables_.set_room(Error(ErrorKind::kRetry, "the disk is nearly full"));
  ASSERT_TRUE(worker_->turn(Millis{0}));
  EXPECT_EQ(written(), "1 ");
}

TEST_F(WorkerTest, KeepsItsPartitionsAndTheirStateWhileThereIsNoMemory) {
  append(0);
  turn(3);
  EXPECT_EQ(written(), "1 ");
  memory_left_ = 0;
  append(0);
  turn(5);
  EXPECT_EQ(written(), "");
  EXPECT_EQ(board_.why_not_ready(), "memory is nearly full");
  EXPECT_TRUE(worker_->pausing());
  EXPECT_EQ(board_.snapshot().rebalances, 1U) << "it did not leave the group";
  memory_left_ = 1;
  turn(3);
  EXPECT_EQ(written(), "2 ");
  EXPECT_EQ(board_.why_not_ready(), std::nullopt);
}

TEST_F(WorkerTest, CommitsWhatItHasBegunWhileThereIsNoMemory) {
  turn(1);
  append(0);
  ASSERT_TRUE(worker_->turn(Millis{0}));
  memory_left_ = 0;
  turn(2);
  EXPECT_EQ(written(), "1 ");
}

TEST_F(WorkerTest, RestoresNothingMoreWhileThereIsNoMemory) {
  memory_left_ = 0;
  append(0);
  append(1);
  turn(3);
  EXPECT_FALSE(board_.ready());
  EXPECT_EQ(written(), "");
  memory_left_ = 1;
  turn(3);
  EXPECT_EQ(written(), "1 1 ");
  EXPECT_TRUE(board_.ready());
}

TEST_F(WorkerTest, LeavesTheGroupWhenTheDiskIsFullTooAndComesBackForBoth) {
  append(0);
  turn(3);
  memory_left_ = 0;
  turn(2);
  tables_.set_room(Error(ErrorKind::kRetry, "the disk is nearly full"));
  append(0);
  turn(2);
  EXPECT_EQ(board_.why_not_ready(), "the disk is nearly full");
  tables_.set_room(std::nullopt);
  turn(2);
  EXPECT_EQ(board_.why_not_ready(), "memory is nearly full");
  EXPECT_EQ(written(), "1 ");
  memory_left_ = 1;
  turn(3);
  EXPECT_EQ(written(), "2 ");
  EXPECT_TRUE(board_.ready());
}

// What a partition read to its end brings meanwhile is not seen, so that nobody can call it silent.
TEST_F(WorkerTest, CallsNobodySilentWhileItDoesNotRead) {
  append(0);
  turn(3);
  memory_left_ = 0;
  turn(1);
  append(0);
  clock_.advance(std::chrono::hours{1});
  turn(2);
  memory_left_ = 1;
  turn(3);
  EXPECT_EQ(silences_, 0);
  clock_.advance(std::chrono::hours{1});
  turn(1);
  EXPECT_EQ(silences_, 2);
}

TEST_F(WorkerTest, CommitsInTheMiddleOfAPollWhenManyBytesAreStaged) {
  for (int i = 0; i < 3; ++i) append(0);
  max_staged_bytes_ = 1;
  start();
  clock_.advance(Millis{200});
  ASSERT_TRUE(worker_->turn(Millis{0}));
  ASSERT_TRUE(worker_->turn(Millis{0}));
  EXPECT_EQ(written(), "1 2 3 ");
  const CommitTimes commits = board_.snapshot().commits;
  EXPECT_EQ(std::accumulate(commits.buckets.begin(), commits.buckets.end(), std::uint64_t{0}), 3U);
}

TEST_F(WorkerTest, StopsARestoreThatThereIsNoMemoryForAndTriesAgainLater) {
  append(0);
  turn(3);
  worker_.reset();
  keep(0, 1'000);
  memory_left_ = 1;
  memory_wanes_ = true;
  start();
  append(0);
  turn(2);
  EXPECT_EQ(board_.why_not_ready(), "memory is nearly full");
  EXPECT_EQ(board_.snapshot().rebalances, 2U);
  memory_left_ = 1'000'000;
  turn(2);
  EXPECT_FALSE(board_.ready()) << "not at once";
  clock_.advance(std::chrono::minutes{1});
  turn(3);
  EXPECT_EQ(board_.why_not_ready(), std::nullopt);
  EXPECT_EQ(written(), "1 2 ");
  EXPECT_EQ(board_.snapshot().rebalances, 2U) << "it did not leave the group";
}

TEST_F(WorkerTest, CommitsFromOneBeginningToTheNextAndRestsHalfOfTheInterval) {
  turn(1);
  const auto commits_after = [&](Millis takes, Millis later) {
    commit_takes_ = takes;
    append(0);
    clock_.advance(Millis{200});
    EXPECT_TRUE(worker_->turn(Millis{0}));
    static_cast<void>(written());
    append(0);
    clock_.advance(later);
    EXPECT_TRUE(worker_->turn(Millis{0}));
    return !written().empty();
  };
  EXPECT_FALSE(commits_after(Millis{40}, Millis{59}));
  EXPECT_TRUE(commits_after(Millis{40}, Millis{60}));
  EXPECT_FALSE(commits_after(Millis{90}, Millis{49}));
  EXPECT_TRUE(commits_after(Millis{90}, Millis{50}));
}

TEST_F(WorkerTest, CommitsLessOftenWhileFarBehind) {
  interval_behind_ = Millis{1'000};
  records_of_a_poll_ = 5;
  start();
  turn(1);
  const auto committed_after = [&](Millis passed) {
    clock_.advance(passed);
    EXPECT_TRUE(worker_->turn(Millis{0}));
    return !written().empty();
  };
  for (int i = 0; i < 500; ++i) append(0);
  EXPECT_FALSE(committed_after(Millis{200})) << "5 taken, 495 wait";
  EXPECT_FALSE(committed_after(Millis{700}));
  EXPECT_TRUE(committed_after(Millis{100})) << "a second has passed";
  int turns = 1;
  while (!committed_after(Millis{10})) ++turns;
  EXPECT_GE(turns, 9) << "the ordinary interval is 100 ms";
  for (turns = 0; turns < 100; ++turns) static_cast<void>(committed_after(Millis{100}));
  append(0);
  EXPECT_TRUE(committed_after(Millis{100})) << "nothing waits any more";
  for (int i = 0; i < 500; ++i) append(0);
  memory_left_ = 0;
  EXPECT_FALSE(committed_after(Millis{50}));
  memory_left_ = 1'000'000;
  EXPECT_FALSE(committed_after(Millis{40})) << "5 taken";
  memory_left_ = 0;
  EXPECT_TRUE(committed_after(Millis{20})) << "what is begun takes memory";
}

TEST_F(WorkerTest, CommitsALargeTransactionAtTheOrdinaryIntervalHoweverFarBehind) {
  interval_behind_ = Millis{1'000};
  records_of_a_poll_ = 5;
  // Five records have some 700 bytes.
  max_staged_bytes_ = 4 * 600;
  start();
  turn(1);
  for (int i = 0; i < 500; ++i) append(0);
  clock_.advance(Millis{100});
  EXPECT_TRUE(worker_->turn(Millis{0}));
  EXPECT_FALSE(written().empty());
}

TEST_F(WorkerTest, WritesTheSlicesOfAllTheCommitsThatOneStandsFor) {
  interval_behind_ = Millis{1'000};
  slices_ = 20;
  start();
  turn(1);
  // For each slice a changed key and the position.
  const auto slices_written = [&](Millis passed) {
    append(0);
    clock_.advance(passed);
    EXPECT_TRUE(worker_->turn(Millis{0}));
    std::size_t records = 0;
    broker_.drain("changelog", [&](const Record&) { ++records; });
    return records / 2;
  };
  EXPECT_EQ(slices_written(Millis{100}), 20U) << "the first time";
  EXPECT_EQ(slices_written(Millis{100}), 1U);
  EXPECT_EQ(slices_written(Millis{550}), 5U);
  EXPECT_EQ(slices_written(Millis{3'000}), 10U) << "after a pause there is no more than one of a second";
}

TEST_F(WorkerTest, WritesNoMoreSlicesThanHaveRoom) {
  interval_behind_ = Millis{1'000};
  slices_ = 20;
  // The record that comes of one is there already; a slice has two, of some 150 bytes each.
  max_staged_bytes_ = 900;
  start();
  turn(1);
  const auto slices_written = [&] {
    append(0);
    clock_.advance(Millis{900});
    EXPECT_TRUE(worker_->turn(Millis{0}));
    std::size_t records = 0;
    broker_.drain("changelog", [&](const Record&) { ++records; });
    return records / 2;
  };
  EXPECT_EQ(slices_written(), 20U) << "the first time all of them are written, whatever they take";
  const std::size_t written = slices_written();
  EXPECT_GE(written, 1U);
  EXPECT_LT(written, 5U);
}

TEST_F(WorkerTest, LoadsPartitionsBesideEachOther) {
  append(0);
  append(1);
  append(1);
  turn(3);
  EXPECT_EQ(written(), "1 1 2 ");
  at_once_ = 4;
  in_threads_ = true;
  start();
  append(0);
  append(1);
  for (int i = 0; i < 10'000 && !board_.ready(); ++i) {
    turn(1);
    std::this_thread::sleep_for(Millis{1});
  }
  turn(2);
  EXPECT_THAT(written(), ::testing::AnyOf("2 3 ", "3 2 "));
}

TEST_F(WorkerTest, GoesOnWithWhatRunsWhileTheRestIsLoaded) {
  append(0);
  append(1);
  append(1);
  turn(3);
  EXPECT_EQ(written(), "1 1 2 ");
  hold_loads_ = true;
  start();
  append(0);
  append(1);
  turn(3);
  ASSERT_EQ(loads_.waiting(), 1U) << "no more at once";
  EXPECT_EQ(written(), "");
  loads_.run_next();
  turn(2);
  EXPECT_EQ(written(), "2 ");
  ASSERT_EQ(loads_.waiting(), 1U) << "the other partition";
  append(0);
  turn(2);
  EXPECT_EQ(written(), "3 ");
  EXPECT_FALSE(board_.ready());
  loads_.run_next();
  turn(2);
  EXPECT_EQ(written(), "3 ");
  EXPECT_TRUE(board_.ready());
}

TEST_F(WorkerTest, DropsWhatIsLoadedForAPartitionThatIsLost) {
  append(0);
  append(1);
  turn(3);
  EXPECT_EQ(written(), "1 1 ");
  hold_loads_ = true;
  at_once_ = 2;
  start();
  turn(1);
  ASSERT_EQ(loads_.waiting(), 2U);
  // The other member gets one of the two.
  SimLog other(broker_, SimLogOptions{"group", "other", {"in"}});
  ASSERT_TRUE(other.poll(Millis{0}, 1));
  turn(2);
  ASSERT_TRUE(other.poll(Millis{0}, 1));
  append(0);
  append(1);
  while (loads_.waiting() > 0) loads_.run_next();
  turn(3);
  EXPECT_EQ(written(), "2 ") << "the one that is still ours";
  EXPECT_TRUE(board_.ready());
}

TEST_F(WorkerTest, StopsWhileItLoads) {
  append(0);
  turn(3);
  hold_loads_ = true;
  start();
  turn(1);
  ASSERT_EQ(loads_.waiting(), 1U);
  ASSERT_TRUE(worker_->stop());
  worker_.reset();
  loads_.run_next();  // finds that nobody wants it any more
}

TEST_F(WorkerTest, RestoresOneByOneWhatThereIsNoMemoryForTogether) {
  append(0);
  append(1);
  turn(3);
  EXPECT_EQ(written(), "1 1 ");
  worker_.reset();
  keep(0, 300);
  keep(1, 300);
  room_for_held_ = 400;
  at_once_ = 2;
  start();
  append(0);
  append(1);
  turn(2);
  EXPECT_EQ(board_.why_not_ready(), "memory is nearly full");
  EXPECT_LE(held_, 301) << "not both";
  clock_.advance(std::chrono::seconds{2});
  turn(2);
  EXPECT_EQ(board_.why_not_ready(), "memory is nearly full");
  EXPECT_EQ(held_, 301) << "one of them, which stays";
  room_for_held_ = 1'000;
  clock_.advance(std::chrono::minutes{1});
  turn(3);
  EXPECT_EQ(board_.why_not_ready(), std::nullopt);
  EXPECT_EQ(written(), "2 2 ");
  EXPECT_EQ(held_, 602);
}

TEST_F(WorkerTest, RestoresACopyThatDoesNotSayHowFarItGoesFromTheBeginning) {
  append(0);
  turn(3);
  worker_.reset();
  const TaskId task{StageKind::kJourney, "in", Partition(0)};
  // Of a restore that was interrupted: a key that the changelog does not know any more.
  ASSERT_TRUE(tables_.apply({{task, {{changelog_offset_key(), std::nullopt}, {customer_key(0, "gone"), "77"}}}}));
  start();
  append(0);
  turn(3);
  EXPECT_EQ(written(), "1 2 ");
}

TEST_F(WorkerTest, CommitsWhatIsDoneWhenItIsStopped) {
  turn(1);
  append(0);
  ASSERT_TRUE(worker_->turn(Millis{0}));
  ASSERT_TRUE(worker_->stop());
  EXPECT_EQ(written(), "1 ");
}

}  // namespace
}  // namespace touchstone
