// What the invented streams of the detection benchmarks have in common: their chance and their time.
#pragma once

#include <chrono>
#include <cmath>
#include <numbers>
#include <random>

#include "engine/model/time.h"

namespace touchstone::bench {

using Random = std::mt19937_64;

/// In [0, 1). Not std::uniform_real_distribution, whose numbers libraries are free to choose.
inline double share(Random& random) { return static_cast<double>(random() >> 11) * 0x1.0p-53; }

inline double normal(Random& random) {
  return std::sqrt(-2 * std::log(1 - share(random))) * std::cos(2 * std::numbers::pi * share(random));
}

/// The step of the finest window.
inline constexpr Millis kStep{5'000};
inline constexpr EventTime kBegin{std::chrono::sys_days{std::chrono::year{2026} / 1 / 5}};
/// Changes are planted after so many days, and must be found within so many.
inline constexpr int kLearnDays = 28;
inline constexpr int kWaitDays = 7;
/// The daily cycle of the rate, as a share of it.
inline constexpr double kRateSwing = 0.6;

}  // namespace touchstone::bench
