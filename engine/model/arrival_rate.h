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
#include <optional>

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
  EventTime first{};  ///< since when it is learned
  double came = 0;    ///< in the hours of the past; what is older than four weeks fades
  double hours = 0;
  std::array<Share, 24> of_day;
  std::array<Share, 7> of_week;
  double squares = 0;  ///< sum over hours of the squared deviation by what was expected
  double squared_hours = 0;
  double pane_squares = 0;  ///< sum over panes of the squared deviation
  double pane_expected = 0;

  /// Something comes for the first time: from here on hours are learned.
  void begin(EventTime at) { first = at; }
  [[nodiscard]] bool begun() const { return first != EventTime{}; }
  /// Learns the hours that are over between `last`, when something came last, and `until`: `counts` in the hour of
  /// `last`, and nothing in those after it. True if any was over; `counts` are then those of a new one.
  bool end_hours(EventTime last, EventTime until, HourCounts& counts, Millis pane, const TimeZone& zone);
  /// From when on something may be compared with it, after two weeks; nothing before 200 events have come.
  [[nodiscard]] std::optional<EventTime> known_from() const;
  [[nodiscard]] bool known_at(EventTime time) const;
  [[nodiscard]] double at(const LocalHour& hour) const;
  /// Over all hours.
  [[nodiscard]] double average() const;
  /// Variance of a count by its mean, at least 1: that of hours or that of panes, whichever is larger.
  [[nodiscard]] double dispersion() const;
  /// How many are to be expected between two times; 0 if the second is not later.
  [[nodiscard]] double expected(EventTime from, EventTime until, const TimeZone& zone) const;

 private:
  void learn(const LocalHour& hour, const HourCounts& counts, Millis pane);
};

/// The next full hour by the clock after a time.
[[nodiscard]] EventTime next_hour(EventTime time, const TimeZone& zone);

[[nodiscard]] constexpr double in_hours(Millis length) { return static_cast<double>(length.count()) / 3.6e6; }

}  // namespace touchstone
