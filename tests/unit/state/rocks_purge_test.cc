// What is deleted of customers leaves the files of RocksTables: tables, write-ahead log, manifest, log.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/table_properties.h>

#include "state/rocks_tables.h"

namespace touchstone {
namespace {

namespace fs = std::filesystem;

const TaskId kCustomers{StageKind::kJourney, "events", Partition(0)};
const TaskId kCells{StageKind::kWindows, "deltas", Partition(0)};
constexpr std::size_t kCount = 600;
/// Of an id; what stands before it may be written once for several keys.
constexpr std::size_t kTail = 24;

class RocksPurge : public testing::TestWithParam<bool> {
 protected:
  RocksPurge() {
    std::string name = testing::TempDir() + "touchstone-purge-XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
    for (std::size_t i = 0; i < kCount; ++i) ids_.push_back(any_text(32));
    std::sort(ids_.begin(), ids_.end());
    // Enough for many files, in several batches, each id in its value too.
    for (std::size_t first = 0; first < kCount; first += 100) {
      open();
      write(first, first + 100, "first", 20'000);
    }
    open();
    write(0, kCount / 3, "second", 3'000);
  }
  void TearDown() override {
    tables_.reset();
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
  }

  void open() {
    tables_.reset();
    RocksTablesOptions options;
    options.min_free_bytes = 0;
    options.compress = GetParam();
    auto opened = RocksTables::open(directory_, options);
    ASSERT_TRUE(opened) << opened.error().message();
    tables_ = std::move(*opened);
  }
  RocksTables& tables() { return *tables_; }
  [[nodiscard]] const std::string& id(std::size_t number) const { return ids_[number]; }

  std::string any_text(std::size_t size) {
    std::string text;
    while (text.size() < size) text.push_back("0123456789abcdefghijklmnopqrstuvwxyz"[random_() % 36]);
    return text;
  }
  void write(std::size_t first, std::size_t end, const std::string& what, std::size_t size) {
    TaskChanges changes{kCustomers, {}};
    for (std::size_t i = first; i < end; ++i) {
      changes.changes.push_back({ids_[i], what + " of " + ids_[i] + " " + any_text(size)});
    }
    ASSERT_TRUE(tables_->apply({std::move(changes)}));
  }
  void forget(const std::vector<std::size_t>& numbers) {
    TaskChanges changes{kCustomers, {}};
    for (const std::size_t number : numbers) changes.changes.push_back({ids_[number], std::nullopt});
    ASSERT_TRUE(tables_->apply({std::move(changes)}));
  }
  void purge() {
    std::atomic<bool> cancel{false};
    const auto purged = tables_->purge(cancel);
    ASSERT_TRUE(purged) << purged.error().message();
  }
  /// Those of the ids, by number, of which the end is found in any file of the directory.
  std::vector<std::size_t> found(const std::vector<std::size_t>& numbers) {
    std::vector<bool> seen(numbers.size());
    for (const auto& file : fs::directory_iterator(directory_)) {
      std::ifstream in(file.path(), std::ios::binary);
      const std::string bytes((std::istreambuf_iterator<char>(in)), {});
      for (std::size_t i = 0; i < numbers.size(); ++i) {
        const std::string_view tail = std::string_view(ids_[numbers[i]]).substr(32 - kTail);
        seen[i] = seen[i] || bytes.find(tail) != std::string::npos;
      }
    }
    std::vector<std::size_t> there;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (seen[i]) there.push_back(numbers[i]);
    }
    return there;
  }
  /// RocksDB deletes files a moment after it needs them no more; the guard is against hanging only.
  std::vector<std::size_t> found_at_last(const std::vector<std::size_t>& numbers) {
    const auto guard = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    std::vector<std::size_t> there = found(numbers);
    while (!there.empty() && std::chrono::steady_clock::now() < guard) {
      std::this_thread::yield();
      there = found(numbers);
    }
    return there;
  }
  /// By RocksDB's own account of its files: entries that say that a key is gone.
  std::uint64_t deletions_in_files() {
    tables_.reset();
    rocksdb::DB* raw = nullptr;
    EXPECT_TRUE(rocksdb::DB::OpenForReadOnly({}, directory_, &raw).ok());
    const std::unique_ptr<rocksdb::DB> database(raw);
    rocksdb::TablePropertiesCollection properties;
    EXPECT_TRUE(database->GetPropertiesOfAllTables(&properties).ok());
    EXPECT_FALSE(properties.empty());
    std::uint64_t deletions = 0;
    for (const auto& [file, each] : properties) deletions += each->num_deletions;
    return deletions;
  }
  std::size_t kept() {
    std::size_t keys = 0;
    EXPECT_TRUE(tables_->scan(kCustomers, [&](std::string_view, std::string_view) { return ++keys > 0; }));
    return keys;
  }

 private:
  std::mt19937_64 random_{42};
  std::string directory_;
  std::vector<std::string> ids_;
  std::unique_ptr<RocksTables> tables_;
};

/// The first and the last keys among them: files are known by these.
const std::vector<std::size_t> kForgotten = {0, 1, 2, 99, 100, 299, 300, 301, 499, 500, 555, kCount - 2, kCount - 1};
const std::vector<std::size_t> kKept = {3, 98, 101, 298, 302, 498, 501, 554, 556, kCount - 3};

TEST_P(RocksPurge, LeavesNoByteOfWhoWasForgottenInAnyFile) {
  if (!GetParam()) {
    EXPECT_EQ(found(kForgotten), kForgotten) << "what is there can be found";
    EXPECT_EQ(found(kKept), kKept);
  }
  EXPECT_FALSE(tables().remains_since());
  forget(kForgotten);
  EXPECT_EQ(found(kForgotten).empty(), false) << "the write-ahead log at least names them";
  ASSERT_TRUE(tables().remains_since());
  purge();
  EXPECT_FALSE(tables().remains_since());
  EXPECT_EQ(found_at_last(kForgotten), std::vector<std::size_t>{}) << "while it runs";
  EXPECT_EQ(kept(), kCount - kForgotten.size());
  open();
  EXPECT_FALSE(tables().remains_since());
  EXPECT_EQ(found(kForgotten), std::vector<std::size_t>{}) << "after a restart";
  if (!GetParam()) {
    EXPECT_EQ(found(kKept), kKept);
  }
  EXPECT_EQ(deletions_in_files(), 0U);
}

TEST_P(RocksPurge, RemembersOverARestartThatThereIsSomethingToDo) {
  forget(kForgotten);
  const auto since = tables().remains_since();
  ASSERT_TRUE(since);
  open();
  ASSERT_TRUE(tables().remains_since());
  EXPECT_EQ(std::chrono::floor<std::chrono::milliseconds>(*since), *tables().remains_since());
  // What was deleted lies by now in a table of its own, as far down as it could be moved.
  purge();
  EXPECT_EQ(found_at_last(kForgotten), std::vector<std::size_t>{});
  EXPECT_EQ(deletions_in_files(), 0U);
}

TEST_P(RocksPurge, TakesWhoCameAndWentWithoutEverBeingInATable) {
  purge();
  ASSERT_TRUE(tables().apply({{kCustomers, {{"fleeting-visitor-of-the-shop", "value"}}}}));
  ASSERT_TRUE(tables().apply({{kCustomers, {{"fleeting-visitor-of-the-shop", std::nullopt}}}}));
  open();
  purge();
  open();
  EXPECT_EQ(kept(), kCount);
  EXPECT_EQ(deletions_in_files(), 0U);
}

TEST_P(RocksPurge, ThatIsCancelledIsStillToBeDone) {
  forget(kForgotten);
  const auto since = tables().remains_since();
  std::atomic<bool> cancel{true};
  const auto cancelled = tables().purge(cancel);
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error().kind(), ErrorKind::kRetry);
  EXPECT_EQ(tables().remains_since(), since);
  purge();
  EXPECT_EQ(found_at_last(kForgotten), std::vector<std::size_t>{});
}

TEST_P(RocksPurge, DoesNotMissWhoIsForgottenMeanwhile) {
  forget({0});
  std::vector<std::size_t> all;
  std::thread meanwhile([&] {
    for (std::size_t number = 1; number < kCount; number += 10) {
      forget({number});
      all.push_back(number);
    }
  });
  purge();
  meanwhile.join();
  open();
  purge();
  open();
  EXPECT_EQ(found(all), std::vector<std::size_t>{});
  EXPECT_EQ(deletions_in_files(), 0U);
}

TEST_P(RocksPurge, HasNothingToDoWhereOnlyCellsAreDeleted) {
  ASSERT_TRUE(tables().apply({{kCells, {{"a pane", "1"}}}}));
  ASSERT_TRUE(tables().apply({{kCells, {{"a pane", std::nullopt}}}}));
  EXPECT_FALSE(tables().remains_since());
  ASSERT_TRUE(tables().clear(kCells));
  EXPECT_TRUE(tables().remains_since()) << "of whom a whole task was, is not asked";
}

INSTANTIATE_TEST_SUITE_P(Compression, RocksPurge, testing::Bool(),
                         [](const auto& each) { return each.param ? "As_It_Ships" : "Without_Compression"; });

}  // namespace
}  // namespace touchstone
