// Strict reading of a YAML tree: each value is asked for as what it has to be, and everything that is
// something else becomes a problem with its position and path. Reading goes on after a problem, so that all
// of them are found.
//
// Shared by the touchpoint map and the configuration. The tree itself is made in yaml_document.h.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/model/time.h"
#include "ingest/problem.h"
#include "ingest/yaml_document.h"

namespace touchstone {

template <typename T>
struct Bounds {
  T least;
  T most;
};

/// A value of the document, where it stands, and where problems about it go. Borrows all but the path; every
/// reader reports a problem and returns nothing if the value is not what was asked for.
class YamlValue {
 public:
  YamlValue(const YamlNode& node, std::string path, Problems& problems)
      : node_(&node), path_(std::move(path)), problems_(&problems) {}

  [[nodiscard]] const YamlNode& node() const { return *node_; }
  [[nodiscard]] YamlKind kind() const { return node_->kind; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] Problems& problems() const { return *problems_; }
  void problem(std::string message) const { problems_->add(node_->at, path_, std::move(message)); }

  /// A text that is not empty.
  [[nodiscard]] std::optional<std::string> text() const;
  /// One of the words; others get a suggestion.
  [[nodiscard]] std::optional<std::string> one_of(std::span<const std::string_view> words) const;
  /// An id in the sense of the map (is_valid_id).
  [[nodiscard]] std::optional<std::string> id() const;
  [[nodiscard]] std::optional<bool> boolean() const;
  /// A finite number.
  [[nodiscard]] std::optional<double> number() const;
  [[nodiscard]] std::optional<double> number(Bounds<double> bounds) const;
  [[nodiscard]] std::optional<std::int64_t> whole(Bounds<std::int64_t> bounds) const;
  /// A duration such as 10s or 90d; `bounds` as they are written for people, e.g. {"1s", "7d"}.
  [[nodiscard]] std::optional<Millis> duration(Bounds<std::string_view> bounds) const;
  /// The values of a list; none, after a problem, if it is no list.
  [[nodiscard]] std::vector<YamlValue> items() const;
  /// The texts of a list.
  [[nodiscard]] std::vector<std::string> texts() const;

 private:
  void wrong_kind(std::string_view expected) const;

  const YamlNode* node_;
  std::string path_;
  Problems* problems_;
};

/// What a value is, for a message: `the number 5`, `a list`.
[[nodiscard]] std::string description(const YamlNode& node);

/// A mapping whose keys are all known beforehand. Construction reports the unknown ones, with a suggestion,
/// and a value that is no mapping; the latter is then read as one without keys.
class YamlMapping {
 public:
  YamlMapping(YamlValue value, std::span<const std::string_view> known);

  [[nodiscard]] bool is_mapping() const { return value_.kind() == YamlKind::kMapping; }
  /// The key's value, or nothing; a key without a value is a problem.
  [[nodiscard]] std::optional<YamlValue> find(std::string_view key) const;
  /// The same, but a missing key is a problem of the mapping.
  [[nodiscard]] std::optional<YamlValue> need(std::string_view key) const;

 private:
  YamlValue value_;
};

/// All entries of a mapping whose keys are not known beforehand, in their order; none, after a problem, if it
/// is no mapping.
[[nodiscard]] std::vector<std::pair<std::string, YamlValue>> entries_of(const YamlValue& value);

}  // namespace touchstone
