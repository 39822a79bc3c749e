// time.zone: names, offsets, and the bytes of a compiled zone.
#include "app/zone_file.h"

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "app/configuration.h"
#include "tests/unit/app/scratch.h"

namespace touchstone {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

EventTime utc(int month, int day, int hour, int minute = 0) {
  return EventTime{std::chrono::sys_days{std::chrono::year{2026} / month / day}} + hours{hour} + minutes{minute};
}

std::string big_endian(std::int64_t value, int bytes) {
  std::string text;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    text.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> shift));
  }
  return text;
}

/// Version 2 of RFC 8536: an empty block of version 1, then the changes, each with its own type.
std::string zone_bytes(Millis first, const std::vector<std::pair<EventTime, Millis>>& changes) {
  const auto header = [](std::size_t times, std::size_t types) {
    std::string text = "TZif2" + std::string(15, '\0');
    for (const std::size_t count : {std::size_t{0}, std::size_t{0}, std::size_t{0}, times, types, std::size_t{4}}) {
      text += big_endian(static_cast<std::int64_t>(count), 4);
    }
    return text;
  };
  const auto type = [](Millis offset) { return big_endian(offset.count() / 1'000, 4) + std::string(2, '\0'); };
  std::string bytes = header(0, 1) + type(Millis{0}) + std::string("UTC\0", 4);
  bytes += header(changes.size(), changes.size() + 1);
  for (const auto& change : changes) bytes += big_endian(millis_of(change.first) / 1'000, 8);
  for (std::size_t i = 0; i < changes.size(); ++i) bytes.push_back(static_cast<char>(i + 1));
  bytes += type(first);
  for (const auto& change : changes) bytes += type(change.second);
  return bytes + std::string("LMT\0", 4) + "\nXXX0\n";
}

/// As Berlin has it in 2026.
std::string berlin() { return zone_bytes(hours{1}, {{utc(3, 29, 1), hours{2}}, {utc(10, 25, 1), hours{1}}}); }

TEST(Zone, IsUtcOrAnOffset) {
  EXPECT_EQ(find_zone("UTC")->offset, Millis{0});
  EXPECT_EQ(find_zone("+03:30")->offset, minutes{210});
  EXPECT_EQ(find_zone("-09:45")->offset, -minutes{585});
  for (const char* wrong : {"", "+3:30", "+03:10", "+15:00", "03:30", "../etc/passwd", "/etc/passwd", "No/Where"}) {
    EXPECT_FALSE(find_zone(wrong)) << wrong;
  }
}

TEST(Zone, KnowsWhenTheClocksChange) {
  const auto zone = read_zone(berlin());
  ASSERT_TRUE(zone);
  EXPECT_EQ(zone->hour_of(utc(3, 29, 0, 59)).hour, 1);
  EXPECT_EQ(zone->hour_of(utc(3, 29, 1)).hour, 3) << "the hour from two to three is left out";
  EXPECT_EQ(zone->hour_of(utc(10, 25, 0, 59)).hour, 2);
  EXPECT_EQ(zone->hour_of(utc(10, 25, 1)).hour, 2) << "and comes twice";
  EXPECT_EQ(zone->hour_of(utc(10, 25, 2)).hour, 3);
  EXPECT_EQ(zone->hour_of(utc(7, 1, 22)).hour, 0);
  EXPECT_EQ(zone->hour_of(utc(7, 1, 22)).day, 3) << "a Thursday there, while it is Wednesday in UTC";
}

TEST(Zone, RefusesWhatIsNoZone) {
  const std::string whole = berlin();
  const std::size_t needed = whole.size() - std::string("\nXXX0\n").size();
  for (std::size_t size = 0; size < needed; ++size) EXPECT_FALSE(read_zone(whole.substr(0, size))) << size;
  EXPECT_TRUE(read_zone(whole.substr(0, needed)));
  std::string other_version = whole;
  other_version[4] = '\0';
  EXPECT_FALSE(read_zone(other_version));
  std::string no_such_type = whole;
  no_such_type[whole.find("TZif", 4) + 44 + 16] = 9;
  EXPECT_FALSE(read_zone(no_such_type));
}

TEST(Zone, IsReadFromTheSystemsFilesWhereTheConfigurationNamesIt) {
  const Scratch scratch;
  const std::filesystem::path root = std::filesystem::path(scratch.written("empty", "")).parent_path();
  std::filesystem::create_directories(root / "Europe");
  scratch.write("Europe/Berlin", berlin());
  ASSERT_EQ(::setenv("TZDIR", root.c_str(), 1), 0);
  const std::string rest =
      "map: map.yaml\ninput: {topics: [events]}\nkafka: {properties: {bootstrap.servers: localhost}}\n";
  const auto named = load_configuration_text("time: {zone: Europe/Berlin}\n" + rest, "touchstone.yaml");
  const auto unknown = load_configuration_text("time: {zone: Europe/Nowhere}\n" + rest, "touchstone.yaml");
  ::unsetenv("TZDIR");
  ASSERT_EQ(joined(named.problems), "");
  EXPECT_EQ(named.configuration->settings.zone.hour_of(utc(7, 1, 22)).hour, 0);
  EXPECT_FALSE(unknown.configuration);
  EXPECT_NE(joined(unknown.problems).find("touchstone.yaml:1:"), std::string::npos) << joined(unknown.problems);
}

}  // namespace
}  // namespace touchstone
