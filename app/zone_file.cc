#include "app/zone_file.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <vector>

namespace touchstone {
namespace {

constexpr std::size_t kZoneHeader = 44;
constexpr std::size_t kLargestZoneFile = std::size_t{1} << 20;
constexpr std::int64_t kQuarterSeconds = 900;

std::int64_t big_endian(std::string_view bytes) {
  // The sign goes on to the left of the bytes.
  std::int64_t value = (static_cast<unsigned char>(bytes.front()) & 0x80) != 0 ? -1 : 0;
  for (const char each : bytes)
    value = static_cast<std::int64_t>(static_cast<std::uint64_t>(value) << 8 | static_cast<unsigned char>(each));
  return value;
}

/// The counts of a header, in the order in which they stand there.
struct ZoneCounts {
  std::size_t universal, standard, leaps, changes, types, letters;
  [[nodiscard]] std::size_t size(std::size_t time_size) const {
    return changes * (time_size + 1) + types * 6 + letters + leaps * (time_size + 4) + standard + universal;
  }
};

std::optional<ZoneCounts> read_zone_header(std::string_view bytes) {
  if (bytes.size() < kZoneHeader || !bytes.starts_with("TZif") || bytes[4] < '2') return std::nullopt;
  const auto count = [&](std::size_t number) -> std::size_t {
    return static_cast<std::size_t>(std::max<std::int64_t>(0, big_endian(bytes.substr(20 + 4 * number, 4))));
  };
  const ZoneCounts counts{count(0), count(1), count(2), count(3), count(4), count(5)};
  for (const std::size_t each :
       {counts.universal, counts.standard, counts.leaps, counts.changes, counts.types, counts.letters}) {
    if (each > kLargestZoneFile) return std::nullopt;
  }
  return counts;
}

bool is_zone_name(std::string_view name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '_' ||
           c == '-' || c == '+';
  });
  return plain && !name.empty() && name.size() <= 64 && name.front() != '/';
}

/// `+03:30`
std::optional<Millis> read_offset(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  for (const auto at : std::to_array<std::size_t>({1, 2, 4, 5})) {
    if (!is_digit(text[at])) return std::nullopt;
  }
  const int hours = (text[1] - '0') * 10 + (text[2] - '0');
  const int minutes = (text[4] - '0') * 10 + (text[5] - '0');
  if (hours > 14 || minutes > 45 || minutes % 15 != 0) return std::nullopt;
  const Millis offset = std::chrono::hours{hours} + std::chrono::minutes{minutes};
  return text[0] == '-' ? -offset : offset;
}

}  // namespace

std::optional<TimeZone> read_zone(std::string_view bytes) {
  const std::optional<ZoneCounts> first = read_zone_header(bytes);
  if (!first || bytes.size() < kZoneHeader + first->size(4)) return std::nullopt;
  bytes.remove_prefix(kZoneHeader + first->size(4));
  const std::optional<ZoneCounts> counts = read_zone_header(bytes);
  if (!counts || bytes.size() < kZoneHeader + counts->size(8) || counts->types == 0) return std::nullopt;
  bytes.remove_prefix(kZoneHeader);
  const std::string_view times = bytes.substr(0, counts->changes * 8);
  const std::string_view kinds = bytes.substr(times.size(), counts->changes);
  const std::string_view types = bytes.substr(times.size() + kinds.size(), counts->types * 6);
  const auto offset_of = [&](std::size_t type) {
    const std::int64_t seconds = big_endian(types.substr(type * 6, 4));
    // Since 2000, from when events may be, all offsets are quarters of an hour.
    return Millis{seconds / kQuarterSeconds * kQuarterSeconds * 1'000};
  };
  TimeZone zone;
  zone.offset = offset_of(0);
  for (std::size_t i = 0; i < counts->changes; ++i) {
    const std::int64_t seconds = big_endian(times.substr(i * 8, 8));
    const auto type = static_cast<std::size_t>(static_cast<unsigned char>(kinds[i]));
    if (type >= counts->types) return std::nullopt;
    if (seconds < millis_of(kEarliestEventTime) / 1'000) {
      zone.offset = offset_of(type);
    } else if (seconds < millis_of(kLatestEventTime) / 1'000) {
      zone.changes.push_back({time_from_millis(seconds * 1'000), offset_of(type)});
    }
  }
  return zone;
}

std::optional<TimeZone> find_zone(std::string_view name) {
  if (name == "UTC") return TimeZone{};
  if (const auto offset = read_offset(name)) return TimeZone{*offset, {}};
  if (!is_zone_name(name)) return std::nullopt;
  const char* elsewhere = std::getenv("TZDIR");
  std::ifstream file((elsewhere != nullptr ? std::string(elsewhere) : "/usr/share/zoneinfo") + "/" + std::string(name),
                     std::ios::binary);
  if (!file) return std::nullopt;
  std::string bytes;
  char byte = 0;
  while (bytes.size() < kLargestZoneFile && file.get(byte)) bytes.push_back(byte);
  return read_zone(bytes);
}

}  // namespace touchstone
