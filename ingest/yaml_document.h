// A YAML file as a tree of values with positions: the only place that knows yaml-cpp.
//
// Scalars are those of YAML 1.2's core schema: `yes`, `on` and `off` are texts, quoted scalars always are.
// Everything about the input has a limit, and no exception leaves. Meaning is given to the tree elsewhere:
// yaml_reader.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/model/touchpoint_map.h"
#include "ingest/problem.h"

namespace touchstone {

struct YamlLimits {
  std::size_t bytes = std::size_t{4} << 20;  ///< of the file
  std::size_t depth = 64;                    ///< collections within each other, through aliases too
  std::size_t nodes = 1'000'000;             ///< with every alias written out
};

enum class YamlKind : std::uint8_t { kNull, kScalar, kSequence, kMapping };

/// One value. Lives in its document; an alias and its anchor share one node.
struct YamlNode {
  YamlKind kind = YamlKind::kNull;
  Position at;
  OwnedScalar scalar;  ///< of a scalar: its value
  std::string text;    ///< of a scalar: as it was written, without quotes
  std::vector<const YamlNode*> items;
  std::vector<std::pair<const YamlNode*, const YamlNode*>> entries;  ///< keys are scalars, each occurs once
};

/// The one document of a file. Movable; nodes keep their addresses.
class YamlDocument {
 public:
  YamlDocument(YamlDocument&&) noexcept = default;
  YamlDocument& operator=(YamlDocument&&) noexcept = default;
  YamlDocument(const YamlDocument&) = delete;
  YamlDocument& operator=(const YamlDocument&) = delete;
  ~YamlDocument() = default;

  /// Reads a file, or reports why it cannot be read.
  [[nodiscard]] static YamlDocument from_file(const std::string& path, const YamlLimits& limits = {});
  /// Reads a text that is said to stand in `file`.
  [[nodiscard]] static YamlDocument from_text(std::string_view text, std::string file, const YamlLimits& limits = {});

  [[nodiscard]] const std::string& file() const { return file_; }
  /// Null if the text is no YAML document, or an empty one; there are problems then.
  [[nodiscard]] const YamlNode* root() const& { return root_; }
  [[nodiscard]] const YamlNode* root() const&& = delete;
  /// What is wrong with it as YAML: syntax, a limit, duplicate keys, unknown tags.
  [[nodiscard]] const std::vector<Problem>& problems() const& { return problems_; }
  [[nodiscard]] const std::vector<Problem>& problems() const&& = delete;

 private:
  explicit YamlDocument(std::string file) : file_(std::move(file)) {}

  std::string file_;
  std::deque<YamlNode> nodes_;
  const YamlNode* root_ = nullptr;
  std::vector<Problem> problems_;
};

}  // namespace touchstone
