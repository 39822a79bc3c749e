// How tables follow a changelog: from where, how much is read, what is kept of what was interrupted, and when a copy is
// not gone on with.
#include "engine/flow/changelog_copy.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/wire/records.h"
#include "ingest/sim_broker.h"
#include "ingest/sim_log.h"
#include "state/memory_tables.h"

namespace touchstone {
namespace {

using Keys = std::map<std::string, std::string>;

const ChangelogCopy kCopy{{StageKind::kJourney, "in", Partition(0)}, "changelog"};
constexpr std::chrono::days kKept{10};

class ChangelogCopyTest : public ::testing::Test {
 protected:
  ChangelogCopyTest() { broker_->create_topic("changelog", 1); }

  /// Brings another changelog in the place of this one: as it is once Kafka has compacted it, or anew.
  void replace_changelog() {
    broker_ = std::make_unique<SimBroker>();
    broker_->create_topic("changelog", 1);
  }
  void append(const std::string& key, std::optional<std::string> value,
              std::optional<std::int64_t> offset = std::nullopt) {
    SimRecord record;
    record.topic = "changelog";
    record.partition = Partition(0);
    record.key = key;
    record.value = std::move(value);
    if (offset) record.offset = Offset(*offset);
    ASSERT_TRUE(broker_->append(std::move(record)));
  }
  Result<std::uint64_t> try_catch_up() {
    SimLog log(*broker_, SimLogOptions{});
    left_.clear();
    return catch_up(kCopy, log, tables_, pulse_, [this](std::int64_t left) {
      left_.push_back(left);
      if (on_left_) on_left_();
    });
  }
  std::uint64_t catch_up_all() {
    const auto records = try_catch_up();
    EXPECT_TRUE(records) << records.error().message();
    return records ? *records : 0;
  }
  /// Without the offset.
  Keys keys() {
    Keys found;
    EXPECT_TRUE(tables_.scan(kCopy.task, [&](std::string_view key, std::string_view value) {
      if (key != changelog_offset_key()) found.emplace(key, value);
      return true;
    }));
    return found;
  }

  std::unique_ptr<SimBroker> broker_ = std::make_unique<SimBroker>();
  TablesTime now_{std::chrono::days{20'000}};
  MemoryTables tables_{MemoryTablesOptions{kKept, [this] { return now_; }}};
  Pulse pulse_;
  std::vector<std::int64_t> left_;
  std::function<void()> on_left_;
};

TEST_F(ChangelogCopyTest, ReadsOnlyWhatItLacks) {
  for (int i = 0; i < 500; ++i) append("k" + std::to_string(i), "1");
  EXPECT_EQ(catch_up_all(), 500U);
  EXPECT_EQ(left_, (std::vector<std::int64_t>{500, 0}));
  EXPECT_EQ(catch_up_all(), 0U);
  append("k7", "2");
  append("k8", std::nullopt);
  EXPECT_EQ(catch_up_all(), 2U);
  EXPECT_EQ(left_, (std::vector<std::int64_t>{2, 0}));
  EXPECT_EQ(keys().size(), 499U);
  EXPECT_EQ(keys().at("k7"), "2");
}

TEST_F(ChangelogCopyTest, GoesOnWhereItWasInterrupted) {
  for (int i = 0; i < 25'000; ++i) append(std::to_string(i), "1");
  // The first of its batches is kept, the second cannot be.
  int batches = 0;
  on_left_ = [&] {
    if (++batches == 2) tables_.fail_next_apply(Error(ErrorKind::kRetry, "the disk is nearly full"));
  };
  ASSERT_FALSE(try_catch_up());
  EXPECT_EQ(keys().size(), 10'000U);
  on_left_ = {};
  EXPECT_EQ(catch_up_all(), 15'000U);
  EXPECT_EQ(keys().size(), 25'000U);
}

TEST_F(ChangelogCopyTest, BeginsAnewWhereTheChangelogIsAnotherOne) {
  for (int i = 0; i < 10; ++i) append("old " + std::to_string(i), "1");
  catch_up_all();
  replace_changelog();
  append("new", "1");
  EXPECT_EQ(catch_up_all(), 1U) << "the copy goes beyond its end";
  EXPECT_EQ(keys(), (Keys{{"new", "1"}}));
  append("newer", "1", 100);
  broker_->trim({"changelog", Partition(0)}, Offset(50));
  EXPECT_EQ(catch_up_all(), 1U) << "the copy ends before its beginning";
  EXPECT_EQ(keys(), (Keys{{"newer", "1"}}));
}

TEST_F(ChangelogCopyTest, BeginsAnewWhereNobodyKnowsHowFarTheCopyGoes) {
  append("a", "1");
  ASSERT_TRUE(tables_.apply({{kCopy.task, {{"z", "1"}}, now_}}));
  EXPECT_EQ(catch_up_all(), 1U);
  EXPECT_EQ(keys(), (Keys{{"a", "1"}}));
}

/// A customer who was forgotten, and a changelog that no longer says so: the deletion was compacted away.
class ForgottenMeanwhile : public ChangelogCopyTest {
 protected:
  ForgottenMeanwhile() {
    append("forgotten", "1", 0);
    append("kept", "1", 1);
    catch_up_all();
  }
  void compact() {
    replace_changelog();
    append("kept", "1", 1);
    append("later", "1", 3);
  }
};

TEST_F(ForgottenMeanwhile, DoesNotComeBackFromACopyThatWasNotFollowedForTooLong) {
  now_ += std::chrono::days{10};
  compact();
  catch_up_all();
  EXPECT_EQ(keys(), (Keys{{"kept", "1"}, {"later", "1"}}));
}

TEST_F(ForgottenMeanwhile, LeavesACopyThatIsFollowedAtItsDeletion) {
  now_ += std::chrono::days{8};
  append("forgotten", std::nullopt, 2);
  EXPECT_EQ(catch_up_all(), 1U);
  now_ += std::chrono::days{8};
  compact();
  EXPECT_EQ(catch_up_all(), 1U) << "it is not begun anew";
  EXPECT_EQ(keys(), (Keys{{"kept", "1"}, {"later", "1"}}));
}

// A machine that slept in the middle of reading goes on as if nothing had happened.
TEST_F(ForgottenMeanwhile, DoesNotComeBackWhereThatTimePassedWhileItWasRead) {
  now_ += std::chrono::days{8};
  compact();
  on_left_ = [&] {
    if (left_.size() == 1) now_ += std::chrono::days{8};
  };
  const auto slept = try_catch_up();
  ASSERT_FALSE(slept);
  EXPECT_EQ(slept.error().kind(), ErrorKind::kRetry);
  on_left_ = {};
  EXPECT_EQ(catch_up_all(), 2U);
  EXPECT_EQ(keys(), (Keys{{"kept", "1"}, {"later", "1"}}));
}

// What an interrupted attempt has read is not yet the whole changelog: its age is that of the last whole one.
TEST_F(ForgottenMeanwhile, DoesNotComeBackBecauseSomeOfTheChangelogWasReadMeanwhile) {
  now_ += std::chrono::days{8};
  for (int i = 0; i < 10'000; ++i) append(std::to_string(i), "1");
  append("forgotten", std::nullopt);
  int batches = 0;
  on_left_ = [&] {
    if (++batches == 2) tables_.fail_next_apply(Error(ErrorKind::kRetry, "the disk is nearly full"));
  };
  ASSERT_FALSE(try_catch_up());
  on_left_ = {};
  ASSERT_TRUE(keys().contains("9999"));
  ASSERT_TRUE(keys().contains("forgotten"));
  now_ += std::chrono::days{8};
  replace_changelog();
  append("kept", "1", 1);
  append("later", "1", 20'000);
  EXPECT_EQ(catch_up_all(), 2U);
  EXPECT_EQ(keys(), (Keys{{"kept", "1"}, {"later", "1"}}));
}

}  // namespace
}  // namespace touchstone
