// Who earned a conversion: models that share it among the touches of the customer's path.
//
// Shares are integer millionths and values fixed-point money; both are split by largest remainder over the
// touches (ties to the earlier one) and so sum exactly to 1 and to the conversion's value. The models are the
// usual multi-touch ones (first, last, linear, position-based 40/20/40, time decay by half-life) and the equal
// split over distinct touchpoints, which is the Shapley value of a game in which a path converts only whole.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engine/model/rules.h"
#include "engine/model/time.h"

namespace touchstone {

enum class CreditModel : std::uint8_t { kFirst, kLast, kLinear, kPosition, kDecay, kShapley, kMarkov };
inline constexpr std::array<std::string_view, 7> kCreditModelNames = {"first", "last",    "linear", "position",
                                                                      "decay", "shapley", "markov"};
/// Those that split each conversion by itself; the last, markov, needs all paths of a window (chain.h).
inline constexpr std::size_t kCreditModels = 6;

struct PathTouch {
  TouchpointNo touchpoint;
  EventTime time;
};

/// What one touchpoint gets of one conversion, all its touches together.
struct Credit {
  TouchpointNo touchpoint;
  std::int64_t share = 0;  ///< millionths
  std::int64_t value = 0;  ///< 10^-4 of the money unit, of the value's sign
};

struct Conversion {
  EventTime time;
  std::int64_t value = 0;  ///< 10^-4 of the money unit
};

/// Splits a conversion (not by markov) over a path of at least one touch, in the order of the log. One entry a
/// touchpoint, in the order of their first touch; those without share and value are left out.
[[nodiscard]] std::vector<Credit> split_credit(CreditModel model, std::span<const PathTouch> path,
                                               const Conversion& conversion, Millis decay_half_life);

}  // namespace touchstone
