#include "engine/model/time.h"

#include <gtest/gtest.h>

namespace touchstone {
namespace {

std::string round_trip(std::string_view text) {
  const auto time = parse_rfc3339(text);
  return time ? to_rfc3339(*time) : "unreadable";
}

TEST(Time, ReadsEveryFormOfRfc3339) {
  EXPECT_EQ(round_trip("2026-11-21T17:00:00Z"), "2026-11-21T17:00:00.000Z");
  EXPECT_EQ(round_trip("2026-11-21t17:00:00z"), "2026-11-21T17:00:00.000Z");
  EXPECT_EQ(round_trip("2026-11-21T17:00:00+03:30"), "2026-11-21T13:30:00.000Z");
  EXPECT_EQ(round_trip("2026-11-21T17:00:00-00:00"), "2026-11-21T17:00:00.000Z");
  EXPECT_EQ(round_trip("2026-01-01T00:30:00.5+01:00"), "2025-12-31T23:30:00.500Z");
}

TEST(Time, CutsOffWhatIsFinerThanAMillisecond) {
  EXPECT_EQ(round_trip("2026-11-21T17:00:00.1239999999Z"), "2026-11-21T17:00:00.123Z");
  EXPECT_EQ(round_trip("2026-11-21T17:00:00.1Z"), "2026-11-21T17:00:00.100Z");
}

TEST(Time, TakesALeapSecondAsTheNextSecond) {
  EXPECT_EQ(round_trip("2016-12-31T23:59:60Z"), "2017-01-01T00:00:00.000Z");
  EXPECT_EQ(round_trip("2017-01-01T03:29:60.25+03:30"), "2017-01-01T00:00:00.250Z");
  EXPECT_EQ(round_trip("2016-12-31T23:58:60Z"), "unreadable");
}

TEST(Time, RefusesWhatIsNotADateTime) {
  for (const char* text :
       {"", "2026-11-21", "2026-11-21 17:00:00Z", "2026-11-21T17:00:00", "2026-02-29T00:00:00Z", "2026-11-21T24:00:00Z",
        "2026-11-21T17:60:00Z", "2026-11-21T17:00:61Z", "2026-11-21T17:00:00.Z", "2026-11-21T17:00:00+24:00",
        "2026-11-21T17:00:00+0330", "2026-11-21T17:00:00Zx", "26-11-21T17:00:00Z"}) {
    EXPECT_EQ(round_trip(text), "unreadable") << text;
  }
}

TEST(Time, FloorsTowardsThePast) {
  using std::chrono::seconds;
  EXPECT_EQ(floor_to(time_from_millis(5'000), seconds{5}), time_from_millis(5'000));
  EXPECT_EQ(floor_to(time_from_millis(9'999), seconds{5}), time_from_millis(5'000));
  EXPECT_EQ(floor_to(time_from_millis(-1), seconds{5}), time_from_millis(-5'000));
  EXPECT_EQ(first_after(time_from_millis(5'000), seconds{5}), time_from_millis(10'000));
}

TEST(Time, ReadsDurations) {
  EXPECT_EQ(parse_duration("250ms"), Millis{250});
  EXPECT_EQ(parse_duration("90d"), Millis{std::chrono::days{90}});
  EXPECT_EQ(parse_duration("2w"), Millis{std::chrono::days{14}});
  for (const char* text : {"", "5", "s", "-1s", "1.5h", "1 h", "1y", "99999999999999999999s", "40000d"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

}  // namespace
}  // namespace touchstone
