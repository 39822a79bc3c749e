#include "ingest/predicate_reader.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/model/event.h"
#include "engine/model/glob.h"
#include "engine/model/predicate.h"
#include "ingest/core_schema.h"

namespace touchstone {
namespace {

constexpr std::string_view kAttributePrefix = "attributes.";
constexpr std::string_view kStageField = "customer.stage";
constexpr std::array<std::string_view, 3> kMoveFields = {kStageField, "customer.conversions", "satisfaction"};
constexpr std::array<std::string_view, 4> kConditionKeys = {"min", "max", "exists", "regex"};

enum class Holds : std::uint8_t { kText, kNumber, kEither };

/// What a field's value always is where it is present, as the contract's table of fields says.
struct FieldKind {
  std::string_view name;
  Holds holds;
  Bounds<double> bounds{0, 0};
};
constexpr std::array<FieldKind, 18> kFieldKinds = {{
    {"type", Holds::kText},
    {"customer", Holds::kText},
    {"id", Holds::kText},
    {"channel", Holds::kText},
    {"touchpoint", Holds::kText},
    {"segment", Holds::kText},
    {"feedback.about", Holds::kText},
    {"customer.stage", Holds::kText},
    {"value", Holds::kNumber, {-1e12, 1e12}},
    {"wait_s", Holds::kNumber, {0, 1e9}},
    {"duration_s", Holds::kNumber, {0, 1e9}},
    {"feedback.csat", Holds::kNumber, {1, 5}},
    {"feedback.stars", Holds::kNumber, {1, 5}},
    {"feedback.nps", Holds::kNumber, {0, 10}},
    {"feedback.ces", Holds::kNumber, {1, 7}},
    {"feedback.sentiment", Holds::kNumber, {-1, 1}},
    {"satisfaction", Holds::kNumber, {0, 1}},
    {"customer.conversions", Holds::kNumber, {0, 1e18}},
}};

FieldKind kind_of(std::string_view field) {
  const auto* known =
      std::find_if(kFieldKinds.begin(), kFieldKinds.end(), [&](const FieldKind& kind) { return kind.name == field; });
  return known != kFieldKinds.end() ? *known : FieldKind{field, Holds::kEither};
}

/// Reads the conditions of one field.
class ConditionReader {
 public:
  ConditionReader(std::string_view field, const PredicateContext& context)
      : field_(field), kind_(kind_of(field)), context_(context) {}

  [[nodiscard]] std::optional<Condition> read(const YamlValue& value) const {
    switch (value.kind()) {
      case YamlKind::kNull:
        value.problem("a condition cannot be null; for an absent field write {exists: false}");
        return std::nullopt;
      case YamlKind::kScalar:
        return scalar(value);
      case YamlKind::kSequence:
        return list(value);
      case YamlKind::kMapping:
        return keyed(value);
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] std::optional<Condition> scalar(const YamlValue& value) const {
    const OwnedScalar& scalar = value.node().scalar;
    Condition condition;
    if (const auto* text = std::get_if<std::string>(&scalar)) {
      if (!check_text(value, *text)) return std::nullopt;
      if (is_glob(*text)) {
        condition.glob = *text;
      } else {
        condition.equals = *text;
      }
      return condition;
    }
    if (!std::holds_alternative<bool>(scalar)) {
      const std::optional<double> number = value.number();
      if (!number) return std::nullopt;
      if (std::holds_alternative<double>(scalar) && is_core_integer(value.node().text)) {
        value.problem("the number " + value.node().text + " does not fit into 64 bits");
        return std::nullopt;
      }
      check_reach(value, *number, *number);
    } else if (kind_.holds != Holds::kEither) {
      never_holds(value);
    }
    condition.equals = scalar;
    return condition;
  }

  /// A text to be equal to, or a glob.
  [[nodiscard]] bool check_text(const YamlValue& value, const std::string& text) const {
    if (text.empty()) {
      value.problem("the empty text counts as absent; write {exists: false}");
      return false;
    }
    if (is_glob(text) && !is_at_most(kLongestGlob, "a text with * or ?", value, text)) return false;
    if (kind_.holds == Holds::kNumber) never_holds(value);
    const auto& stages = context_.stages;
    if (field_ != kStageField || is_glob(text) || std::find(stages.begin(), stages.end(), text) != stages.end()) {
      return true;
    }
    const std::vector<std::string_view> names(stages.begin(), stages.end());
    value.problem(in_quotes(text) + " is not a stage" + suggestion(text, names));
    return false;
  }

  [[nodiscard]] std::optional<Condition> list(const YamlValue& value) const {
    Condition condition;
    const std::vector<YamlValue> items = value.items();
    if (items.empty()) value.problem("an empty list of conditions never holds");
    if (items.size() > kMostConditions) {
      value.problem("has " + std::to_string(items.size()) + " conditions, at most " + std::to_string(kMostConditions) +
                    " are possible");
      return std::nullopt;
    }
    for (const YamlValue& item : items) {
      if (std::optional<Condition> one = read(item)) condition.any_of.push_back(std::move(*one));
    }
    if (condition.any_of.size() != items.size() || items.empty()) return std::nullopt;
    return condition;
  }

  [[nodiscard]] std::optional<Condition> keyed(const YamlValue& value) const {
    const YamlMapping keys(value, kConditionKeys);
    if (value.node().entries.empty()) {
      value.problem("a condition needs at least one of min, max, exists and regex");
      return std::nullopt;
    }
    Condition condition;
    if (const auto min = keys.find("min")) condition.min = min->number();
    if (const auto max = keys.find("max")) condition.max = max->number();
    if (const auto exists = keys.find("exists")) condition.exists = exists->boolean();
    if (const auto regex = keys.find("regex")) condition.regex = read_regex(*regex);
    const bool is_range = condition.min || condition.max;
    if (condition.min && condition.max && *condition.min > *condition.max) {
      value.problem("min is greater than max");
    } else if (is_range) {
      check_reach(value, condition.min.value_or(kind_.bounds.least), condition.max.value_or(kind_.bounds.most));
    }
    if (condition.regex && kind_.holds == Holds::kNumber) never_holds(value);
    if ((is_range && condition.regex) || ((is_range || condition.regex) && !condition.exists.value_or(true))) {
      context_.warnings.add(value.node().at, value.path(), "never holds: no value is both");
    }
    if (!is_range && !condition.exists && !condition.regex) return std::nullopt;
    return condition;
  }

  static bool is_at_most(std::size_t longest, std::string_view what, const YamlValue& value, const std::string& text) {
    if (text.size() <= longest) return true;
    value.problem(std::string(what) + " has at most " + std::to_string(longest) + " bytes, found " +
                  std::to_string(text.size()));
    return false;
  }

  [[nodiscard]] static std::optional<std::string> read_regex(const YamlValue& value) {
    std::optional<std::string> pattern = value.text();
    if (!pattern || !is_at_most(kLongestRegex, "a regular expression", value, *pattern)) return std::nullopt;
    const std::optional<std::string> fault = fault_of_regex(*pattern);
    if (!fault) return pattern;
    value.problem("not a regular expression of RE2: " + *fault);
    return std::nullopt;
  }

  void never_holds(const YamlValue& value) const {
    context_.warnings.add(
        value.node().at, value.path(),
        "never holds: " + std::string(field_) + " is always a " + (kind_.holds == Holds::kText ? "text" : "number"));
  }

  /// Of numbers that are wanted, from `least` to `most`: can the field have one?
  void check_reach(const YamlValue& value, double least, double most) const {
    if (kind_.holds == Holds::kText) never_holds(value);
    if (kind_.holds != Holds::kNumber || (least <= kind_.bounds.most && most >= kind_.bounds.least)) return;
    context_.warnings.add(value.node().at, value.path(),
                          "never holds: " + std::string(field_) + " is always from " + written(kind_.bounds.least) +
                              " to " + written(kind_.bounds.most));
  }

  std::string_view field_;
  FieldKind kind_;
  const PredicateContext& context_;
};

/// Whether rules may ask for a field of this name; if not, why not.
bool check_field(const YamlValue& value, const std::string& name, Position at, const PredicateContext& context) {
  const auto refuse = [&](const std::string& why) {
    value.problems().add(at, value.path(), why);
    return false;
  };
  if (name.starts_with(kAttributePrefix)) {
    return name.size() > kAttributePrefix.size() || refuse("\"attributes.\" lacks the attribute's name");
  }
  std::vector<std::string_view> known(kFieldNames.begin(), kFieldNames.end());
  const bool is_move_field = std::find(kMoveFields.begin(), kMoveFields.end(), name) != kMoveFields.end();
  if (context.use == PredicateFor::kMove) {
    known.insert(known.end(), kMoveFields.begin(), kMoveFields.end());
  } else if (is_move_field) {
    return refuse(in_quotes(name) + " can be asked for only in moves");
  }
  if (std::find(known.begin(), known.end(), name) != known.end()) return true;
  const std::string problem = "unknown field " + in_quotes(name);
  const std::string feedback = "feedback." + name;
  if (std::find(known.begin(), known.end(), feedback) != known.end()) {
    return refuse(problem + "; did you mean " + in_quotes(feedback) + "?");
  }
  const std::size_t dot = name.find('.');
  static constexpr std::array<std::string_view, 1> kAttributes = {"attributes"};
  if (dot != std::string::npos && !suggestion(std::string_view(name).substr(0, dot), kAttributes).empty()) {
    return refuse(problem + "; did you mean " + in_quotes("attributes" + name.substr(dot)) + "?");
  }
  const std::string near = suggestion(name, known);
  return refuse(problem + (near.empty() ? "; an attribute is written attributes.NAME" : near));
}

std::optional<Conjunction> read_conjunction(const YamlValue& value, const PredicateContext& context) {
  Conjunction conjunction;
  const std::vector<std::pair<std::string, YamlValue>> fields = entries_of(value);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto& [name, wanted] = fields[i];
    if (!check_field(value, name, value.node().entries[i].first->at, context)) continue;
    std::optional<Condition> condition = ConditionReader(name, context).read(wanted);
    if (condition) conjunction.push_back({name, std::move(*condition)});
  }
  if (value.kind() != YamlKind::kMapping || conjunction.size() != fields.size()) return std::nullopt;
  return conjunction;
}

}  // namespace

Predicate read_predicate(const YamlValue& value, const PredicateContext& context) {
  Predicate predicate;
  const auto add = [&](const YamlValue& one) {
    if (std::optional<Conjunction> conjunction = read_conjunction(one, context)) {
      predicate.push_back(std::move(*conjunction));
    }
  };
  if (value.kind() == YamlKind::kMapping) {
    add(value);
  } else if (value.kind() == YamlKind::kSequence) {
    const std::vector<YamlValue> alternatives = value.items();
    if (alternatives.empty()) value.problem("an empty list of predicates never holds; leave the key out");
    if (alternatives.size() > kMostAlternatives) {
      value.problem("has " + std::to_string(alternatives.size()) + " alternatives, at most " +
                    std::to_string(kMostAlternatives) + " are possible");
      return predicate;
    }
    for (const YamlValue& alternative : alternatives) add(alternative);
  } else {
    value.problem("expected a mapping of fields to conditions, or a list of such mappings, found " +
                  description(value.node()));
  }
  return predicate;
}

}  // namespace touchstone
