// Predicates over an event, compiled once: names resolved to fields, expressions to automata.
//
// For deciding whether one predicate contains another, see implies.h; for choosing among many rules quickly,
// matcher.h. Immutable after construction, safe to use from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model/event.h"
#include "engine/model/touchpoint_map.h"

namespace re2 {
class RE2;
}

namespace touchstone {

/// What a predicate may ask about: the event as it came, and in moves three things about the customer.
struct Facts {
  const Event& event;
  Scalar stage{};         ///< customer.stage
  Scalar conversions{};   ///< customer.conversions
  Scalar satisfaction{};  ///< of this event, 0..1
};

/// Where a predicate's value comes from.
class FieldRef {
 public:
  /// `name` as rules spell it; it must be a name the map loader accepts.
  explicit FieldRef(std::string_view name);

  [[nodiscard]] Scalar of(const Facts& facts) const;
  friend bool operator==(const FieldRef&, const FieldRef&) = default;
  friend auto operator<=>(const FieldRef&, const FieldRef&) = default;

 private:
  enum class Origin : std::uint8_t { kField, kAttribute, kStage, kConversions, kSatisfaction };
  Origin origin_ = Origin::kField;
  Field field_ = Field::kType;
  std::string attribute_;
};

/// True when both are of one type and equal; whole and fractional numbers are one type.
[[nodiscard]] bool equal_scalars(const Scalar& value, const OwnedScalar& wanted);

/// Bytes that the automata of one expression may take. One whose program does not fit is refused; one whose states do
/// not fit is matched more slowly, still in linear time.
inline constexpr std::int64_t kRegexMemory = std::int64_t{8} << 20;

/// What is wrong with an expression of RE2; nothing if it can be a condition.
[[nodiscard]] std::optional<std::string> fault_of_regex(const std::string& pattern);

/// One condition, ready to be asked.
class CompiledCondition {
 public:
  explicit CompiledCondition(const Condition& condition);
  [[nodiscard]] bool holds(const Scalar& value) const;

 private:
  Condition parts_;  ///< without any_of, which is compiled below
  std::shared_ptr<const re2::RE2> regex_;
  std::vector<CompiledCondition> any_of_;
};

/// All of its conditions must hold.
class CompiledConjunction {
 public:
  explicit CompiledConjunction(const Conjunction& conjunction);
  [[nodiscard]] bool holds(const Facts& facts) const;

 private:
  struct Part {
    FieldRef field;
    CompiledCondition condition;
  };
  std::vector<Part> parts_;
};

/// One of its conjunctions must hold. Compiled from an empty predicate it holds always.
class CompiledPredicate {
 public:
  explicit CompiledPredicate(const Predicate& predicate);
  [[nodiscard]] bool holds(const Facts& facts) const;

 private:
  std::vector<CompiledConjunction> alternatives_;
};

}  // namespace touchstone
