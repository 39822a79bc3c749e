// Whether one predicate certainly contains another: what makes a rule dead, because an earlier one always
// matches first.
//
// This decides by form, never by trying events, and errs on one side: `true` is certain, `false` may also
// mean "cannot tell". For asking a predicate about an event, see predicate.h.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/model/predicate.h"
#include "engine/model/touchpoint_map.h"

namespace touchstone {

/// True only if every event for which `later` holds is one for which `earlier` holds. An empty predicate is
/// no predicate: it neither contains another nor is contained.
[[nodiscard]] bool implies(const Predicate& later, const Predicate& earlier);

/// The rules tried so far, taken together, to be asked rule by rule whether one can still match.
class Coverage {
 public:
  void add(const Predicate& earlier);

  /// True only if, whenever `later` holds, one of the predicates added holds too; not always the same one.
  [[nodiscard]] bool covers(const Predicate& later) const;

 private:
  /// A condition of an earlier rule with its choices, each also ready to be asked about a value.
  struct Term {
    explicit Term(const Condition& condition);
    Condition parts;
    CompiledCondition compiled;
    std::vector<Term> any_of;
  };
  struct FieldTerm {
    std::string field;
    Term term;
  };
  using Terms = std::vector<FieldTerm>;  ///< all of them hold; without those that always do

  static bool is_within(const Condition& later, const Term& earlier);
  static bool is_within(const Conjunction& later, const Terms& earlier);
  [[nodiscard]] bool contains(const Conjunction& later) const;
  [[nodiscard]] bool covers(const Conjunction& later, std::size_t& steps_left) const;

  std::vector<Terms> terms_;
  /// Positions in terms_, of the conjunctions that ask for one certain `type`, and of all others: most rules
  /// ask for a type, and only those of the same type can contain each other.
  std::unordered_map<std::string, std::vector<std::size_t>> by_type_;
  std::vector<std::size_t> of_any_type_;
};

}  // namespace touchstone
