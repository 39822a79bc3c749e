// What the engine may rely on with any Tables, checked with both of ours; and, for the tables on disk, what
// is left after a process was stopped or killed.
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "state/memory_tables.h"
#include "state/rocks_tables.h"

namespace touchstone {
namespace {

using namespace std::string_literals;
using Entries = std::vector<std::pair<std::string, std::string>>;

const TaskId kJourney{StageKind::kJourney, "events", Partition(0)};
const TaskId kWindows{StageKind::kWindows, "deltas", Partition(3)};

class Directory {
 public:
  Directory() {
    std::string name = testing::TempDir() + "touchstone-tables-XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() { std::filesystem::remove_all(path_); }

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::unique_ptr<RocksTables> open_rocks(const std::string& directory) {
  RocksTablesOptions options;
  options.min_free_bytes = 0;
  auto opened = RocksTables::open(directory, options);
  EXPECT_TRUE(opened) << opened.error().message();
  return opened ? std::move(*opened) : nullptr;
}

Entries entries_of(Tables& tables, const TaskId& task) {
  Entries entries;
  const auto scanned = tables.scan(task, [&](std::string_view key, std::string_view value) {
    entries.emplace_back(key, value);
    return true;
  });
  EXPECT_TRUE(scanned) << scanned.error().message();
  const auto first = tables.first(task);
  EXPECT_TRUE(first) << first.error().message();
  EXPECT_EQ(first->has_value(), !entries.empty());
  if (*first && !entries.empty()) {
    EXPECT_EQ((*first)->key, entries.front().first);
    EXPECT_EQ((*first)->value, entries.front().second);
  }
  return entries;
}

void apply_to(Tables& tables, std::vector<TaskChanges> changes) {
  const auto applied = tables.apply(std::move(changes));
  ASSERT_TRUE(applied) << applied.error().message();
}

enum class Kind { kMemory, kRocks };

std::ostream& operator<<(std::ostream& out, Kind kind) { return out << (kind == Kind::kMemory ? "Memory" : "Rocks"); }

class TablesContract : public testing::TestWithParam<Kind> {
 protected:
  TablesContract() {
    if (GetParam() == Kind::kMemory) {
      tables_ = std::make_unique<MemoryTables>();
    } else {
      tables_ = open_rocks(directory_.path());
    }
  }

  Tables& tables() { return *tables_; }
  Entries entries(const TaskId& task) { return entries_of(*tables_, task); }

 private:
  Directory directory_;
  std::unique_ptr<Tables> tables_;
};

INSTANTIATE_TEST_SUITE_P(Both, TablesContract, testing::Values(Kind::kMemory, Kind::kRocks),
                         testing::PrintToStringParamName());

TEST_P(TablesContract, AreEmptyAtFirst) {
  EXPECT_EQ(entries(kJourney), Entries{});
  apply_to(tables(), {});
  apply_to(tables(), {{kJourney, {}}});
  EXPECT_EQ(entries(kJourney), Entries{});
}

TEST_P(TablesContract, ShowWhatWasAppliedInTheOrderOfTheKeysBytes) {
  apply_to(tables(), {{kJourney, {{"b", "2"}, {"\xff", "4"}, {"a", "1"}, {"c", ""}}}});
  apply_to(tables(), {{kJourney, {{"\x80", "3"}, {"", "0"}}}});
  EXPECT_EQ(entries(kJourney), (Entries{{"", "0"}, {"a", "1"}, {"b", "2"}, {"c", ""}, {"\x80", "3"}, {"\xff", "4"}}));
}

TEST_P(TablesContract, KeepKeysWithZeroBytesAndKeysThatBeginWithAnotherKeyApart) {
  const Entries expected = {{""s, "1"},     {"\0"s, "2"},      {"\0\0"s, "3"}, {"a"s, "4"},       {"a\0"s, "5"},
                            {"a\0b"s, "6"}, {"aa"s, "7\0\0"s}, {"\xff"s, "8"}, {"\xff\xff"s, "9"}};
  std::vector<TableChange> changes;
  for (const auto& [key, value] : expected) changes.push_back({key, value});
  apply_to(tables(), {{kJourney, changes}});
  EXPECT_EQ(entries(kJourney), expected);
}

TEST_P(TablesContract, LetTheLaterChangeOfAKeyCount) {
  apply_to(tables(), {{kJourney, {{"a", "1"}, {"b", "1"}, {"a", "2"}, {"b", std::nullopt}, {"c", std::nullopt}}},
                      {kWindows, {{"a", "9"}}},
                      {kJourney, {{"c", "3"}, {"a", "4"}}}});
  EXPECT_EQ(entries(kJourney), (Entries{{"a", "4"}, {"c", "3"}}));
  apply_to(tables(), {{kJourney, {{"a", std::nullopt}, {"a", "5"}}}});
  EXPECT_EQ(entries(kJourney), (Entries{{"a", "5"}, {"c", "3"}}));
}

TEST_P(TablesContract, ForgetDeletedKeys) {
  apply_to(tables(), {{kJourney, {{"a", "1"}, {"b", "2"}}}});
  apply_to(tables(), {{kJourney, {{"a", std::nullopt}, {"never there", std::nullopt}}}});
  EXPECT_EQ(entries(kJourney), (Entries{{"b", "2"}}));
}

// Each of these differs from the others in one respect, some in a way that joined texts would blur.
std::vector<TaskId> similar_tasks() {
  return {{StageKind::kIntake, "t", Partition(0)},
          {StageKind::kJourney, "t", Partition(0)},
          {StageKind::kWindows, "t", Partition(0)},
          {StageKind::kJourney, "t", Partition(1)},
          {StageKind::kJourney, "t", Partition(255)},
          {StageKind::kJourney, "t", Partition(256)},
          {StageKind::kJourney, "t\0"s, Partition(0)},
          {StageKind::kJourney, "t\0\0"s, Partition(0)},
          {StageKind::kJourney, "", Partition(0)},
          {StageKind::kJourney, "tt", Partition(0)},
          {StageKind::kJourney, std::string(249, 't'), Partition(0x7fffffff)}};
}

TEST_P(TablesContract, KeepTasksApart) {
  const std::vector<TaskId> tasks = similar_tasks();
  std::vector<TaskChanges> changes;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    changes.push_back({tasks[i], {{"", std::to_string(i)}, {"\0\0\0\0"s, "x"}, {"\xff\xff\xff\xff\xff", "y"}}});
  }
  apply_to(tables(), changes);
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    EXPECT_EQ(entries(tasks[i]), (Entries{{"", std::to_string(i)}, {"\0\0\0\0"s, "x"}, {"\xff\xff\xff\xff\xff", "y"}}));
  }
}

TEST_P(TablesContract, ClearOneTaskAndNoOther) {
  const std::vector<TaskId> tasks = similar_tasks();
  std::vector<TableChange> many;
  for (int i = 0; i < 2500; ++i) many.push_back({std::to_string(i), "value"});
  for (const TaskId& task : tasks) apply_to(tables(), {{task, many}});
  for (std::size_t cleared = 0; cleared < tasks.size(); ++cleared) {
    ASSERT_TRUE(tables().clear(tasks[cleared]));
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      EXPECT_EQ(entries(tasks[i]).size(), i <= cleared ? 0U : many.size());
    }
  }
  EXPECT_TRUE(tables().clear(tasks[0])) << "clearing what is empty is no error";
  apply_to(tables(), {{tasks[0], {{"again", "1"}}}});
  EXPECT_EQ(entries(tasks[0]), (Entries{{"again", "1"}}));
}

TEST_P(TablesContract, LetAVisitorChangeWhatItIsShown) {
  apply_to(tables(), {{kJourney, {{"a", "1"}, {"b", "2"}, {"c", "3"}}}});
  Entries seen;
  const auto scanned = tables().scan(kJourney, [&](std::string_view key, std::string_view value) {
    seen.emplace_back(key, value);
    apply_to(tables(), {{kJourney, {{"b", std::nullopt}, {"d", "4"}}}});
    return true;
  });
  ASSERT_TRUE(scanned);
  EXPECT_EQ(seen, (Entries{{"a", "1"}, {"b", "2"}, {"c", "3"}}));
  EXPECT_EQ(entries(kJourney), (Entries{{"a", "1"}, {"c", "3"}, {"d", "4"}}));
}

TEST_P(TablesContract, ShowsNoMoreThanIsWanted) {
  apply_to(tables(), {{kJourney, {{"a", "1"}, {"b", "2"}, {"c", "3"}}}});
  std::string seen;
  ASSERT_TRUE(tables().scan(kJourney, [&](std::string_view key, std::string_view) {
    seen += key;
    return seen.size() < 2;
  }));
  EXPECT_EQ(seen, "ab");
}

TEST_P(TablesContract, TellTheirSize) {
  const std::uint64_t before = tables().size_bytes();
  std::mt19937_64 random(7);
  std::string incompressible(100'000, '\0');
  for (char& byte : incompressible) byte = static_cast<char>(random());
  apply_to(tables(), {{kJourney, {{"a", incompressible}}}});
  EXPECT_GE(tables().size_bytes(), before + incompressible.size());
}

TEST_P(TablesContract, ServeTasksOfDifferentThreads) {
  std::vector<std::thread> threads;
  for (int number = 0; number < 4; ++number) {
    threads.emplace_back([this, number] {
      const TaskId task{StageKind::kJourney, "events", Partition(number)};
      for (int round = 0; round < 50; ++round) {
        apply_to(tables(), {{task, {{"round", std::to_string(round)}, {std::to_string(round), "x"}}}});
        ASSERT_EQ(entries(task).back(), std::pair("round"s, std::to_string(round)));
        if (round % 20 == 0) {
          ASSERT_TRUE(tables().clear(task));
          ASSERT_EQ(entries(task), Entries{});
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// The reference for what follows: changes applied one by one to the simplest thing that can hold them.
TEST_P(TablesContract, AgreeWithAPlainMapOverRandomChanges) {
  std::mt19937 random(20260101);
  const auto below = [&random](unsigned limit) { return static_cast<unsigned>(random() % limit); };
  const std::array<TaskId, 2> tasks = {kJourney, kWindows};
  std::array<std::map<std::string, std::string>, 2> expected;
  for (int round = 0; round < 200; ++round) {
    std::vector<TaskChanges> changes;
    for (unsigned part = below(4); part > 0; --part) {
      const std::size_t task = below(2);
      changes.push_back({tasks[task], {}});
      for (unsigned change = below(20); change > 0; --change) {
        const std::string key(below(3), static_cast<char>(below(4) * 85));
        if (below(3) == 0) {
          changes.back().changes.push_back({key, std::nullopt});
          expected[task].erase(key);
        } else {
          changes.back().changes.push_back({key, std::to_string(round)});
          expected[task][key] = std::to_string(round);
        }
      }
    }
    apply_to(tables(), std::move(changes));
    for (std::size_t task = 0; task < 2; ++task) {
      ASSERT_EQ(entries(tasks[task]), Entries(expected[task].begin(), expected[task].end())) << "round " << round;
    }
  }
}

// How old what is kept may get, by a clock moved by hand.
class AgeingTables : public testing::TestWithParam<Kind> {
 protected:
  static constexpr std::chrono::days kKept{10};

  void SetUp() override { make(kKept); }
  void make(Millis kept) {
    const auto clock = [this] { return now_; };
    tables_.reset();
    if (GetParam() == Kind::kMemory) {
      tables_ = std::make_unique<MemoryTables>(MemoryTablesOptions{kept, clock});
      return;
    }
    RocksTablesOptions options;
    options.min_free_bytes = 0;
    options.deletions_kept = kept;
    options.wall_clock = clock;
    auto opened = RocksTables::open(directory_.path(), options);
    ASSERT_TRUE(opened) << opened.error().message();
    tables_ = std::move(*opened);
  }
  void keep(const TaskId& task, const std::string& key, std::optional<TablesTime> as_of) {
    apply_to(*tables_, {{task, {{key, "1"}}, as_of}});
  }
  std::size_t count(const TaskId& task) { return entries_of(*tables_, task).size(); }
  Tables& tables() { return *tables_; }

  TablesTime now_{std::chrono::days{20'000}};

 private:
  Directory directory_;
  std::unique_ptr<Tables> tables_;
};

INSTANTIATE_TEST_SUITE_P(Both, AgeingTables, testing::Values(Kind::kMemory, Kind::kRocks),
                         testing::PrintToStringParamName());

// The process runs on all the time; one task belongs to another instance meanwhile.
TEST_P(AgeingTables, ForgetATaskThatFollowedNoChangelogForTooLongAndKeepOneThatDid) {
  EXPECT_EQ(tables().now(), now_);
  keep(kJourney, "forgotten meanwhile", now_);
  keep(kWindows, "a", now_);
  now_ += std::chrono::days{8};
  EXPECT_EQ(count(kJourney), 1U) << "not older than nine tenths of that";
  keep(kWindows, "b", now_);
  now_ += std::chrono::hours{25};
  EXPECT_EQ(count(kJourney), 0U);
  EXPECT_EQ(count(kWindows), 2U);
  keep(kJourney, "new", now_);
  EXPECT_EQ(count(kJourney), 1U) << "it begins anew";
}

// Changes of a catching up that was interrupted say nothing about how old the rest is.
TEST_P(AgeingTables, AreNoYoungerForChangesThatAreNotTheWholeChangelog) {
  keep(kJourney, "a", now_);
  now_ += std::chrono::days{8};
  keep(kJourney, "b", std::nullopt);
  now_ += std::chrono::days{2};
  EXPECT_EQ(count(kJourney), 0U);
}

// The process may sleep between what it asks Kafka for and what it writes down.
TEST_P(AgeingTables, CountTheAgeFromTheMomentNamedAndNotFromWhenItIsTold) {
  const TablesTime asked = now_;
  now_ += std::chrono::days{8};
  keep(kJourney, "a", asked);
  EXPECT_EQ(count(kJourney), 1U);
  now_ += std::chrono::days{2};
  EXPECT_EQ(count(kJourney), 0U);
}

TEST_P(AgeingTables, ForgetWhatHasNoAgeOrOneInTheFuture) {
  keep(kJourney, "a", std::nullopt);
  EXPECT_EQ(count(kJourney), 0U);
  keep(kJourney, "a", now_ + std::chrono::seconds{59});
  EXPECT_EQ(count(kJourney), 1U) << "clocks are set a little";
  keep(kJourney, "a", now_ + std::chrono::days{1});
  EXPECT_EQ(count(kJourney), 0U);
}

TEST_P(AgeingTables, OfAClearedTaskHaveNoAge) {
  keep(kJourney, "a", now_);
  ASSERT_TRUE(tables().clear(kJourney));
  keep(kJourney, "b", std::nullopt);
  EXPECT_EQ(count(kJourney), 0U);
}

TEST_P(AgeingTables, GrowOldInPeaceWhereDeletionsAreKeptForEver) {
  make(Millis{0});
  keep(kJourney, "a", std::nullopt);
  now_ += std::chrono::days{3'650};
  EXPECT_EQ(count(kJourney), 1U);
}

TEST(MemoryTables, FailOneApplyWholeWhenTold) {
  MemoryTables tables;
  apply_to(tables, {{kJourney, {{"a", "1"}}}});
  tables.fail_next_apply(Error(ErrorKind::kRetry, "as asked"));
  const auto failed = tables.apply({{kJourney, {{"a", "2"}}}, {kWindows, {{"b", "2"}}}});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message(), "as asked");
  EXPECT_EQ(entries_of(tables, kJourney), (Entries{{"a", "1"}}));
  EXPECT_EQ(entries_of(tables, kWindows), Entries{});
  apply_to(tables, {{kJourney, {{"a", "2"}}}});
  EXPECT_EQ(entries_of(tables, kJourney), (Entries{{"a", "2"}}));
}

TEST(RocksTables, HoldWhatTheyHeldWhenOpenedAgain) {
  const Directory directory;
  apply_to(*open_rocks(directory.path()), {{kJourney, {{"a", "1"}, {"\0"s, "2"}}}, {kWindows, {{"w", "3"}}}});
  const auto again = open_rocks(directory.path());
  EXPECT_EQ(entries_of(*again, kJourney), (Entries{{"\0"s, "2"}, {"a", "1"}}));
  EXPECT_EQ(entries_of(*again, kWindows), (Entries{{"w", "3"}}));
}

// What a killed process wrote: batch n changes two tasks, deletes some keys, and names itself in both.
std::vector<TaskChanges> numbered_batch(std::uint64_t n) {
  const std::string number = std::to_string(n);
  TaskChanges journey{kJourney, {{"last", number}}};
  TaskChanges windows{kWindows, {{"last", number}}};
  for (std::uint64_t i = 0; i < 30; ++i) {
    journey.changes.push_back({"key " + std::to_string((n * 7 + i) % 200), number});
    windows.changes.push_back({"key " + std::to_string((n * 11 + i) % 300), std::string(200, 'v') + number});
  }
  journey.changes.push_back({"key " + std::to_string(n * 13 % 200), std::nullopt});
  windows.changes.push_back({"key " + std::to_string(n * 17 % 300), std::nullopt});
  return {journey, windows};
}

std::uint64_t last_batch(Tables& tables) {
  for (const auto& [key, value] : entries_of(tables, kJourney)) {
    if (key == "last") return std::stoull(value);
  }
  return 0;
}

constexpr int kAcknowledgements = 3;  // the descriptor on which the child tells what it has applied
constexpr const char* kChildDirectory = "TOUCHSTONE_TEST_CHILD_DIRECTORY";

// Not a test but the process that is killed: a copy of this program that runs only this.
TEST(RocksTables, DISABLED_WriteNumberedBatchesUntilKilled) {
  const char* directory = std::getenv(kChildDirectory);
  ASSERT_NE(directory, nullptr);
  const auto tables = open_rocks(directory);
  for (std::uint64_t n = last_batch(*tables) + 1;; ++n) {
    ASSERT_TRUE(tables->apply(numbered_batch(n)));
    ASSERT_EQ(::write(kAcknowledgements, &n, sizeof n), static_cast<ssize_t>(sizeof n));
  }
}

// Starts that process, kills it once it has told of `batches` more, and returns the last number it told.
std::uint64_t run_and_kill(const std::string& directory, int batches) {
  std::array<int, 2> pipe_ends{};
  EXPECT_EQ(::pipe2(pipe_ends.data(), O_CLOEXEC), 0);
  ::setenv(kChildDirectory, directory.c_str(), 1);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(pipe_ends[1], kAcknowledgements);
    ::dup2(::open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
    ::execl("/proc/self/exe", "tables_contract_test", "--gtest_also_run_disabled_tests",
            "--gtest_filter=RocksTables.DISABLED_WriteNumberedBatchesUntilKilled", nullptr);
    ::_exit(127);
  }
  ::close(pipe_ends[1]);
  std::uint64_t told = 0;
  for (int i = 0; i < batches; ++i) {
    if (::read(pipe_ends[0], &told, sizeof told) != static_cast<ssize_t>(sizeof told)) {
      ADD_FAILURE() << "the child ended by itself";
      break;
    }
  }
  ::kill(child, SIGKILL);
  std::uint64_t further = 0;
  while (::read(pipe_ends[0], &further, sizeof further) == static_cast<ssize_t>(sizeof further)) told = further;
  ::close(pipe_ends[0]);
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
  return told;
}

TEST(RocksTables, HoldExactlyTheFirstBatchesAfterTheProcessWasKilled) {
  const Directory directory;
  MemoryTables expected;
  std::uint64_t replayed = 0;
  for (int round = 0; round < 8; ++round) {
    const std::uint64_t told = run_and_kill(directory.path(), 1 + 41 * round);
    const auto tables = open_rocks(directory.path());
    ASSERT_NE(tables, nullptr);
    const std::uint64_t last = last_batch(*tables);
    EXPECT_GE(last, told) << "a killed process loses nothing that was applied";
    while (replayed < last) apply_to(expected, numbered_batch(++replayed));
    ASSERT_EQ(entries_of(*tables, kJourney), entries_of(expected, kJourney)) << "after batch " << last;
    ASSERT_EQ(entries_of(*tables, kWindows), entries_of(expected, kWindows)) << "after batch " << last;
  }
}

}  // namespace
}  // namespace touchstone
