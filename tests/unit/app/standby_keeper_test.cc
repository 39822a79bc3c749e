// The keeper of copies on a simulated log: what it copies, how a worker takes a copy over, and what it removes.
#include "app/standby_keeper.h"

#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/flow/hand_clock.h"
#include "engine/wire/records.h"
#include "ingest/sim_broker.h"
#include "ingest/sim_log.h"
#include "state/memory_tables.h"

namespace touchstone {
namespace {

using Members = std::vector<std::string>;

TaskId task(std::int32_t partition) { return {StageKind::kJourney, "in", Partition(partition)}; }

/// Keeps the number of records of each key, and writes each new one out.
class TallyStage final : public Stage {
 public:
  Result<void> process(const Record& record, Output& out) override {
    const std::string key(record.key.value_or(""));
    changed_[key] = ++counts_[key];
    out.records.push_back({"out", Partition(0), key, std::to_string(counts_[key]), {}});
    return {};
  }
  void flush(Output& /*out*/) override {}
  [[nodiscard]] std::string fingerprint() const override { return "tally"; }
  [[nodiscard]] std::string position_state() const override { return "s"; }
  std::vector<TableChange> take_changes(std::uint32_t /*slice*/) override {
    std::vector<TableChange> changes;
    for (const auto& [key, count] : std::exchange(changed_, {})) {
      changes.push_back({customer_key(0, key), std::to_string(count)});
    }
    return changes;
  }
  void drop_changes() override { changed_.clear(); }
  bool restore(std::string_view key, std::string_view value) override {
    counts_[std::string(read_customer_key(key)->customer)] = std::stoi(std::string(value));
    return true;
  }
  bool restored(const std::vector<std::string>& /*slice_states*/, const std::string& from) override {
    return from == "s";
  }
  void publish(Board& /*board*/, const TaskId& /*task*/, bool /*everything*/) override {}

 private:
  std::map<std::string, int> counts_;
  std::map<std::string, int> changed_;
};

/// One process: its tables, its claims, a worker and a keeper.
struct Process {
  explicit Process(std::string its_name) : name(std::move(its_name)) {}
  std::string name;
  TablesTime now{std::chrono::days{20'000}};
  MemoryTables tables{MemoryTablesOptions{std::chrono::days{10}, [this] { return now; }}};
  std::shared_ptr<Claims> claims = std::make_shared<Claims>();
  Board board;
  std::unique_ptr<Worker> worker;
  std::unique_ptr<StandbyKeeper> keeper;
};

class StandbyKeeperTest : public ::testing::Test {
 protected:
  StandbyKeeperTest() {
    broker_.create_topic("in", 4);
    broker_.create_topic("changelog", 4);
    broker_.create_topic("out", 1);
    members_ = Members{"a-journey-0", "b-journey-0"};
  }

  void work(Process& process) {
    WorkerOptions options;
    options.name = "journey-0";
    options.task.changelog = "changelog";
    options.claims = process.claims;
    options.factory = [](const TaskId&, const Slices&,
                         std::optional<std::string_view>) -> Result<std::unique_ptr<Stage>> {
      return std::unique_ptr<Stage>(std::make_unique<TallyStage>());
    };
    const std::string member = process.name + "-journey-0";
    process.worker = std::make_unique<Worker>(
        options,
        [this, member]() -> Result<std::unique_ptr<Log>> {
          return std::unique_ptr<Log>(std::make_unique<SimLog>(broker_, SimLogOptions{"group", member, {"in"}}));
        },
        process.tables, clock_, process.board);
  }
  void keep(Process& process, const std::function<std::unique_ptr<ChangelogReader>(std::function<bool()>)>& reader = {},
            std::uint32_t lost = 1) {
    StandbyOptions options;
    options.lost = lost;
    options.instance = process.name;
    options.stages = {{StageKind::kJourney, "journey", "group", "in", 4, "changelog"}};
    options.open = [this, reader](std::function<bool()> hurried) -> Result<StandbySources> {
      StandbySources sources;
      sources.changelogs = reader
                               ? reader(std::move(hurried))
                               : std::unique_ptr<ChangelogReader>(std::make_unique<SimLog>(broker_, SimLogOptions{}));
      sources.members = [this](const std::string&) { return members_; };
      return sources;
    };
    process.keeper =
        std::make_unique<StandbyKeeper>(std::move(options), process.tables, process.claims, clock_, process.board);
  }
  void look(Process& process, Millis later = Millis{1'000}) {
    clock_.advance(later);
    const auto looked = process.keeper->look();
    ASSERT_TRUE(looked) << looked.error().message();
  }
  void turn(Process& process, int count) {
    for (int i = 0; i < count; ++i) {
      clock_.advance(Millis{200});
      const auto moved = process.worker->turn(Millis{0});
      ASSERT_TRUE(moved) << moved.error().message();
    }
  }
  void append(int records) {
    for (int i = 0; i < records; ++i) {
      SimRecord record;
      record.topic = "in";
      record.partition = Partition(i % 4);
      record.key = "c" + std::to_string(i);
      record.value = "x";
      ASSERT_TRUE(broker_.append(std::move(record)));
    }
  }
  std::map<std::string, std::string> written() {
    std::map<std::string, std::string> all;
    broker_.drain("out",
                  [&](const Record& record) { all[std::string(*record.key)] += std::string(*record.value) + " "; });
    return all;
  }
  static std::size_t count(Process& process, const TaskId& of) {
    std::size_t entries = 0;
    EXPECT_TRUE(process.tables.scan(of, [&](std::string_view, std::string_view) { return ++entries > 0; }));
    return entries;
  }
  static std::map<TaskId, std::int64_t> shown(const Process& process) { return process.board.snapshot().standby; }

  SimBroker broker_;
  HandClock clock_;
  Result<Members> members_ = Members{};
};

TEST_F(StandbyKeeperTest, LetsWhoeverTakesOverReadOnlyTheTail) {
  Process a("a");
  Process b("b");
  work(a);
  append(4'000);
  turn(a, 10);
  // The group has both members and gives b nothing yet: it has not come.
  keep(b);
  look(b);
  EXPECT_EQ(shown(b), (std::map<TaskId, std::int64_t>{{task(0), 0}, {task(1), 0}}));
  EXPECT_GT(count(b, task(0)), 1'000U);
  EXPECT_EQ(count(b, task(2)), 0U) << "that is what it runs itself, whatever the group says of it";
  append(40);
  turn(a, 5);
  look(b);
  append(8);
  turn(a, 5);

  broker_.expire_member("group", "a-journey-0");
  work(b);
  turn(b, 10);
  const std::uint64_t restored = b.board.snapshot().restored_records;
  // Of 0 and 1 it lacks the last 2 events each, and their positions; 2 and 3 it reads whole.
  EXPECT_GE(restored, 2'000U);
  EXPECT_LE(restored, 2'000U + 100U);
  append(4);
  turn(b, 5);
  look(b);
  EXPECT_EQ(shown(b), (std::map<TaskId, std::int64_t>{})) << "all are run here now";
  std::map<std::string, std::string> expected;
  for (int i = 0; i < 4'000; ++i) {
    expected["c" + std::to_string(i)] = i < 4 ? "1 2 3 4 " : i < 8 ? "1 2 3 " : i < 40 ? "1 2 " : "1 ";
  }
  EXPECT_EQ(written(), expected);
}

TEST_F(StandbyKeeperTest, CopiesOtherPartitionsOnceOthersAreInTheGroup) {
  Process a("a");
  Process b("b");
  work(a);
  append(400);
  turn(a, 10);
  keep(b);
  look(b);
  EXPECT_EQ(shown(b).size(), 2U);
  members_ = Members{"a-journey-0", "b-journey-0", "c-journey-0"};
  look(b);
  EXPECT_EQ(shown(b).size(), 2U) << "it asks every ten seconds";
  look(b, Millis{10'000});
  // It has 2 now; without a it would have 0 and 1, without c 2 and 3.
  EXPECT_EQ(shown(b), (std::map<TaskId, std::int64_t>{{task(0), 0}, {task(1), 0}, {task(3), 0}}));
}

TEST_F(StandbyKeeperTest, RemovesWhatIsOfNoUseForAnHourAndNothingThatIsRunHere) {
  Process a("a");
  Process c("c");
  work(a);
  append(400);
  turn(a, 10);
  members_ = Members{"a-journey-0", "c-journey-0"};
  keep(c);
  look(c);
  EXPECT_GT(count(c, task(0)), 100U);
  EXPECT_GT(count(c, task(1)), 100U);
  const Claims::Claim run = c.claims->take(task(1));
  // Of 4 members 0 is never c's, whoever goes.
  members_ = Members{"a-journey-0", "a-journey-1", "b-journey-0", "c-journey-0"};
  look(c, Millis{10'000});
  EXPECT_GT(count(c, task(0)), 100U);
  look(c, std::chrono::minutes{59});
  EXPECT_GT(count(c, task(0)), 100U);
  look(c, std::chrono::minutes{2});
  EXPECT_EQ(count(c, task(0)), 0U);
  EXPECT_GT(count(c, task(1)), 100U) << "a worker has it";
}

// Where no copies are wanted as well: customers who were forgotten elsewhere would stay on the disk. The size is asked
// for, because asking for the keys makes the tables forget them.
TEST_F(StandbyKeeperTest, RemovesWhatWasRunHereOnceWhenItHasGrownTooOld) {
  Process a("a");
  keep(a, {}, 0);
  for (const std::int32_t partition : {0, 1}) {
    ASSERT_TRUE(a.tables.apply({{task(partition), {{"key", std::string(100, 'v')}}, a.now}}));
  }
  const std::uint64_t both = a.tables.size_bytes();
  const Claims::Claim run = a.claims->take(task(1));
  look(a);
  a.now += std::chrono::days{8};
  look(a, std::chrono::hours{2});
  EXPECT_EQ(a.tables.size_bytes(), both) << "not too old yet";
  a.now += std::chrono::days{2};
  look(a);
  EXPECT_EQ(a.tables.size_bytes(), both) << "it looks once an hour";
  look(a, std::chrono::hours{1});
  EXPECT_EQ(a.tables.size_bytes(), both / 2) << "a worker has the other one";
  EXPECT_TRUE(shown(a).empty());
}

TEST_F(StandbyKeeperTest, GoesOnByItsPlanWhereItLearnsNothingNew) {
  Process a("a");
  Process b("b");
  work(a);
  append(400);
  turn(a, 10);
  keep(b);
  members_ = Error(ErrorKind::kRetry, "no answer");
  clock_.advance(Millis{1'000});
  EXPECT_FALSE(b.keeper->look());
  members_ = Members{"a-journey-0"};
  look(b);
  EXPECT_TRUE(shown(b).empty()) << "it is no member yet";
  members_ = Members{"a-journey-0", "b-journey-0"};
  look(b);
  EXPECT_EQ(shown(b).size(), 2U) << "and asks again soon";
  members_ = Members{"a-journey-0"};
  look(b, Millis{20'000});
  EXPECT_EQ(shown(b).size(), 2U);
}

TEST_F(StandbyKeeperTest, BeginsNothingWhereThereIsNoRoom) {
  Process a("a");
  Process b("b");
  work(a);
  append(400);
  turn(a, 10);
  keep(b);
  b.tables.set_room(Error(ErrorKind::kRetry, "full"));
  look(b);
  EXPECT_EQ(count(b, task(0)), 0U);
  b.tables.set_room(std::nullopt);
  look(b);
  EXPECT_GT(count(b, task(0)), 100U);
}

/// Reads without end, until it is told to hurry.
class EndlessReader final : public SimLog {
 public:
  EndlessReader(SimBroker& broker, std::function<bool()> hurried, std::promise<void>& begun)
      : SimLog(broker, SimLogOptions{}), hurried_(std::move(hurried)), begun_(begun) {}
  Result<Offset> read(const TopicPartition& partition, Offset from,
                      const std::function<void(const Record&)>& visit) override {
    auto all = SimLog::read(partition, from, visit);
    if (!all) return all;
    if (!std::exchange(told_, true)) begun_.set_value();
    while (!hurried_()) std::this_thread::yield();
    return Error(ErrorKind::kRetry, "given up");
  }

 private:
  std::function<bool()> hurried_;
  std::promise<void>& begun_;
  bool told_ = false;
};

TEST_F(StandbyKeeperTest, LetsGoOfWhatAWorkerWantsAndEndsWhenItIsTold) {
  Process a("a");
  Process b("b");
  work(a);
  append(400);
  turn(a, 10);
  std::promise<void> begun;
  keep(b, [&](std::function<bool()> hurried) {
    return std::make_unique<EndlessReader>(broker_, std::move(hurried), begun);
  });
  b.keeper->start();
  begun.get_future().wait();
  {
    const Claims::Claim first = b.claims->take(task(0));
    const Claims::Claim second = b.claims->take(task(1));
    EXPECT_EQ(count(b, task(2)), 0U);
  }
  b.keeper.reset();
  EXPECT_TRUE(shown(b).empty());
}

}  // namespace
}  // namespace touchstone
