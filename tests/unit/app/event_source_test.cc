// What the demo is fed with: invented traffic that catches up with the present, and files at a faster pace.
#include "app/event_source.h"

#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace touchstone {
namespace {

using namespace std::chrono_literals;

constexpr EventTime kNow{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21}};

/// Takes all that is due.
int drain(EventSource& source, EventTime now) {
  int count = 0;
  while (!source.is_up_to_date(now)) {
    const auto next = source.next(now);
    EXPECT_TRUE(next);
    if (!next || !*next) break;
    ++count;
  }
  return count;
}

LiveSource::Options live_options() {
  return {.traffic = {},
          .start = kNow - 100s,
          .quiet_events_per_second = 2,
          .busy_from = kNow - 10s,
          .events_per_second = 50};
}

TEST(LiveSource, BeginsQuietlyInThePastAndBecomesAsBusyAsThePresent) {
  LiveSource source(live_options());
  EXPECT_EQ(drain(source, kNow - 10s), 90 * 2 + 1);
  EXPECT_EQ(drain(source, kNow), 10 * 50);
  EXPECT_EQ(drain(source, kNow + 2s), 2 * 50);
}

TEST(LiveSource, GoesOnAtThePresentWhereItCannotKeepUp) {
  LiveSource source(live_options());
  drain(source, kNow);
  ASSERT_TRUE(source.next(kNow));
  EXPECT_LE(drain(source, kNow + 1h), 1);
}

class FileSourceTest : public testing::Test {
 protected:
  void write(const std::string& text) { std::ofstream(path_) << text; }
  void TearDown() override { std::remove(path_.c_str()); }

  std::string path_ = testing::TempDir() + "event_source_test.ndjson";
};

TEST_F(FileSourceTest, KeepsTheProportionsOfTheTimesAndShortensLongSilences) {
  std::string lines;
  for (int i = 0; i < 400; ++i) {
    // A year of silence in the middle of a few minutes.
    const EventTime at = kNow + i * 1s + (i < 200 ? 0h : 24h * 365);
    lines += R"({"type":"call","customer":"c1","time":")" + to_rfc3339(at) + "\"}\n";
  }
  write(lines);
  const auto source = FileSource::open(path_, 100s);
  ASSERT_TRUE(source);
  const int at_once = drain(**source, kNow);
  EXPECT_EQ(at_once + drain(**source, kNow + 1s), 200) << "minutes are next to nothing beside a year";
  EXPECT_FALSE((*source)->ended());
  EXPECT_EQ(drain(**source, kNow + 99s), 0);
  EXPECT_EQ(drain(**source, kNow + 101s), 200);
  EXPECT_TRUE((*source)->ended());
}

TEST_F(FileSourceTest, HandsOutBrokenLinesInTheirPlaceAndFindsTheKey) {
  write(
      "nonsense\n"
      "{\"type\":\"call\",\"customer\":\"c1\",\"time\":\"2026-11-21T00:00:00Z\"}\n");
  const auto source = FileSource::open(path_, 10s);
  ASSERT_TRUE(source);
  const auto first = (*source)->next(kNow);
  ASSERT_TRUE(first && *first);
  EXPECT_EQ((*first)->value, "nonsense");
  EXPECT_FALSE((*first)->key);
  const auto second = (*source)->next(kNow);
  ASSERT_TRUE(second && *second);
  EXPECT_EQ((*second)->key, "c1");
}

TEST_F(FileSourceTest, RefusesWhatIsNotThereOrEmpty) {
  EXPECT_FALSE(FileSource::open(path_ + ".missing", 10s));
  write("");
  EXPECT_FALSE(FileSource::open(path_, 10s));
}

}  // namespace
}  // namespace touchstone
