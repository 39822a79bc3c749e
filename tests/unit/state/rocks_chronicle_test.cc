// What was told: kept, found again by key and time, and gone after its time. On disk and in memory.
#include "state/rocks_chronicle.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

namespace touchstone {
namespace {

constexpr std::int64_t kNoon = 1'763'726'400'000;  // 2025-11-21T12:00:00Z
const TopicPartition kWindows{"touchstone.windows", Partition(3)};

std::string rfc3339_after(std::int64_t seconds) { return to_rfc3339(time_from_millis(kNoon + seconds * 1000)); }

/// Records as a topic would give them; own their bytes.
struct Told {
  ChronicleKind kind;
  std::string key;
  std::string value;
};

Told row(const std::string& key, std::int64_t seconds) {
  return {
      ChronicleKind::kRow, key,
      R"({"window":"5m","start":"x","end":")" + rfc3339_after(seconds) + R"(","n":)" + std::to_string(seconds) + "}"};
}

Told alert(const std::string& key, std::int64_t seconds, const std::string& state) {
  return {ChronicleKind::kAlert, key,
          R"({"alert":"a","state":")" + state + R"(","kind":"satisfaction-drop","at":")" + rfc3339_after(seconds) +
              R"("})"};
}

class RocksChronicleTest : public ::testing::TestWithParam<bool> {
 protected:
  RocksChronicleTest() {
    if (GetParam()) {
      options_.directory = ::testing::TempDir() + "touchstone-chronicle." + std::to_string(::getpid());
      std::filesystem::remove_all(options_.directory);
    }
    options_.history = std::chrono::hours{1};
    options_.min_free_bytes = 0;
    open();
  }
  void TearDown() override {
    chronicle_.reset();
    if (GetParam()) std::filesystem::remove_all(options_.directory);
  }

  void open() {
    chronicle_.reset();
    auto opened = RocksChronicle::open(options_);
    ASSERT_TRUE(opened) << opened.error().message();
    chronicle_ = std::move(*opened);
  }

  void tell(const std::vector<Told>& told, std::int64_t next = 1) {
    std::vector<ChronicleEntry> entries;
    for (const Told& each : told) {
      const auto entry = read_chronicle_entry(each.kind, {.topic = "t",
                                                          .partition = Partition(0),
                                                          .offset = Offset(0),
                                                          .timestamp_ms = {},
                                                          .key = each.key,
                                                          .value = each.value,
                                                          .headers = {}});
      ASSERT_TRUE(entry) << each.value;
      entries.push_back(*entry);
    }
    const ConsumedOffset read{kWindows, Offset(next)};
    const auto added = chronicle_->add(entries, {&read, 1});
    ASSERT_TRUE(added) << added.error().message();
  }

  static ChronicleQuery about(ChronicleKind kind, std::array<std::string, 4> parts) {
    ChronicleQuery query;
    query.kind = kind;
    query.parts = std::move(parts);
    query.from = kEarliestEventTime;
    query.to = kLatestEventTime;
    return query;
  }

  std::vector<std::string> all(ChronicleQuery query, bool past) {
    std::vector<std::string> values;
    do {
      const auto page = past ? chronicle_->past(query) : chronicle_->current(query);
      EXPECT_TRUE(page) << page.error().message();
      if (!page) break;
      EXPECT_LE(page->values.size(), query.limit);
      values.insert(values.end(), page->values.begin(), page->values.end());
      query.after = page->cursor;
    } while (!query.after.empty());
    return values;
  }

  RocksChronicleOptions options_;
  std::unique_ptr<RocksChronicle> chronicle_;
};

class RocksChronicleOnDiskTest : public RocksChronicleTest {};

TEST_P(RocksChronicleTest, HoldsTheLastRecordOfEachKeyAsItCame) {
  tell({row("5m/touchpoint/page/all", 0), row("5m/touchpoint/page/all", 15), row("5m/touchpoint/page/gold", 0),
        row("1h/all/all/all", 0)});
  EXPECT_EQ(all(about(ChronicleKind::kRow, {"5m", "touchpoint", "page", "all"}), false),
            std::vector{row("", 15).value});
  EXPECT_EQ(all(about(ChronicleKind::kRow, {"5m", "", "", ""}), false),
            (std::vector{row("", 15).value, row("", 0).value}));
  EXPECT_EQ(all(about(ChronicleKind::kRow, {"5m", "", "", "gold"}), false), std::vector{row("", 0).value});
  EXPECT_EQ(all(about(ChronicleKind::kRow, {"24h", "", "", ""}), false), std::vector<std::string>{});
}

TEST_P(RocksChronicleTest, FindsWhatWasClosedInATime) {
  for (std::int64_t at = 0; at < 600; at += 15)
    tell({row("5m/touchpoint/a/all", at), row("5m/touchpoint/ab/all", at), row("5m/touchpoint/a/gold", at)});
  ChronicleQuery query = about(ChronicleKind::kRow, {"5m", "touchpoint", "a", "all"});
  query.from = time_from_millis(kNoon + 30'000);
  query.to = time_from_millis(kNoon + 60'000);
  EXPECT_EQ(all(query, true), (std::vector{row("", 30).value, row("", 45).value}));
  query.parts = {"5m", "", "", "all"};
  EXPECT_EQ(all(query, true),
            (std::vector{row("", 30).value, row("", 45).value, row("", 30).value, row("", 45).value}));
}

TEST_P(RocksChronicleTest, GivesThePagesOneAfterAnotherWithoutGapOrRepetition) {
  for (std::int64_t at = 0; at < 300; at += 15) tell({row("5m/touchpoint/a/all", at), row("5m/touchpoint/b/all", at)});
  const auto whole = all(about(ChronicleKind::kRow, {"5m", "", "", ""}), true);
  EXPECT_EQ(whole.size(), 40U);
  for (const std::size_t limit : {1U, 3U, 7U, 40U, 41U}) {
    ChronicleQuery query = about(ChronicleKind::kRow, {"5m", "", "", ""});
    query.limit = limit;
    EXPECT_EQ(all(query, true), whole) << limit;
    EXPECT_EQ(all(query, false).size(), 2U) << limit;
  }
}

TEST_P(RocksChronicleTest, ForgetsWhatIsPastItsTimeButNotWhatHoldsNow) {
  tell({row("5m/touchpoint/quiet/all", 0), row("5m/touchpoint/page/all", 0)});
  tell({row("5m/touchpoint/page/all", 7'200)});
  const ChronicleQuery query = about(ChronicleKind::kRow, {"5m", "", "", ""});
  EXPECT_EQ(all(query, true), std::vector{row("", 7'200).value});
  chronicle_->compact();
  EXPECT_EQ(all(query, true), std::vector{row("", 7'200).value});
  EXPECT_EQ(all(query, false), (std::vector{row("", 7'200).value, row("", 0).value}));
}

TEST_P(RocksChronicleTest, ListsAlertsInTheOrderOfTheirTimes) {
  tell({alert("satisfaction-drop/touchpoint/z/all", 0, "firing"),
        alert("satisfaction-drop/touchpoint/a/all", 15, "firing"),
        alert("satisfaction-drop/touchpoint/z/all", 30, "resolved")});
  EXPECT_EQ(
      all(about(ChronicleKind::kAlert, {}), true),
      (std::vector{alert("", 0, "firing").value, alert("", 15, "firing").value, alert("", 30, "resolved").value}));
  EXPECT_EQ(all(about(ChronicleKind::kAlert, {"", "", "z", ""}), false), std::vector{alert("", 30, "resolved").value});
  EXPECT_FALSE(is_firing(alert("", 30, "resolved").value));
  EXPECT_TRUE(is_firing(alert("", 30, "firing").value));
  // The alerts' time passes apart from that of the rows.
  tell({row("5m/touchpoint/page/all", 36'000)});
  EXPECT_EQ(all(about(ChronicleKind::kAlert, {}), true).size(), 3U);
}

TEST_P(RocksChronicleTest, RemembersWhereToReadOnAndWhatItHolds) {
  tell({row("5m/touchpoint/page/all", 0)}, 42);
  if (GetParam()) open();
  const auto next = chronicle_->next(kWindows);
  ASSERT_TRUE(next && *next);
  EXPECT_EQ((*next)->value(), 42);
  EXPECT_FALSE(*chronicle_->next({"touchstone.windows", Partition(4)}));
  EXPECT_EQ(all(about(ChronicleKind::kRow, {"5m", "", "", ""}), true).size(), 1U);
}

TEST_P(RocksChronicleOnDiskTest, BeginsAnewWhereItsFilesAreDamaged) {
  tell({row("5m/touchpoint/page/all", 0)}, 42);
  chronicle_->compact();
  chronicle_.reset();
  for (const auto& file : std::filesystem::directory_iterator(options_.directory)) {
    if (file.path().filename().string().starts_with("MANIFEST")) std::ofstream(file.path()) << "not a manifest";
  }
  std::string told;
  options_.report = [&](const std::string& what) { told = what; };
  open();
  EXPECT_NE(told.find("read anew"), std::string::npos) << told;
  EXPECT_FALSE(*chronicle_->next(kWindows));
}

TEST_P(RocksChronicleOnDiskTest, WritesNothingOnADiskThatIsNearlyFull) {
  options_.min_free_bytes = std::uint64_t{100} << 20;
  options_.free_bytes = [](const std::string&) { return std::uint64_t{10} << 20; };
  open();
  const Told told = row("5m/touchpoint/page/all", 0);
  const auto entry = read_chronicle_entry(told.kind, {.topic = "t",
                                                      .partition = Partition(0),
                                                      .offset = Offset(0),
                                                      .timestamp_ms = {},
                                                      .key = told.key,
                                                      .value = told.value,
                                                      .headers = {}});
  const auto added = chronicle_->add({&*entry, 1}, {});
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().kind(), ErrorKind::kRetry);
}

TEST(ChronicleEntries, AreOnlyWhatTheEngineWrites) {
  const auto read = [](ChronicleKind kind, std::string_view key, std::string_view value) {
    return read_chronicle_entry(kind, {.topic = "t",
                                       .partition = Partition(0),
                                       .offset = Offset(0),
                                       .timestamp_ms = {},
                                       .key = key,
                                       .value = value,
                                       .headers = {}})
        .has_value();
  };
  const std::string value = row("", 0).value;
  EXPECT_TRUE(read(ChronicleKind::kRow, "5m/all/all/all", value));
  EXPECT_FALSE(read(ChronicleKind::kAlert, "5m/all/all/all", value));
  EXPECT_FALSE(read(ChronicleKind::kRow, "5m/all/all", value));
  EXPECT_FALSE(read(ChronicleKind::kRow, "5m/all/all/all/all", value));
  EXPECT_FALSE(read(ChronicleKind::kRow, "5m//all/all", value));
  EXPECT_FALSE(read(ChronicleKind::kRow, "5m/all/all/all", value + "\n"));
  EXPECT_FALSE(read(ChronicleKind::kRow, "5m/all/all/all", "[" + value + "]"));
  EXPECT_FALSE(read(ChronicleKind::kRow, "5m/all/all/all", R"({"end":"yesterday"})"));
  EXPECT_FALSE(read(ChronicleKind::kRow, "5m/all/all/all",
                    R"({"end":"2025-11-21T12:00:00.000Z","x":")" + std::string(70'000, 'x') + "\"}"));
}

INSTANTIATE_TEST_SUITE_P(Everywhere, RocksChronicleTest, ::testing::Values(true, false),
                         [](const auto& each) { return each.param ? "OnDisk" : "InMemory"; });

INSTANTIATE_TEST_SUITE_P(OnDisk, RocksChronicleOnDiskTest, ::testing::Values(true));

}  // namespace
}  // namespace touchstone
