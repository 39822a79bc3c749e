// Reads the predicates of a map: which fields a rule asks for, and what must hold of each.
//
// A condition that is well formed but can never hold (a number asked of a text, a rating beyond its scale) is
// a warning.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "engine/model/touchpoint_map.h"
#include "ingest/problem.h"
#include "ingest/yaml_reader.h"

namespace touchstone {

/// What one predicate may hold; beyond it the file is refused.
inline constexpr std::size_t kMostAlternatives = 1'000;  ///< of a predicate
inline constexpr std::size_t kMostConditions = 10'000;   ///< of one list
/// Bytes of a text with stars: in the worst case each of them is compared with each byte of an event's text.
inline constexpr std::size_t kLongestGlob = 1'000;
inline constexpr std::size_t kLongestRegex = 10'000;  ///< bytes; what it compiles to has a limit in predicate.h

/// What a predicate may ask about.
enum class PredicateFor : std::uint8_t {
  kEvent,  ///< the fields of the event as it came
  kMove,   ///< also customer.stage, customer.conversions, satisfaction
};

struct PredicateContext {
  PredicateFor use;
  std::span<const std::string> stages;  ///< of the map; what customer.stage may equal
  Problems& warnings;
};

/// The predicate of the value, without what was a problem; it then may be empty.
[[nodiscard]] Predicate read_predicate(const YamlValue& value, const PredicateContext& context);

}  // namespace touchstone
