// From files to the rules of the engine, with every problem told on standard error.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/configuration.h"
#include "engine/model/rules.h"

namespace touchstone {

/// The configuration of a file, or that of an empty one where no file is named. Nothing, and every problem on
/// standard error, if it is wrong.
[[nodiscard]] std::optional<Configuration> read_configuration(const std::string& path);

/// The rules of a map with these settings. Nothing, and every problem on standard error, if the map is wrong.
[[nodiscard]] std::shared_ptr<const Rules> read_rules(const std::string& map_path, const Settings& settings);

/// Keeps only the windows of these names, in the order of their size. False, and the reason on standard error,
/// if one is not configured.
[[nodiscard]] bool pick_windows(const std::vector<std::string>& names, Settings& settings);

}  // namespace touchstone
