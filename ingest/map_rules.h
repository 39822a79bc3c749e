// Finds rules of a map that can never match, because an earlier one always does.
#pragma once

#include <string>
#include <vector>

#include "engine/model/touchpoint_map.h"
#include "ingest/problem.h"

namespace touchstone {

/// A rule among others that are tried in order; the first that holds is taken.
struct OrderedRule {
  std::string name;            ///< for messages about later rules, e.g. `touchpoint "web.product"`
  const Predicate* predicate;  ///< empty: never tried, or not known
  Position at;
  std::string path;
};

/// Adds a warning for each rule that is certainly dead. `rules` in the order in which they are tried.
void warn_of_dead_rules(const std::vector<OrderedRule>& rules, Problems& warnings);

}  // namespace touchstone
