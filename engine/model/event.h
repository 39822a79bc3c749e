// One interaction of a customer, as it came: the fields that rules may ask for, and nothing derived.
//
// An Event borrows: every text in it lives in the bytes it was decoded from, until the decoder's next call.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/model/time.h"

namespace touchstone {

/// A scalar of an event. std::monostate: absent (null and the empty string count as absent too).
using Scalar = std::variant<std::monostate, bool, std::int64_t, double, std::string_view>;

[[nodiscard]] inline bool is_present(const Scalar& scalar) { return !std::holds_alternative<std::monostate>(scalar); }
/// The text of a string scalar; empty for anything else.
[[nodiscard]] inline std::string_view text_of(const Scalar& scalar) {
  const auto* text = std::get_if<std::string_view>(&scalar);
  return text != nullptr ? *text : std::string_view{};
}
/// The number of a numeric scalar; nothing for anything else.
[[nodiscard]] inline std::optional<double> number_of(const Scalar& scalar) {
  if (const auto* whole = std::get_if<std::int64_t>(&scalar)) return static_cast<double>(*whole);
  if (const auto* number = std::get_if<double>(&scalar)) return *number;
  return std::nullopt;
}

/// The named fields of an event. The ratings stand together, in the order in which the first one present
/// gives the event's satisfaction.
enum class Field : std::uint8_t {
  kType,
  kCustomer,
  kId,
  kTime,
  kChannel,
  kTouchpoint,
  kSegment,
  kValue,
  kWaitS,
  kDurationS,
  kCsat,
  kStars,
  kNps,
  kCes,
  kSentiment,
  kAbout,
};
inline constexpr std::size_t kFieldCount = 16;

/// The names of the fields as rules and records spell them, in the order of the enum.
inline constexpr std::array<std::string_view, kFieldCount> kFieldNames = {
    "type",          "customer",       "id",           "time",         "channel",
    "touchpoint",    "segment",        "value",        "wait_s",       "duration_s",
    "feedback.csat", "feedback.stars", "feedback.nps", "feedback.ces", "feedback.sentiment",
    "feedback.about"};

enum class RatingKind : std::uint8_t { kCsat, kStars, kNps, kCes, kSentiment };
inline constexpr std::size_t kRatingKinds = 5;
inline constexpr std::array<std::string_view, kRatingKinds> kRatingNames = {"csat", "stars", "nps", "ces", "sentiment"};
[[nodiscard]] constexpr Field field_of(RatingKind kind) {
  return static_cast<Field>(static_cast<std::size_t>(Field::kCsat) + static_cast<std::size_t>(kind));
}

/// An accepted event. `customer` and `time` are resolved (the record's key and timestamp stand in where the
/// fields are absent); `fields` hold only what the record itself said.
struct Event {
  std::string_view customer;
  EventTime time{};
  std::array<Scalar, kFieldCount> fields{};
  std::vector<std::pair<std::string_view, Scalar>> attributes;  ///< first of each name; present ones only

  [[nodiscard]] const Scalar& operator[](Field field) const { return fields[static_cast<std::size_t>(field)]; }
  [[nodiscard]] Scalar& operator[](Field field) { return fields[static_cast<std::size_t>(field)]; }
  /// The attribute of that name, or an absent scalar.
  [[nodiscard]] Scalar attribute(std::string_view name) const {
    for (const auto& [known, value] : attributes) {
      if (known == name) return value;
    }
    return {};
  }
};

/// Why a record is not a valid event: the fixed list of the dead letters, in the order in which they apply.
enum class Reason : std::uint8_t {
  kTooLarge,
  kEncoding,
  kMalformed,
  kMissingField,
  kBadValue,
  kBadTime,
  kFutureTime,
};
inline constexpr std::size_t kReasonCount = 7;
inline constexpr std::array<std::string_view, kReasonCount> kReasonNames = {
    "too-large", "encoding", "malformed", "missing-field", "bad-value", "bad-time", "future-time"};
[[nodiscard]] constexpr std::string_view name_of(Reason reason) {
  return kReasonNames[static_cast<std::size_t>(reason)];
}

/// A record that was refused, with one sentence of detail for a person. The detail repeats no customer data
/// beyond field names.
struct Rejection {
  Reason reason;
  std::string detail;
};

/// The largest value of a record that is looked at, and the largest key, in bytes; one byte more is `too-large`.
inline constexpr std::size_t kLargestRecord = std::size_t{1} << 20;

}  // namespace touchstone
