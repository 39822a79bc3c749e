// Reads the configuration's rolling windows, and holds the rules that let them nest.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/model/settings.h"
#include "ingest/yaml_reader.h"

namespace touchstone {

inline constexpr std::size_t kMostWindows = 16;
/// How many steps a window may hold; each is kept apart, in every cell.
inline constexpr int kMostStepsOfWindow = 10'000;

/// The windows in order of size. After a problem some may be missing.
[[nodiscard]] std::vector<WindowSpec> read_windows(const YamlValue& value);

}  // namespace touchstone
