#include "engine/model/matcher.h"

#include <algorithm>
#include <limits>

namespace touchstone {
namespace {

using Popularity = std::map<FieldRef, std::map<OwnedScalar, std::size_t>>;

/// The values of which one must be equal to the field for the condition to hold; empty: cannot be filed.
std::vector<OwnedScalar> values_asked_for(const Condition& condition) {
  if (condition.equals) return {*condition.equals};
  std::vector<OwnedScalar> values;
  for (const Condition& choice : condition.any_of) {
    const std::vector<OwnedScalar> more = values_asked_for(choice);
    if (more.empty()) return {};
    values.insert(values.end(), more.begin(), more.end());
  }
  return values;
}

/// A number is filed as a double whatever it was written as, because they are compared by value.
OwnedScalar filed_value(const OwnedScalar& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  return value;
}

}  // namespace

Matcher::Entries& Matcher::FieldIndex::slot(const OwnedScalar& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return by_text[*text];
  if (const auto* flag = std::get_if<bool>(&value)) return by_flag[*flag ? 1 : 0];
  return by_number[std::get<double>(value)];
}

const Matcher::Entries* Matcher::FieldIndex::find(const Scalar& value) const {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    const auto found = by_text.find(*text);
    return found == by_text.end() ? nullptr : &found->second;
  }
  if (const auto* flag = std::get_if<bool>(&value)) return &by_flag[*flag ? 1 : 0];
  if (const std::optional<double> number = number_of(value)) {
    const auto found = by_number.find(*number);
    return found == by_number.end() ? nullptr : &found->second;
  }
  return nullptr;
}

Matcher::Matcher(const std::vector<Predicate>& rules) {
  Popularity popularity;
  for (const Predicate& rule : rules) {
    for (const Conjunction& conjunction : rule) {
      for (const FieldCondition& part : conjunction) {
        for (const OwnedScalar& value : values_asked_for(part.condition)) {
          ++popularity[FieldRef(part.field)][filed_value(value)];
        }
      }
    }
  }
  for (std::size_t rule = 0; rule < rules.size(); ++rule) {
    for (const Conjunction& conjunction : rules[rule]) {
      entries_.push_back({rule, CompiledConjunction(conjunction)});
      file(static_cast<std::uint32_t>(entries_.size() - 1), conjunction, popularity);
    }
  }
}

void Matcher::file(std::uint32_t entry, const Conjunction& conjunction, const Popularity& popularity) {
  std::optional<FieldRef> best_field;
  std::vector<OwnedScalar> best_values;
  std::size_t best_crowd = std::numeric_limits<std::size_t>::max();
  for (const FieldCondition& part : conjunction) {
    const std::vector<OwnedScalar> values = values_asked_for(part.condition);
    if (values.empty()) continue;
    const FieldRef field(part.field);
    std::size_t crowd = 0;
    for (const OwnedScalar& value : values) crowd = std::max(crowd, popularity.at(field).at(filed_value(value)));
    if (crowd >= best_crowd) continue;
    best_crowd = crowd;
    best_field = field;
    best_values = values;
  }
  if (!best_field) {
    unfiled_.push_back(entry);
    return;
  }
  auto index =
      std::find_if(indexes_.begin(), indexes_.end(), [&](const auto& known) { return known.first == *best_field; });
  if (index == indexes_.end()) index = indexes_.insert(index, {*best_field, FieldIndex{}});
  for (const OwnedScalar& value : best_values) {
    Entries& slot = index->second.slot(filed_value(value));
    if (slot.empty() || slot.back() != entry) slot.push_back(entry);
  }
}

std::optional<std::size_t> Matcher::first_match(const Facts& facts, std::size_t* tried) const {
  std::size_t best = std::numeric_limits<std::size_t>::max();
  const auto try_entries = [&](const Entries& candidates) {
    for (const std::uint32_t number : candidates) {
      const Entry& entry = entries_[number];
      if (entry.rule >= best) return;
      if (tried != nullptr) ++*tried;
      if (entry.conjunction.holds(facts)) {
        best = entry.rule;
        return;
      }
    }
  };
  for (const auto& [field, index] : indexes_) {
    if (const Entries* candidates = index.find(field.of(facts))) try_entries(*candidates);
  }
  try_entries(unfiled_);
  if (best == std::numeric_limits<std::size_t>::max()) return std::nullopt;
  return best;
}

}  // namespace touchstone
