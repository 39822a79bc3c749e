// Detection of a touchpoint that has gone silent, or nearly so: its interactions come at a tenth of the rate at which
// they come at this hour of the day and day of the week.
//
// A one-sided CUSUM of the Poisson likelihood ratio (J. M. Lucas, Counted data CUSUM's, 1985) with the variance of the
// counts of hours in the place of their mean (quasi-Poisson; Wedderburn, 1974). The evidence grows with the
// interactions that were to be expected and falls with each that comes. Rates (arrival_rate.h) are learned for two
// weeks before anything is said.
//
// The state stands at the last pane that had interactions. What is true later follows from it and from the time alone,
// so it does not matter how often one asks. Some 0.7 KiB of memory.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/model/arrival_rate.h"
#include "engine/model/level_detector.h"
#include "engine/model/time.h"
#include "engine/model/time_zone.h"

namespace touchstone {

/// Not thread-safe. All of its state is open, so that it can be written and read (wire/detector_record.h).
struct SilenceDetector {
  struct Recent {
    EventTime last{};  ///< the beginning of the last pane with interactions
    HourCounts hour;
    double evidence = 0;
    EventTime since{};  ///< since when there is evidence
    std::int64_t came = 0;
    double expected = 0;
    std::optional<LevelChange> firing;
  };
  Recent recent;
  ArrivalRate rate;

  /// Interactions of a pane. Panes come in the order of time, and what became due before was asked for.
  std::optional<LevelChange> add(EventTime begin, Millis step, std::int64_t interactions, const TimeZone& zone,
                                 double hours_between, bool& slow_changed);
  /// The closing at which the silence fires, if nothing comes; nothing where that is more than some weeks off. What
  /// comes puts it off, and only a change of the slow part can bring it forward.
  [[nodiscard]] std::optional<EventTime> fires_at(Millis step, const TimeZone& zone, double hours_between) const;
  LevelChange fire(EventTime at, Millis step, const TimeZone& zone, bool& slow_changed);
  [[nodiscard]] std::optional<EventTime> gives_up_at() const;
  LevelChange give_up(EventTime at, bool& slow_changed);

 private:
  [[nodiscard]] double limit(double hours_between) const;
};

}  // namespace touchstone
