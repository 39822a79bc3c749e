// The touchpoint map from YAML: a valid map, or everything that is wrong with the file.
//
// A map with problems is refused whole. Warnings refuse nothing: they point at rules that can never match.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model/touchpoint_map.h"
#include "ingest/problem.h"
#include "ingest/yaml_document.h"

namespace touchstone {

/// What a map may hold; beyond it the file is refused.
inline constexpr std::size_t kFewestStages = 2;
inline constexpr std::size_t kMostStages = 12;
inline constexpr std::size_t kMostSegments = 1'024;
inline constexpr std::size_t kMostTouchpoints = 4'096;
inline constexpr std::size_t kMostMoves = 256;  ///< of one touchpoint

struct MapLoaded {
  std::optional<TouchpointMap> map;  ///< if and only if there are no problems
  std::vector<Problem> problems;     ///< by position
  std::vector<Problem> warnings;     ///< by position
};

[[nodiscard]] MapLoaded load_map(const std::string& path);
/// The map of a text that is said to stand in `file`.
[[nodiscard]] MapLoaded load_map_text(std::string_view text, std::string file);
/// The map of a document that was read already.
[[nodiscard]] MapLoaded load_map(const YamlDocument& document);

}  // namespace touchstone
