// Detection of a fall of conversions. Two things must hold, each with the same certainty:
//
// - fewer of the interactions are conversions: the share falls as level_detector.h finds it, an interaction being a
//   response of 1 or 0;
// - fewer conversions come than usually do at these hours of the day and days of the week: the likelihood ratio of
//   a Poisson process with the variance of hourly counts (as in silence_detector.h) over the suspected stretch.
//
// The share alone also falls when more of something comes that never converts, as a mailing to all customers or the
// day's returns do, and the count alone when there are fewer customers, which is no matter of conversion.
//
// Rates are learned for two weeks, and from 200 conversions, before anything is said. Some 2 KiB of memory.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/model/arrival_rate.h"
#include "engine/model/level_detector.h"
#include "engine/model/time.h"
#include "engine/model/time_zone.h"

namespace touchstone {

/// Not thread-safe. All of its state is open, so that it can be written and read (wire/detector_record.h).
struct ConversionDetector {
  struct Recent {
    EventTime last{};  ///< the beginning of the last pane with interactions
    HourCounts hour;
  };
  LevelDetector share;
  Recent recent;
  ArrivalRate rate;

  /// A pane's interactions as responses, those that convert having the value 1. Panes come in the order of time.
  std::optional<LevelChange> add(const LevelPane& pane, const LevelOptions& options, const TimeZone& zone,
                                 bool& slow_changed);

 private:
  [[nodiscard]] bool fewer_than_usual(const LevelDetector::Stretch& stretch, EventTime until, const TimeZone& zone,
                                      const LevelOptions& options) const;
};

}  // namespace touchstone
