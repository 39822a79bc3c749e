#include "engine/model/fixed.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string_view>

namespace touchstone {
namespace {

__extension__ using WideUnsigned = unsigned __int128;

/// Rounds the shortest decimal text of a double; the slow and exact way.
std::int64_t round_decimal_text(double value, int decimals) {
  std::array<char, 400> buffer{};
  const auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::fabs(value), std::chars_format::fixed);
  assert(error == std::errc{});
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const std::size_t point = std::min(text.find('.'), text.size());
  std::int64_t units = 0;
  for (const char c : text.substr(0, point)) units = units * 10 + (c - '0');
  for (int i = 1; i <= decimals; ++i) {
    const std::size_t at = point + static_cast<std::size_t>(i);
    units = units * 10 + (at < text.size() ? text[at] - '0' : 0);
  }
  const std::size_t next = point + static_cast<std::size_t>(decimals) + 1;
  if (next < text.size() && text[next] >= '5') ++units;
  return value < 0 ? -units : units;
}

}  // namespace

WideInt divide_rounded(WideInt numerator, WideInt denominator) {
  const bool negative = numerator < 0;
  const WideInt magnitude = negative ? -numerator : numerator;
  const WideInt rounded = (2 * magnitude + denominator) / (2 * denominator);
  return negative ? -rounded : rounded;
}

std::int64_t to_fixed(double value, int decimals) {
  const double scaled = value * static_cast<double>(power_of_ten(decimals));
  const double nearest = std::round(scaled);
  // Far from a half, and small enough that the product is exact to well within that distance, the product
  // decides; near one only the decimal text does.
  const bool clear = std::fabs(scaled) < 1e9 && std::fabs(std::fabs(scaled - nearest) - 0.5) > 1e-3;
  return clear ? static_cast<std::int64_t>(nearest) : round_decimal_text(value, decimals);
}

namespace {

/// Nearly all numbers fit 64 bits, and are divided ten times as fast there.
template <typename Unsigned>
void append_magnitude(bool negative, Unsigned magnitude, int decimals, std::string& out) {
  std::array<char, 48> buffer{};
  std::size_t at = buffer.size();
  bool in_fraction = false;
  for (int place = 0; place < decimals; ++place) {
    const char digit = static_cast<char>('0' + static_cast<int>(magnitude % 10));
    magnitude /= 10;
    if (digit == '0' && !in_fraction) continue;
    in_fraction = true;
    buffer[--at] = digit;
  }
  if (in_fraction) buffer[--at] = '.';
  do {
    buffer[--at] = static_cast<char>('0' + static_cast<int>(magnitude % 10));
    magnitude /= 10;
  } while (magnitude != 0);
  if (negative) buffer[--at] = '-';
  out.append(&buffer[at], buffer.size() - at);
}

}  // namespace

void append_fixed(WideInt units, int decimals, std::string& out) {
  const WideUnsigned magnitude = units < 0 ? -static_cast<WideUnsigned>(units) : static_cast<WideUnsigned>(units);
  if (magnitude <= std::numeric_limits<std::uint64_t>::max()) {
    append_magnitude(units < 0, static_cast<std::uint64_t>(magnitude), decimals, out);
  } else {
    append_magnitude(units < 0, magnitude, decimals, out);
  }
}

std::vector<std::int64_t> split_by_largest_remainder(std::int64_t total, std::span<const std::uint64_t> weights) {
  const WideUnsigned sum = std::accumulate(weights.begin(), weights.end(), WideUnsigned{0});
  assert(sum > 0);
  const bool negative = total < 0;
  const WideUnsigned magnitude = negative ? -static_cast<WideUnsigned>(total) : static_cast<WideUnsigned>(total);

  std::vector<std::int64_t> parts(weights.size());
  std::vector<WideUnsigned> remainders(weights.size());
  WideUnsigned left = magnitude;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const WideUnsigned product = magnitude * weights[i];
    const WideUnsigned whole = product / sum;
    remainders[i] = product % sum;
    parts[i] = static_cast<std::int64_t>(whole);
    left -= whole;
  }
  std::vector<std::size_t> order(weights.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return remainders[a] > remainders[b]; });
  for (std::size_t i = 0; i < static_cast<std::size_t>(left); ++i) ++parts[order[i]];
  if (negative) {
    for (std::int64_t& part : parts) part = -part;
  }
  return parts;
}

}  // namespace touchstone
