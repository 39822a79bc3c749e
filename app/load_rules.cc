#include "app/load_rules.h"

#include <algorithm>
#include <iostream>
#include <utility>

#include <fmt/format.h>

#include "ingest/map_loader.h"

namespace touchstone {
namespace {

void tell(const std::vector<Problem>& problems, std::string_view kind) {
  for (const Problem& problem : problems) std::cerr << kind << to_string(problem) << '\n';
}

}  // namespace

std::optional<Configuration> read_configuration(const std::string& path) {
  if (path.empty()) return std::make_optional<Configuration>();
  ConfigurationLoaded loaded = load_configuration(path);
  tell(loaded.problems, "");
  return std::move(loaded.configuration);
}

std::shared_ptr<const Rules> read_rules(const std::string& map_path, const Settings& settings) {
  MapLoaded loaded = load_map(map_path);
  tell(loaded.problems, "");
  tell(loaded.warnings, "warning: ");
  if (!loaded.map) return nullptr;
  return std::make_shared<const Rules>(std::move(*loaded.map), settings);
}

bool pick_windows(const std::vector<std::string>& names, Settings& settings) {
  for (const std::string& name : names) {
    const bool known = std::any_of(settings.windows.begin(), settings.windows.end(),
                                   [&](const WindowSpec& window) { return window.name == name; });
    if (known) continue;
    std::string configured;
    for (const WindowSpec& window : settings.windows) configured += " " + window.name;
    std::cerr << fmt::format("touchstone: no window \"{}\" is configured; there are:{}\n", name, configured);
    return false;
  }
  const std::string longest = settings.windows.back().name;
  std::erase_if(settings.windows, [&](const WindowSpec& window) {
    return std::find(names.begin(), names.end(), window.name) == names.end();
  });
  settings.has_longest = settings.windows.back().name == longest;
  return true;
}

}  // namespace touchstone
