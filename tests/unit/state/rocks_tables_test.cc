// What RocksTables says when a directory is not what it should be.
#include "state/rocks_tables.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

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
  ~RocksDirectory() override {
    std::error_code ignored;
    std::filesystem::remove_all(base_, ignored);
  }

  [[nodiscard]] const std::string& base() const { return base_; }
  [[nodiscard]] const std::string& directory() const { return directory_; }

  [[nodiscard]] Result<std::unique_ptr<RocksTables>> open() const {
    return RocksTables::open(directory_, {.free_space_reserve = 0});
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
    EXPECT_TRUE(tables.scan(task, [&](std::string_view, std::string_view) { ++entries; }));
    return entries;
  }
  void expect_in_use(const Result<std::unique_ptr<RocksTables>>& refused) const {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), ErrorKind::kRetry);
    EXPECT_THAT(refused.error().message(), HasSubstr("state directory " + directory_ + " is in use"));
  }
  void expect_damage(const Error& error) const {
    EXPECT_EQ(error.kind(), ErrorKind::kFatal);
    EXPECT_THAT(error.message(), HasSubstr("state in " + directory_ + " is damaged"));
    EXPECT_THAT(error.message(), HasSubstr("delete that directory"));
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

 private:
  std::string base_;
  std::string directory_;
};

TEST_F(RocksDirectory, IsMadeForItsOwnerAlone) {
  const std::string deep = base() + "/some/where/state/";
  ASSERT_TRUE(RocksTables::open(deep, {.free_space_reserve = 0}));
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
    const auto refused = RocksTables::open(impossible, {.free_space_reserve = 0});
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

TEST_F(RocksDirectory, ThatIsDamagedSaysWhatToDo) {
  fill();
  rewrite("CURRENT", [](std::string& bytes) { bytes = "nonsense"; });
  const auto refused = open();
  ASSERT_FALSE(refused);
  expect_damage(refused.error());
}

TEST_F(RocksDirectory, WithADamagedTableSaysSoWhenItIsRead) {
  fill();
  ASSERT_TRUE(open_raw()->Flush({}).ok());
  rewrite(".sst", [](std::string& bytes) { bytes[4] = static_cast<char>(bytes[4] ^ 0x40); });
  const auto tables = open();
  if (!tables) return expect_damage(tables.error());
  const auto scanned = (*tables)->scan(kTask, [](std::string_view, std::string_view) {});
  ASSERT_FALSE(scanned);
  expect_damage(scanned.error());
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
  }));
  EXPECT_GT(keys, 10U);
  EXPECT_LT(keys, 101U);
  EXPECT_EQ(last, std::to_string(keys - 2)) << "whole batches, without a gap";
}

TEST_F(RocksDirectory, OnANearlyFullDiskTakesNothingAndSaysSo) {
  fill();
  {
    const auto refused = RocksTables::open(directory(), {.free_space_reserve = std::uint64_t{1} << 62});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), ErrorKind::kRetry);
    EXPECT_THAT(refused.error().message(), HasSubstr("disk nearly full under state directory " + directory()));
  }
  // Room enough to open, and not enough for a batch that is larger than what is left.
  const std::uint64_t free = std::filesystem::space(directory()).available;
  constexpr std::uint64_t kLeft = std::uint64_t{32} << 20;
  if (free < 4 * kLeft) GTEST_SKIP() << "the disk is nearly full indeed";
  const auto tables = RocksTables::open(directory(), {.free_space_reserve = free - kLeft});
  ASSERT_TRUE(tables) << tables.error().message();
  const auto refused = (*tables)->apply({{kTask, {{"a", std::nullopt}, {"big", std::string(4 * kLeft, 'x')}}}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::kRetry);
  EXPECT_THAT(refused.error().message(), HasSubstr("disk nearly full"));
  EXPECT_EQ(count(**tables, kTask), 2) << "nothing happened";
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
  const auto scanned =
      (*tables)->scan(kTask, [](std::string_view, std::string_view) { throw std::runtime_error("from within"); });
  ASSERT_FALSE(scanned);
  EXPECT_EQ(scanned.error().kind(), ErrorKind::kFatal);
  EXPECT_THAT(scanned.error().message(), HasSubstr("from within"));
}

}  // namespace
}  // namespace touchstone
