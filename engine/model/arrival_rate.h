// How often something usually happens at an hour of the day and a day of the week: what interactions and conversions
// are compared with when there are fewer of them.
//
// The average of four weeks times the share of the hour of the day times that of the day of the week, each shrunk
// towards one while it rests on little; and how much more the counts of hours, and those of panes, vary than those of a
// Poisson process (quasi-Poisson: R. W. M. Wedderburn, 1974). Those of panes do where events come together: in
// sessions, or all at once from a nightly export. Rates are of events an hour.
#pragma once

#include <array>
#include <cstdint>

#include "engine/model/time.h"
#include "engine/model/time_zone.h"

namespace touchstone {

/// What came in an hour.
struct HourCounts {
  std::int64_t came = 0;
  std::int64_t squares = 0;  ///< sum over its panes of the squared number

  void add(std::int64_t in_pane) {
    came += in_pane;
    squares += in_pane * in_pane;
  }
};

/// Not thread-safe. All of its state is open, so that it can be written and read (wire/detector_record.h).
struct ArrivalRate {
  /// How many came and how many were to be expected, of hours of one kind.
  struct Share {
    double came = 0;
    double expected = 0;
  };
  double came = 0;  ///< in the hours of the past; what is older than four weeks fades
  double hours = 0;
  std::array<Share, 24> of_day;
  std::array<Share, 7> of_week;
  double squares = 0;  ///< sum over hours of the squared deviation by what was expected
  double squared_hours = 0;
  double pane_squares = 0;  ///< sum over panes of the squared deviation
  double pane_expected = 0;

  /// An hour is over.
  void learn(const LocalHour& hour, const HourCounts& counts, Millis pane);
  [[nodiscard]] double at(const LocalHour& hour) const;
  /// Over all hours.
  [[nodiscard]] double average() const;
  /// Variance of a count by its mean, at least 1: that of hours or that of panes, whichever is larger.
  [[nodiscard]] double dispersion() const;
  /// How many are to be expected between two times; 0 if the second is not later.
  [[nodiscard]] double expected(EventTime from, EventTime until, const TimeZone& zone) const;
};

/// The next full hour by the clock after a time.
[[nodiscard]] EventTime next_hour(EventTime time, const TimeZone& zone);

/// Rates are learned for so long before anything is compared with them, and from so many.
inline constexpr Millis kLearnRatesFor = std::chrono::days{14};
inline constexpr double kFewestForRates = 200;

[[nodiscard]] constexpr double in_hours(Millis length) { return static_cast<double>(length.count()) / 3.6e6; }

}  // namespace touchstone
