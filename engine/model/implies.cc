#include "engine/model/implies.h"

#include <algorithm>
#include <string_view>
#include <type_traits>
#include <variant>

#include "engine/model/glob.h"

namespace touchstone {
namespace {

constexpr std::string_view kTypeField = "type";
/// How many conditions one question may compare; beyond it the answer is "cannot tell".
constexpr std::size_t kMostComparisons = 100'000;

Scalar borrowed(const OwnedScalar& scalar) {
  return std::visit(
      [](const auto& value) -> Scalar {
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string>)
          return std::string_view(value);
        else
          return value;
      },
      scalar);
}

bool takes_every_text(const Condition& condition) {
  return condition.glob && condition.glob->find_first_not_of('*') == std::string::npos;
}

bool needs_presence(const Condition& condition) {
  return condition.equals || condition.glob || condition.regex || condition.min || condition.max ||
         condition.exists.value_or(false);
}

/// Reads the later pattern as a text: whatever stands for its stars and question marks, the run that the
/// earlier pattern has there takes it. Only a question mark must not stand for a star.
bool glob_within(const std::string& later, const std::string& earlier) {
  if (later == earlier) return true;
  const bool mark_may_meet_star = earlier.find('?') != std::string::npos && later.find('*') != std::string::npos;
  return !mark_may_meet_star && glob_matches(earlier, later);
}

/// Whether the parts of `later`, apart from its list, guarantee the parts of `earlier`, apart from its list.
bool parts_within(const Condition& later, const Condition& earlier) {
  if (earlier.equals) return false;
  if (earlier.exists && *earlier.exists && !needs_presence(later)) return false;
  if (earlier.exists && !*earlier.exists && later.exists.value_or(true)) return false;
  if (earlier.min && (!later.min || *later.min < *earlier.min)) return false;
  if (earlier.max && (!later.max || *later.max > *earlier.max)) return false;
  if (earlier.regex && later.regex != earlier.regex) return false;
  if (!earlier.glob) return true;
  if (takes_every_text(earlier)) return later.glob || later.regex;
  return later.glob && glob_within(*later.glob, *earlier.glob);
}

/// True for what holds of every event, because the field is never absent.
bool always_holds(const FieldCondition& part) {
  const Condition& condition = part.condition;
  const bool is_text = part.field == kTypeField || part.field == "customer.stage";
  if (!is_text && part.field != "customer.conversions") return false;
  if (condition.equals || condition.min || condition.max || condition.regex || !condition.any_of.empty()) {
    return false;
  }
  return condition.exists.value_or(true) && (!condition.glob || (is_text && takes_every_text(condition)));
}

/// The text that the conjunction's `type` must equal, or null.
template <typename Parts, typename ConditionOf>
const std::string* wanted_type(const Parts& parts, ConditionOf condition_of) {
  for (const auto& part : parts) {
    const Condition& condition = condition_of(part);
    if (part.field == kTypeField && condition.equals) return std::get_if<std::string>(&*condition.equals);
  }
  return nullptr;
}

}  // namespace

bool implies(const Predicate& later, const Predicate& earlier) {
  Coverage coverage;
  coverage.add(earlier);
  return coverage.covers(later);
}

Coverage::Term::Term(const Condition& condition) : parts(condition), compiled(condition) {
  parts.any_of.clear();
  for (const Condition& choice : condition.any_of) {
    any_of.emplace_back(choice);
    size += any_of.back().size;
  }
}

void Coverage::add(const Predicate& earlier) {
  for (const Conjunction& conjunction : earlier) {
    Terms terms;
    for (const FieldCondition& part : conjunction) {
      if (!always_holds(part)) terms.push_back({part.field, Term(part.condition)});
    }
    // Looked at last: rules that are compared mostly have the same.
    std::stable_partition(terms.begin(), terms.end(), [](const FieldTerm& part) { return part.field != kTypeField; });
    const std::string* type =
        wanted_type(terms, [](const FieldTerm& part) -> const Condition& { return part.term.parts; });
    (type != nullptr ? by_type_[*type] : of_any_type_).push_back(terms_.size());
    terms_.push_back(std::move(terms));
  }
  ends_of_rules_.push_back(terms_.size());
}

bool Coverage::covers(const Predicate& later) const {
  Budget budget = kMostComparisons;
  return !later.empty() && std::all_of(later.begin(), later.end(),
                                       [&](const Conjunction& conjunction) { return covers(conjunction, budget); });
}

std::optional<std::size_t> Coverage::first_that_contains(const Predicate& later) const {
  Budget budget = kMostComparisons;
  std::size_t begin = 0;
  for (std::size_t rule = 0; rule < ends_of_rules_.size() && !later.empty(); ++rule) {
    const std::size_t end = ends_of_rules_[rule];
    const bool contains_all = std::all_of(later.begin(), later.end(), [&](const Conjunction& conjunction) {
      return std::any_of(terms_.begin() + static_cast<std::ptrdiff_t>(begin),
                         terms_.begin() + static_cast<std::ptrdiff_t>(end),
                         [&](const Terms& terms) { return is_within(conjunction, terms, budget); });
    });
    if (contains_all) return rule;
    begin = end;
  }
  return std::nullopt;
}

// A list is taken apart when no earlier rule contains it whole: {type: [a, b]} is dead after {type: a} and
// {type: b}.
bool Coverage::covers(const Conjunction& later, Budget& budget) const {
  if (contains(later, budget)) return true;
  for (std::size_t i = 0; i < later.size(); ++i) {
    const Condition& condition = later[i].condition;
    if (condition.any_of.empty() || condition.any_of.size() > budget) continue;
    Conjunction one_choice = later;
    return std::all_of(condition.any_of.begin(), condition.any_of.end(), [&](const Condition& choice) {
      one_choice[i].condition = choice;
      return covers(one_choice, budget);
    });
  }
  return false;
}

bool Coverage::contains(const Conjunction& later, Budget& budget) const {
  const auto is_inside = [&](std::size_t at) { return is_within(later, terms_[at], budget); };
  if (std::any_of(of_any_type_.begin(), of_any_type_.end(), is_inside)) return true;
  const std::string* type =
      wanted_type(later, [](const FieldCondition& part) -> const Condition& { return part.condition; });
  if (type == nullptr) return false;
  const auto same_type = by_type_.find(*type);
  return same_type != by_type_.end() && std::any_of(same_type->second.begin(), same_type->second.end(), is_inside);
}

bool Coverage::is_within(const Conjunction& later, const Terms& earlier, Budget& budget) {
  return std::all_of(earlier.begin(), earlier.end(), [&](const FieldTerm& wanted) {
    return std::any_of(later.begin(), later.end(), [&](const FieldCondition& given) {
      return given.field == wanted.field && is_within(given.condition, wanted.term, budget);
    });
  });
}

bool Coverage::is_within(const Condition& later, const Term& earlier, Budget& budget) {
  if (budget < earlier.size) {
    budget = 0;
    return false;
  }
  budget -= earlier.size;
  if (later.equals && earlier.compiled.holds(borrowed(*later.equals))) return true;
  const auto choice_is_within = [&](const Condition& choice) { return is_within(choice, earlier, budget); };
  if (!later.any_of.empty() && std::all_of(later.any_of.begin(), later.any_of.end(), choice_is_within)) return true;
  return parts_within(later, earlier.parts) &&
         (earlier.any_of.empty() || std::any_of(earlier.any_of.begin(), earlier.any_of.end(),
                                                [&](const Term& choice) { return is_within(later, choice, budget); }));
}

}  // namespace touchstone
