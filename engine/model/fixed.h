// Fixed-point numbers: every amount that is ever summed is an integer, because a floating sum does not
// return to zero when what was added is taken away again. Halves are rounded away from zero throughout.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace touchstone {

__extension__ using WideInt = __int128;

/// Decimal places kept of each kind of number; "10^-4" is what one unit is worth.
inline constexpr int kMoneyDecimals = 4;      ///< values and split values
inline constexpr int kMillionthDecimals = 6;  ///< shares, satisfaction, means
inline constexpr int kSecondsDecimals = 3;    ///< waiting and duration: milliseconds
inline constexpr int kRatingDecimals = 9;     ///< ratings in their own scale

inline constexpr std::int64_t kMillion = 1'000'000;
inline constexpr std::int64_t kMoneyUnit = 10'000;

[[nodiscard]] constexpr std::int64_t power_of_ten(int exponent) {
  std::int64_t power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

/// numerator / denominator, halves away from zero. denominator > 0.
[[nodiscard]] WideInt divide_rounded(WideInt numerator, WideInt denominator);

/// The decimal number that `value` is the nearest double of (its shortest text), rounded to `decimals`.
/// |value| * 10^decimals must stay below 2^63.
[[nodiscard]] std::int64_t to_fixed(double value, int decimals);

/// Appends units * 10^-decimals as a JSON number without trailing zeros: 1395000 with 4 decimals is 139.5.
void append_fixed(WideInt units, int decimals, std::string& out);

/// Splits `total` (of either sign) in proportion to `weights` by largest remainder, ties to the earlier one;
/// the parts sum to `total` exactly. A negative total is split as its magnitude with the sign put back.
/// At least one weight must be above zero. |total| <= 2^60, weights <= 2^60.
[[nodiscard]] std::vector<std::int64_t> split_by_largest_remainder(std::int64_t total,
                                                                   std::span<const std::uint64_t> weights);

}  // namespace touchstone
