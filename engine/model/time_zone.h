// Which hour of which day it is where the customers are: offsets from UTC with the times from which they hold. What
// they are is read elsewhere; here they are only looked up.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/model/time.h"

namespace touchstone {

/// An hour by the clock of a zone.
struct LocalHour {
  std::int64_t number;  ///< of hours since 1970
  std::size_t hour;     ///< of the day, 0..23
  std::size_t day;      ///< of the week, 0 for Monday
};

struct TimeZone {
  struct Change {
    EventTime from;
    Millis offset;
  };
  Millis offset{0};             ///< before the first change
  std::vector<Change> changes;  ///< by time

  [[nodiscard]] LocalHour hour_of(EventTime time) const;
};

}  // namespace touchstone
