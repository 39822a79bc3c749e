// Finds the files that come with the program: maps and data sets, the content of deploy/.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

namespace touchstone {

/// The file or directory of this name, e.g. `maps/retail.yaml`. Looked for in $TOUCHSTONE_SHARE, or without
/// it beside the executable (as built, and as installed) and where the sources were when it was built.
/// Nothing if it is nowhere.
[[nodiscard]] std::optional<std::filesystem::path> find_shared(std::string_view name);

}  // namespace touchstone
