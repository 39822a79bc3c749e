#include "engine/model/predicate.h"

#include <algorithm>
#include <cassert>

#include <re2/re2.h>

#include "engine/model/glob.h"

namespace touchstone {
namespace {

constexpr std::string_view kAttributePrefix = "attributes.";

re2::RE2::Options regex_options() {
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_max_mem(kRegexMemory);
  return options;
}

}  // namespace

std::optional<std::string> fault_of_regex(const std::string& pattern) {
  const re2::RE2 compiled(pattern, regex_options());
  if (compiled.ok()) return std::nullopt;
  return compiled.error();
}

FieldRef::FieldRef(std::string_view name) {
  if (name.starts_with(kAttributePrefix)) {
    origin_ = Origin::kAttribute;
    attribute_ = name.substr(kAttributePrefix.size());
  } else if (name == "customer.stage") {
    origin_ = Origin::kStage;
  } else if (name == "customer.conversions") {
    origin_ = Origin::kConversions;
  } else if (name == "satisfaction") {
    origin_ = Origin::kSatisfaction;
  } else {
    const auto* known = std::find(kFieldNames.begin(), kFieldNames.end(), name);
    assert(known != kFieldNames.end());
    field_ = static_cast<Field>(known - kFieldNames.begin());
  }
}

Scalar FieldRef::of(const Facts& facts) const {
  switch (origin_) {
    case Origin::kField:
      return facts.event[field_];
    case Origin::kAttribute:
      return facts.event.attribute(attribute_);
    case Origin::kStage:
      return facts.stage;
    case Origin::kConversions:
      return facts.conversions;
    case Origin::kSatisfaction:
      return facts.satisfaction;
  }
  return {};
}

bool equal_scalars(const Scalar& value, const OwnedScalar& wanted) {
  if (const auto* text = std::get_if<std::string>(&wanted)) {
    const auto* found = std::get_if<std::string_view>(&value);
    return found != nullptr && *found == *text;
  }
  if (const auto* flag = std::get_if<bool>(&wanted)) {
    const auto* found = std::get_if<bool>(&value);
    return found != nullptr && *found == *flag;
  }
  const auto* whole_wanted = std::get_if<std::int64_t>(&wanted);
  const auto* whole_found = std::get_if<std::int64_t>(&value);
  if (whole_wanted != nullptr && whole_found != nullptr) return *whole_wanted == *whole_found;
  const std::optional<double> number = number_of(value);
  const double number_wanted = whole_wanted != nullptr ? static_cast<double>(*whole_wanted) : std::get<double>(wanted);
  return number.has_value() && *number == number_wanted;
}

CompiledCondition::CompiledCondition(const Condition& condition) : parts_(condition) {
  parts_.any_of.clear();
  for (const Condition& choice : condition.any_of) any_of_.emplace_back(choice);
  if (condition.regex) {
    // Case matters and `.` stops at line ends, as RE2 has it; the pattern was tried when the map was read.
    regex_ = std::make_shared<const re2::RE2>(*condition.regex, regex_options());
    assert(regex_->ok());
  }
}

bool CompiledCondition::holds(const Scalar& value) const {
  if (parts_.exists && *parts_.exists != is_present(value)) return false;
  if (parts_.equals && !equal_scalars(value, *parts_.equals)) return false;
  if (parts_.glob || regex_) {
    const auto* text = std::get_if<std::string_view>(&value);
    if (text == nullptr) return false;
    if (parts_.glob && !glob_matches(*parts_.glob, *text)) return false;
    if (regex_ && !re2::RE2::PartialMatch(re2::StringPiece(text->data(), text->size()), *regex_)) return false;
  }
  if (parts_.min || parts_.max) {
    const std::optional<double> number = number_of(value);
    if (!number) return false;
    if (parts_.min && *number < *parts_.min) return false;
    if (parts_.max && *number > *parts_.max) return false;
  }
  return any_of_.empty() || std::any_of(any_of_.begin(), any_of_.end(),
                                        [&](const CompiledCondition& choice) { return choice.holds(value); });
}

CompiledConjunction::CompiledConjunction(const Conjunction& conjunction) {
  for (const FieldCondition& part : conjunction) {
    parts_.push_back({FieldRef(part.field), CompiledCondition(part.condition)});
  }
}

bool CompiledConjunction::holds(const Facts& facts) const {
  return std::all_of(parts_.begin(), parts_.end(),
                     [&](const Part& part) { return part.condition.holds(part.field.of(facts)); });
}

CompiledPredicate::CompiledPredicate(const Predicate& predicate) {
  for (const Conjunction& conjunction : predicate) alternatives_.emplace_back(conjunction);
}

bool CompiledPredicate::holds(const Facts& facts) const {
  return alternatives_.empty() || std::any_of(alternatives_.begin(), alternatives_.end(),
                                              [&](const CompiledConjunction& choice) { return choice.holds(facts); });
}

}  // namespace touchstone
