#include "ingest/map_rules.h"

#include <cstddef>
#include <optional>

#include "engine/model/implies.h"

namespace touchstone {
void warn_of_dead_rules(const std::vector<OrderedRule>& rules, Problems& warnings) {
  Coverage tried;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (tried.covers(*rules[i].predicate)) {
      const std::optional<std::size_t> taker = tried.first_that_contains(*rules[i].predicate);
      warnings.add(rules[i].at, rules[i].path,
                   "can never match: " + (taker ? rules[*taker].name + " before it always does"
                                                : "the rules before it, together, always do"));
    }
    tried.add(*rules[i].predicate);
  }
}

}  // namespace touchstone
