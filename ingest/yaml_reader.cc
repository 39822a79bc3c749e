#include "ingest/yaml_reader.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

#include "ingest/core_schema.h"

namespace touchstone {
namespace {

std::string written_list(std::span<const std::string_view> words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
    out += words[i];
  }
  return out;
}

}  // namespace

std::string description(const YamlNode& node) {
  switch (node.kind) {
    case YamlKind::kNull:
      return "nothing";
    case YamlKind::kSequence:
      return "a list";
    case YamlKind::kMapping:
      return "a mapping";
    case YamlKind::kScalar:
      break;
  }
  if (std::holds_alternative<std::string>(node.scalar)) return "the text " + in_quotes(node.text);
  if (std::holds_alternative<bool>(node.scalar)) return std::get<bool>(node.scalar) ? "true" : "false";
  return "the number " + node.text;
}

void YamlValue::wrong_kind(std::string_view expected) const {
  problem("expected " + std::string(expected) + ", found " + description(*node_));
}

std::optional<std::string> YamlValue::text() const {
  if (kind() == YamlKind::kScalar) {
    if (const auto* found = std::get_if<std::string>(&node_->scalar)) {
      if (!found->empty()) return *found;
      problem("the text is empty");
      return std::nullopt;
    }
    problem("expected a text, found " + description(*node_) + "; in quotes it is a text");
    return std::nullopt;
  }
  wrong_kind("a text");
  return std::nullopt;
}

std::optional<std::string> YamlValue::one_of(std::span<const std::string_view> words) const {
  std::optional<std::string> found = text();
  if (!found || std::find(words.begin(), words.end(), *found) != words.end()) return found;
  problem(in_quotes(*found) + " is not " + written_list(words) + suggestion(*found, words));
  return std::nullopt;
}

std::optional<std::string> YamlValue::id() const {
  std::optional<std::string> found = text();
  if (!found || is_valid_id(*found)) return found;
  problem(in_quotes(*found) +
          " is not an id: at most 64 of a-z, 0-9, \".\", \"_\" and \"-\", the first a letter or digit");
  return std::nullopt;
}

std::optional<bool> YamlValue::boolean() const {
  if (kind() == YamlKind::kScalar) {
    if (const auto* found = std::get_if<bool>(&node_->scalar)) return *found;
  }
  wrong_kind("true or false");
  return std::nullopt;
}

std::optional<double> YamlValue::number() const {
  if (kind() == YamlKind::kScalar) {
    if (const auto* whole_found = std::get_if<std::int64_t>(&node_->scalar)) return static_cast<double>(*whole_found);
    if (const auto* found = std::get_if<double>(&node_->scalar)) {
      if (std::isfinite(*found)) return *found;
      problem("the number " + node_->text + " is not finite");
      return std::nullopt;
    }
  }
  wrong_kind("a number");
  return std::nullopt;
}

std::optional<double> YamlValue::number(Bounds<double> bounds) const {
  const std::optional<double> found = number();
  if (!found || (*found >= bounds.least && *found <= bounds.most)) return found;
  const bool has_most = bounds.most < std::numeric_limits<double>::max();
  problem("must be " +
          (has_most ? "from " + written(bounds.least) + " to " + written(bounds.most)
                    : "at least " + written(bounds.least)) +
          ", found " + node_->text);
  return std::nullopt;
}

std::optional<std::int64_t> YamlValue::whole(Bounds<std::int64_t> bounds) const {
  const auto* found = kind() == YamlKind::kScalar ? std::get_if<std::int64_t>(&node_->scalar) : nullptr;
  const bool is_beyond =
      kind() == YamlKind::kScalar && std::holds_alternative<double>(node_->scalar) && is_core_integer(node_->text);
  if (found == nullptr && !is_beyond) {
    wrong_kind("a whole number");
    return std::nullopt;
  }
  if (found != nullptr && *found >= bounds.least && *found <= bounds.most) return *found;
  problem("must be from " + std::to_string(bounds.least) + " to " + std::to_string(bounds.most) + ", found " +
          node_->text);
  return std::nullopt;
}

std::optional<Millis> YamlValue::duration(Bounds<std::string_view> bounds) const {
  // A bare number has no unit, and is the likeliest mistake; text() would advise quotes, which do not help.
  const bool is_text = kind() == YamlKind::kScalar && std::holds_alternative<std::string>(node_->scalar);
  const std::optional<Millis> found = is_text ? parse_duration(node_->text) : std::nullopt;
  if (!found) {
    wrong_kind("a duration such as 250ms, 10s, 5m, 1h or 90d");
    return std::nullopt;
  }
  if (*found >= *parse_duration(bounds.least) && *found <= *parse_duration(bounds.most)) return found;
  problem("must be from " + std::string(bounds.least) + " to " + std::string(bounds.most) + ", found " + node_->text);
  return std::nullopt;
}

std::vector<YamlValue> YamlValue::items() const {
  std::vector<YamlValue> values;
  if (kind() != YamlKind::kSequence) {
    wrong_kind("a list");
    return values;
  }
  values.reserve(node_->items.size());
  for (const YamlNode* item : node_->items) {
    values.emplace_back(*item, path_ + "[" + std::to_string(values.size()) + "]", *problems_);
  }
  return values;
}

std::vector<std::string> YamlValue::texts() const {
  std::vector<std::string> found;
  for (const YamlValue& item : items()) {
    if (std::optional<std::string> one = item.text()) found.push_back(std::move(*one));
  }
  return found;
}

YamlMapping::YamlMapping(YamlValue value, std::span<const std::string_view> known) : value_(std::move(value)) {
  if (!is_mapping()) {
    value_.problem("expected a mapping, found " + description(value_.node()));
    return;
  }
  for (const auto& [key, ignored] : value_.node().entries) {
    if (std::find(known.begin(), known.end(), key->text) != known.end()) continue;
    value_.problems().add(key->at, value_.path(), "unknown key " + in_quotes(key->text) + suggestion(key->text, known));
  }
}

std::optional<YamlValue> YamlMapping::find(std::string_view key) const {
  for (const auto& [name, node] : value_.node().entries) {
    if (name->text != key) continue;
    YamlValue found(*node, path_of_key(value_.path(), key), value_.problems());
    if (found.kind() != YamlKind::kNull) return found;
    found.problem("has no value; leave the key out or give it one");
    return std::nullopt;
  }
  return std::nullopt;
}

std::optional<YamlValue> YamlMapping::need(std::string_view key) const {
  const auto& entries = value_.node().entries;
  const bool is_there =
      std::any_of(entries.begin(), entries.end(), [&](const auto& entry) { return entry.first->text == key; });
  if (!is_there && is_mapping()) value_.problem("the key " + in_quotes(key) + " is missing");
  return find(key);
}

std::vector<std::pair<std::string, YamlValue>> entries_of(const YamlValue& value) {
  std::vector<std::pair<std::string, YamlValue>> entries;
  if (value.kind() != YamlKind::kMapping) {
    value.problem("expected a mapping, found " + description(value.node()));
    return entries;
  }
  for (const auto& [key, node] : value.node().entries) {
    entries.emplace_back(key->text, YamlValue(*node, path_of_key(value.path(), key->text), value.problems()));
  }
  return entries;
}

}  // namespace touchstone
