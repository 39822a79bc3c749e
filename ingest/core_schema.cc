#include "ingest/core_schema.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <system_error>

namespace touchstone {
namespace {

constexpr std::string_view kDigits = "0123456789";

bool is_one_of(std::string_view text, std::string_view a, std::string_view b, std::string_view c) {
  return text == a || text == b || text == c;
}

std::string_view without_sign(std::string_view text) {
  return !text.empty() && (text.front() == '-' || text.front() == '+') ? text.substr(1) : text;
}

bool consists_of(std::string_view text, std::string_view accepted) {
  return !text.empty() && text.find_first_not_of(accepted) == std::string_view::npos;
}

/// Takes the digits at the front away and says how many there were.
std::size_t take_digits(std::string_view& text) {
  const std::size_t count = std::min(text.find_first_not_of(kDigits), text.size());
  text.remove_prefix(count);
  return count;
}

bool is_core_float(std::string_view text) {
  text = without_sign(text);
  const std::size_t whole = take_digits(text);
  std::size_t fraction = 0;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    fraction = take_digits(text);
  }
  if (whole + fraction == 0) return false;
  if (text.empty()) return true;
  if (text.front() != 'e' && text.front() != 'E') return false;
  text = without_sign(text.substr(1));
  return consists_of(text, kDigits);
}

double to_double(std::string_view text) {
  if (text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc::result_out_of_range) return value;
  // Out of range is both too large and too near to zero; the exponent tells, or else the first digit.
  const std::size_t exponent = text.find_first_of("eE");
  const char sign_or_digit = exponent == std::string_view::npos ? without_sign(text).front() : text[exponent + 1];
  const bool vanishes =
      exponent == std::string_view::npos ? sign_or_digit == '0' || sign_or_digit == '.' : sign_or_digit == '-';
  if (vanishes) return 0;
  constexpr double kBeyond = std::numeric_limits<double>::infinity();
  return text.front() == '-' ? -kBeyond : kBeyond;
}

OwnedScalar to_integer(std::string_view text) {
  int base = 10;
  std::string_view digits = text;
  if (text.starts_with("0o") || text.starts_with("0x")) {
    base = text[1] == 'o' ? 8 : 16;
    digits.remove_prefix(2);
  } else if (text.front() == '+') {
    digits.remove_prefix(1);
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error == std::errc{}) return value;
  return base == 10 ? to_double(text) : std::numeric_limits<double>::infinity();
}

}  // namespace

bool is_core_integer(std::string_view text) {
  if (text.starts_with("0o")) return consists_of(text.substr(2), "01234567");
  if (text.starts_with("0x")) return consists_of(text.substr(2), "0123456789abcdefABCDEF");
  return consists_of(without_sign(text), kDigits);
}

std::optional<OwnedScalar> resolve_plain_scalar(std::string_view text) {
  if (text.empty() || text == "~" || is_one_of(text, "null", "Null", "NULL")) return std::nullopt;
  if (is_one_of(text, "true", "True", "TRUE")) return true;
  if (is_one_of(text, "false", "False", "FALSE")) return false;
  if (is_core_integer(text)) return to_integer(text);
  if (is_core_float(text)) return to_double(text);
  if (is_one_of(text, ".nan", ".NaN", ".NAN")) return std::numeric_limits<double>::quiet_NaN();
  if (is_one_of(without_sign(text), ".inf", ".Inf", ".INF")) {
    constexpr double kBeyond = std::numeric_limits<double>::infinity();
    return text.front() == '-' ? -kBeyond : kBeyond;
  }
  return std::string(text);
}

}  // namespace touchstone
