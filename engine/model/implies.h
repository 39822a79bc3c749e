// Whether one predicate certainly contains another: what makes a rule dead, because an earlier one always
// matches first.
//
// This decides by form, never by trying events, and errs on one side: `true` is certain, `false` may also
// mean "cannot tell". For asking a predicate about an event, see predicate.h.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/model/predicate.h"
#include "engine/model/touchpoint_map.h"

namespace touchstone {

/// True only if every event for which `later` holds is one for which `earlier` holds. An empty predicate is
/// no predicate: it neither contains another nor is contained.
[[nodiscard]] bool implies(const Predicate& later, const Predicate& earlier);

/// The rules tried so far, to be asked rule by rule whether one can still match. The work for one question
/// has a limit, so that lists without end make it say "cannot tell" instead of taking for ever.
class Coverage {
 public:
  /// Adds the next rule.
  void add(const Predicate& earlier);

  /// True only if, whenever `later` holds, one of the rules added holds too; not always the same one.
  [[nodiscard]] bool covers(const Predicate& later) const;

  /// The number, from 0 in order of adding, of the first rule that contains `later` by itself; nothing if
  /// none does, or if that takes several.
  [[nodiscard]] std::optional<std::size_t> first_that_contains(const Predicate& later) const;

 private:
  /// A condition of an earlier rule with its choices, each also ready to be asked about a value.
  struct Term {
    explicit Term(const Condition& condition);
    Condition parts;
    CompiledCondition compiled;
    std::vector<Term> any_of;
    std::size_t size = 1;  ///< with all choices
  };
  struct FieldTerm {
    std::string field;
    Term term;
  };
  using Terms = std::vector<FieldTerm>;  ///< all of them hold; without those that always do
  using Budget = std::size_t;            ///< conditions that may still be compared

  static bool is_within(const Condition& later, const Term& earlier, Budget& budget);
  static bool is_within(const Conjunction& later, const Terms& earlier, Budget& budget);
  [[nodiscard]] bool contains(const Conjunction& later, Budget& budget) const;
  [[nodiscard]] bool covers(const Conjunction& later, Budget& budget) const;

  std::vector<Terms> terms_;
  std::vector<std::size_t> ends_of_rules_;  ///< of each rule: where its conjunctions end in terms_
  /// Positions in terms_, of the conjunctions that ask for one certain `type`, and of all others: most rules
  /// ask for a type, and only those of the same type can contain each other.
  std::unordered_map<std::string, std::vector<std::size_t>> by_type_;
  std::vector<std::size_t> of_any_type_;
};

}  // namespace touchstone
