// What RocksTables says when a directory is not what it should be.
#include "state/rocks_tables.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/wire/records.h"

namespace touchstone {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;

const TaskId kTask{StageKind::kJourney, "events", Partition(0)};

class RocksDirectory : public testing::Test {
 protected:
  RocksDirectory() {
    std::string name = testing::TempDir() + "touchstone-rocks-XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    base_ = name;
    directory_ = name + "/state";
  }
  void TearDown() override {
    std::error_code ignored;
    std::filesystem::remove_all(base_, ignored);
  }

  [[nodiscard]] const std::string& base() const { return base_; }
  [[nodiscard]] const std::string& directory() const { return directory_; }

  [[nodiscard]] Result<std::unique_ptr<RocksTables>> open() const {
    RocksTablesOptions options;
    options.min_free_bytes = min_free_bytes_;
    options.free_bytes = [this](const std::string&) { return free_bytes_; };
    options.deletions_kept = deletions_kept_;
    options.report = [this](const std::string& what) { said_.push_back(what); };
    options.wall_clock = [this] { return now_; };
    return RocksTables::open(directory_, options);
  }
  void fill() const {
    auto tables = open();
    ASSERT_TRUE(tables) << tables.error().message();
    ASSERT_TRUE((*tables)->apply({{kTask, {{"a", "1"}, {"b", "2"}}}}));
  }
  // The database as RocksDB itself sees it, to put into it what this release would not.
  [[nodiscard]] std::unique_ptr<rocksdb::DB> open_raw() const {
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* database = nullptr;
    const auto status = rocksdb::DB::Open(options, directory_, &database);
    EXPECT_TRUE(status.ok()) << status.ToString();
    return std::unique_ptr<rocksdb::DB>(database);
  }
  static int count(RocksTables& tables, const TaskId& task) {
    int entries = 0;
    EXPECT_TRUE(tables.scan(task, [&](std::string_view, std::string_view) { return ++entries > 0; }));
    return entries;
  }
  void expect_in_use(const Result<std::unique_ptr<RocksTables>>& refused) const {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), ErrorKind::kRetry);
    EXPECT_THAT(refused.error().message(), HasSubstr("state directory " + directory_ + " is in use"));
  }
  // Opens it, and finds it sound and empty, with a word about the damage.
  void expect_emptied() const {
    said_.clear();
    const auto tables = open();
    ASSERT_TRUE(tables) << tables.error().message();
    EXPECT_THAT(said_, testing::ElementsAre(HasSubstr("state in " + directory_ + " is damaged")));
    EXPECT_EQ(count(**tables, kTask), 0);
    EXPECT_TRUE((*tables)->apply({{kTask, {{"a", "1"}}}}));
  }
  // Changes bytes in the files whose name ends so, as another release or a failing disk would.
  template <typename Change>
  void rewrite(const std::string& ending, const Change& change) const {
    int changed = 0;
    for (const auto& file : std::filesystem::directory_iterator(directory_)) {
      if (!file.path().filename().string().ends_with(ending)) continue;
      std::ifstream in(file.path(), std::ios::binary);
      std::string bytes((std::istreambuf_iterator<char>(in)), {});
      if (bytes.empty()) continue;
      change(bytes);
      std::ofstream(file.path(), std::ios::binary | std::ios::trunc) << bytes;
      ++changed;
    }
    ASSERT_GT(changed, 0);
  }

  std::uint64_t min_free_bytes_ = 0;
  std::uint64_t free_bytes_ = std::uint64_t{1} << 40;
  mutable std::vector<std::string> said_;
  std::chrono::system_clock::time_point now_{std::chrono::days{20'000}};
  Millis deletions_kept_{0};

 private:
  std::string base_;
  std::string directory_;
};

TEST_F(RocksDirectory, IsMadeForItsOwnerAlone) {
  const std::string deep = base() + "/some/where/state/";
  ASSERT_TRUE(RocksTables::open(deep));
  struct stat found{};
  ASSERT_EQ(::stat(deep.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777U, 0700U);
}

TEST_F(RocksDirectory, OfAnUnknownFormatIsRefused) {
  fill();
  {
    const auto raw = open_raw();
    ASSERT_TRUE(raw->Put({}, "\0format"s, "touchstone-tables 2").ok());
  }
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::kFatal);
  EXPECT_THAT(refused.error().message(), HasSubstr("\"touchstone-tables 2\""));
  EXPECT_THAT(refused.error().message(), HasSubstr("\"touchstone-tables 1\""));
  EXPECT_THAT(refused.error().message(), HasSubstr(directory()));
}

TEST_F(RocksDirectory, OfSomethingElseIsRefusedAndLeftAlone) {
  {
    const auto raw = open_raw();
    ASSERT_TRUE(raw->Put({}, "someone's", "data").ok());
  }
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::kFatal);
  EXPECT_THAT(refused.error().message(), HasSubstr("format \"none\""));
  std::string value;
  EXPECT_TRUE(open_raw()->Get({}, "someone's", &value).ok());
  EXPECT_TRUE(open_raw()->Get({}, "\0format"s, &value).IsNotFound());
}

TEST_F(RocksDirectory, IsNotSharedWithinAProcess) {
  const auto first = open();
  ASSERT_TRUE(first);
  expect_in_use(open());
}

TEST_F(RocksDirectory, IsNotSharedWithAnotherProcess) {
  fill();
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe2(ready.data(), O_CLOEXEC), 0);
  const pid_t holder = ::fork();
  if (holder == 0) {
    // Holds the lock that RocksDB takes and nothing else: threads do not live on in a forked process.
    const int file = ::open((directory() + "/LOCK").c_str(), O_RDWR | O_CLOEXEC);
    struct flock all{};
    all.l_type = F_WRLCK;
    all.l_whence = SEEK_SET;
    const char answer = ::fcntl(file, F_SETLK, &all) == 0 ? 'y' : 'n';
    if (::write(ready[1], &answer, 1) == 1) ::pause();
    ::_exit(1);
  }
  char held = 'n';
  ASSERT_EQ(::read(ready[0], &held, 1), 1);
  EXPECT_EQ(held, 'y');
  expect_in_use(open());
  ::kill(holder, SIGKILL);
  ::waitpid(holder, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
  EXPECT_TRUE(open()) << "free again when its holder is gone";
}

TEST_F(RocksDirectory, ThatCannotBeMadeIsNamed) {
  const std::string file = base() + "/file";
  std::ofstream(file) << "not a directory";
  for (const std::string& impossible : {file, file + "/state", std::string("/proc/touchstone"), std::string()}) {
    const auto refused = RocksTables::open(impossible);
    ASSERT_FALSE(refused) << impossible;
    EXPECT_EQ(refused.error().kind(), ErrorKind::kFatal);
    EXPECT_THAT(refused.error().message(), HasSubstr("state directory " + impossible));
  }
}

TEST_F(RocksDirectory, ThatCannotBeWrittenIsNamed) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  ASSERT_EQ(::mkdir(directory().c_str(), 0500), 0);
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::kFatal);
  EXPECT_THAT(refused.error().message(), HasSubstr(directory()));
}

TEST_F(RocksDirectory, ThatIsDamagedIsEmptiedWhenItIsOpened) {
  fill();
  rewrite("CURRENT", [](std::string& bytes) { bytes = "nonsense"; });
  expect_emptied();
}

// RocksDB would begin a new database and put into it what it finds in the log.
TEST_F(RocksDirectory, OfWhichFilesAreGoneIsEmptied) {
  for (const std::string gone : {"CURRENT", "MANIFEST-", ".sst"}) {
    fill();
    {
      const auto tables = open();  // makes a table of the log
      ASSERT_TRUE((*tables)->apply({{kTask, {{"c", "3"}}}}));
    }
    int removed = 0;
    for (const auto& file : std::filesystem::directory_iterator(directory())) {
      if (file.path().filename().string().find(gone) == std::string::npos) continue;
      std::filesystem::remove(file.path());
      ++removed;
    }
    ASSERT_GT(removed, 0) << gone;
    expect_emptied();
  }
}

// RocksDB takes a MANIFEST that ends early for one whose writing was interrupted, and then plays the log into the state
// of a while ago. What came into tables in between would be missing.
TEST_F(RocksDirectory, NeverHoldsALaterBatchWithoutAnEarlierOne) {
  fill();
  {
    const auto tables = open();  // "a" and "b" are in a table now
    ASSERT_TRUE((*tables)->apply({{kTask, {{"later", "3"}}}}));
  }
  const std::string whole = base() + "/whole";
  std::filesystem::copy(directory(), whole);
  std::string manifest;
  for (const auto& file : std::filesystem::directory_iterator(whole)) {
    if (file.path().filename().string().starts_with("MANIFEST-")) manifest = file.path().filename().string();
  }
  std::ifstream in(whole + "/" + manifest, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  ASSERT_GT(bytes.size(), 20U);
  int emptied = 0;
  const auto expect_no_gap = [&](const std::string& damaged, const std::string& how) {
    std::filesystem::remove_all(directory());
    std::filesystem::copy(whole, directory());
    std::ofstream(directory() + "/" + manifest, std::ios::binary | std::ios::trunc) << damaged;
    said_.clear();
    const auto tables = open();
    ASSERT_TRUE(tables) << how << ": " << tables.error().message();
    std::string keys;
    ASSERT_TRUE((*tables)->scan(kTask, [&](std::string_view key, std::string_view) {
      keys += key;
      return true;
    })) << how;
    EXPECT_THAT(keys, testing::AnyOf("ablater", "ab", "")) << how;
    emptied += said_.empty() ? 0 : 1;
  };
  // Opening costs a tenth of a second where the disk is slow.
  const std::size_t step = std::getenv("TOUCHSTONE_ALL") != nullptr ? 1 : 5;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    expect_no_gap(bytes.substr(0, at), "cut at " + std::to_string(at));
    std::string turned = bytes;
    turned[at] = static_cast<char>(turned[at] ^ (1 << (at % 8)));
    expect_no_gap(turned, "turned at " + std::to_string(at));
  }
  EXPECT_GT(emptied, 3);
}

TEST_F(RocksDirectory, WithADamagedTableSaysSoWhenItIsRead) {
  fill();
  ASSERT_TRUE(open_raw()->Flush({}).ok());
  rewrite(".sst", [](std::string& bytes) { bytes[4] = static_cast<char>(bytes[4] ^ 0x40); });
  const auto tables = open();
  ASSERT_TRUE(tables) << tables.error().message();
  if (said_.empty()) {
    const auto scanned = (*tables)->scan(kTask, [](std::string_view, std::string_view) { return true; });
    ASSERT_FALSE(scanned);
    EXPECT_EQ(scanned.error().kind(), ErrorKind::kReject);
    EXPECT_THAT(scanned.error().message(), HasSubstr("state in " + directory() + " is damaged"));
    EXPECT_TRUE((*tables)->damaged());
  } else {
    EXPECT_EQ(count(**tables, kTask), 0);
  }
}

TEST_F(RocksDirectory, WithADamagedLogHoldsTheBatchesBeforeTheDamage) {
  {
    const auto tables = open();
    for (int n = 0; n < 100; ++n) {
      const std::string number = std::to_string(n);
      ASSERT_TRUE((*tables)->apply({{kTask, {{"last", number}, {"key " + number, number}}}}));
    }
  }
  rewrite(".log", [](std::string& bytes) { bytes[bytes.size() / 2] = static_cast<char>(~bytes[bytes.size() / 2]); });
  const auto tables = open();
  ASSERT_TRUE(tables) << tables.error().message();
  std::size_t keys = 0;
  std::string last;
  ASSERT_TRUE((*tables)->scan(kTask, [&](std::string_view key, std::string_view value) {
    ++keys;
    if (key == "last") last = value;
    return true;
  }));
  EXPECT_GT(keys, 10U);
  EXPECT_LT(keys, 101U);
  EXPECT_EQ(last, std::to_string(keys - 2)) << "whole batches, without a gap";
}

TEST_F(RocksDirectory, OnANearlyFullDiskTakesNothingAndSaysSo) {
  fill();
  min_free_bytes_ = 100'000;
  free_bytes_ = 99'999;
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::kRetry);
  EXPECT_THAT(refused.error().message(), HasSubstr("disk nearly full under state directory " + directory()));
  free_bytes_ = 100'000;
  const auto tables = open();
  ASSERT_TRUE(tables) << tables.error().message();
  // Half of it is for what is under way, and a batch is written twice.
  free_bytes_ = 70'000;
  ASSERT_TRUE((*tables)->apply({{kTask, {{"c", std::string(9'000, 'x')}}}}));
  const auto too_large = (*tables)->apply({{kTask, {{"a", std::nullopt}, {"big", std::string(11'000, 'x')}}}});
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().kind(), ErrorKind::kRetry);
  EXPECT_THAT(too_large.error().message(), HasSubstr("disk nearly full"));
  EXPECT_EQ(count(**tables, kTask), 3) << "nothing happened";
  EXPECT_FALSE((*tables)->damaged());
}

TEST_F(RocksDirectory, OnANearlyFullDiskHasNoRoomUntilThereIsAQuarterMore) {
  min_free_bytes_ = 100'000;
  const auto tables = open();
  ASSERT_TRUE(tables);
  for (const auto& [free, is_enough] : std::vector<std::pair<std::uint64_t, bool>>{
           {100'000, true}, {99'999, false}, {100'000, false}, {124'999, false}, {125'000, true}, {100'000, true}}) {
    free_bytes_ = free;
    EXPECT_EQ((*tables)->room().has_value(), is_enough) << free;
  }
}

TEST_F(RocksDirectory, OlderThanTheChangelogKeepsDeletionsIsForgotten) {
  const TaskId other{StageKind::kJourney, "events", Partition(1)};
  deletions_kept_ = std::chrono::days{10};
  const auto copy_of = [&](const TaskId& task, const std::string& key) {
    return TaskChanges{task, {{key, "1"}, {changelog_offset_key(), "\x02"}}, now_};
  };
  {
    const auto tables = open();
    ASSERT_TRUE((*tables)->apply({copy_of(kTask, "forgotten meanwhile"), copy_of(other, "kept")}));
    // One of them goes on, the other belongs to another instance now.
    now_ += std::chrono::days{8};
    ASSERT_TRUE((*tables)->apply({copy_of(other, "kept")}));
    EXPECT_EQ(count(**tables, kTask), 2) << "not older than nine tenths of that";
    now_ += std::chrono::hours{25};
    EXPECT_EQ(count(**tables, kTask), 0) << "also in a process that has run all the time";
    EXPECT_THAT(said_, testing::ElementsAre(HasSubstr("the copy of events/0")));
  }
  said_.clear();
  const auto again = open();
  EXPECT_EQ(count(**again, other), 2);
  EXPECT_THAT(said_, testing::IsEmpty());
  now_ -= std::chrono::days{30};
  EXPECT_EQ(count(**again, other), 0) << "a copy from the future has no age";
}

TEST_F(RocksDirectory, FinishesAClearThatWasInterrupted) {
  const TaskId other{StageKind::kJourney, "events", Partition(1)};
  {
    const auto tables = open();
    ASSERT_TRUE((*tables)->apply({{kTask, {{"a", "1"}, {"b", "2"}}}, {other, {{"c", "3"}}}}));
  }
  ASSERT_TRUE(open_raw()
                  ->Put({},
                        "\0clearing/\x02\0\x06"
                        "events\0\0\0\0"s,
                        "")
                  .ok());
  for (int times = 0; times < 2; ++times) {
    const auto tables = open();
    ASSERT_TRUE(tables);
    EXPECT_EQ(count(**tables, kTask), 0);
    EXPECT_EQ(count(**tables, other), 1);
    ASSERT_TRUE((*tables)->apply({{kTask, {}}}));
  }
}

TEST_F(RocksDirectory, TurnsAVisitorsExceptionIntoAnError) {
  fill();
  const auto tables = open();
  const auto scanned = (*tables)->scan(
      kTask, [](std::string_view, std::string_view) -> bool { throw std::runtime_error("from within"); });
  ASSERT_FALSE(scanned);
  EXPECT_EQ(scanned.error().kind(), ErrorKind::kFatal);
  EXPECT_THAT(scanned.error().message(), HasSubstr("from within"));
}

}  // namespace
}  // namespace touchstone
