#include "engine/model/time_zone.h"

#include <algorithm>

namespace touchstone {

LocalHour TimeZone::hour_of(EventTime time) const {
  const auto next = std::upper_bound(changes.begin(), changes.end(), time,
                                     [](EventTime wanted, const Change& change) { return wanted < change.from; });
  const Millis now = next == changes.begin() ? offset : std::prev(next)->offset;
  constexpr std::int64_t kHoursOfDay = 24;
  constexpr std::int64_t kDaysOfWeek = 7;
  constexpr std::int64_t kFirstDay = 3;  // 1970 began on a Thursday
  const std::int64_t number =
      millis_of(floor_to(time + now, std::chrono::hours{1})) / Millis{std::chrono::hours{1}}.count();
  const std::int64_t day = millis_of(floor_to(time + now, std::chrono::days{1})) / Millis{std::chrono::days{1}}.count();
  const std::int64_t hour = number - day * kHoursOfDay;
  return {number, static_cast<std::size_t>(hour),
          static_cast<std::size_t>(((day + kFirstDay) % kDaysOfWeek + kDaysOfWeek) % kDaysOfWeek)};
}

}  // namespace touchstone
