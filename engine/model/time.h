// Event time: milliseconds since 1970 in UTC, without leap seconds. The only arithmetic on times lives here.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace touchstone {

using Millis = std::chrono::milliseconds;
/// When an interaction happened, by the event itself; never the wall clock.
using EventTime = std::chrono::sys_time<Millis>;

/// Events before or after these are refused (`bad-time`).
inline constexpr EventTime kEarliestEventTime{std::chrono::sys_days{std::chrono::year{2000} / 1 / 1}};
inline constexpr EventTime kLatestEventTime{std::chrono::sys_days{std::chrono::year{2101} / 1 / 1} - Millis{1}};

[[nodiscard]] constexpr EventTime time_from_millis(std::int64_t ms) { return EventTime{Millis{ms}}; }
[[nodiscard]] constexpr std::int64_t millis_of(EventTime time) { return time.time_since_epoch().count(); }

/// The largest multiple of `step` since 1970 that is not after `time`. step > 0.
[[nodiscard]] EventTime floor_to(EventTime time, Millis step);

/// The first multiple of `step` strictly after `time`.
[[nodiscard]] inline EventTime first_after(EventTime time, Millis step) { return floor_to(time, step) + step; }

/// Reads an RFC 3339 date-time: any offset, `T` and `Z` in either case, no space, fractions of any length
/// cut to milliseconds; 23:59:60 in UTC reads as the next second. Nothing for anything else.
[[nodiscard]] std::optional<EventTime> parse_rfc3339(std::string_view text);

/// Appends the time as RFC 3339 in UTC with milliseconds, e.g. 2026-11-21T17:00:00.000Z.
void append_rfc3339(EventTime time, std::string& out);
[[nodiscard]] std::string to_rfc3339(EventTime time);

/// Reads a duration such as 250ms, 10s, 5m, 1h, 90d, 2w. Nothing for anything else, or below zero,
/// or beyond 36,500 days.
[[nodiscard]] std::optional<Millis> parse_duration(std::string_view text);

}  // namespace touchstone
