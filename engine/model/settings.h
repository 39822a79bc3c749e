// The numbers of the domain that a company may set, with their defaults. Checked where they are read.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "engine/model/time.h"
#include "engine/model/time_zone.h"

namespace touchstone {

/// A rolling window of `size` that moves on by `step`; `name` is the size as it was written.
struct WindowSpec {
  std::string name;
  Millis size;
  Millis step;
};

/// In order of size; each step divides the next one and its own size.
[[nodiscard]] inline std::vector<WindowSpec> default_windows() {
  using namespace std::chrono;
  return {{"1m", minutes{1}, seconds{5}},
          {"5m", minutes{5}, seconds{15}},
          {"1h", hours{1}, minutes{1}},
          {"24h", hours{24}, minutes{10}},
          {"7d", days{7}, hours{1}}};
}

/// What is watched for sudden change, and how carefully.
struct AlertSettings {
  double false_alarms = 1;                            ///< alerts.false_alarms.count: of the whole map
  Millis false_alarms_per = std::chrono::days{30};    ///< alerts.false_alarms.per
  double drop = 0.1;                                  ///< alerts.drop: the smallest that matters, of 0..1
  std::array<bool, 4> kinds{true, true, true, true};  ///< alerts.kinds: by AlertKind
};

struct Settings {
  Millis lateness = std::chrono::seconds{10};        ///< time.lateness
  Millis max_future = std::chrono::hours{1};         ///< time.max_future
  Millis idle = std::chrono::seconds{30};            ///< time.idle
  Millis duplicates_within = std::chrono::hours{1};  ///< duplicates.within
  std::size_t duplicate_ids = 64;                    ///< duplicates.ids
  Millis lookback = std::chrono::days{30};           ///< journey.lookback
  std::size_t max_touches = 50;                      ///< journey.max_touches
  Millis rating_within = std::chrono::days{7};       ///< journey.rating_within
  Millis decay_half_life = std::chrono::days{7};     ///< journey.decay_half_life
  AlertSettings alerts;                              ///< alerts
  TimeZone zone;                                     ///< time.zone: what hour of the day it is
  std::vector<WindowSpec> windows = default_windows();
  /// Whether the last of these is the longest one configured, not only the longest of those picked for a replay. Credit
  /// by removal effect is of the longest one alone.
  bool has_longest = true;
};

}  // namespace touchstone
