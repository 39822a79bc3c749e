#include "app/check.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iostream>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "app/configuration.h"
#include "app/exit_code.h"
#include "app/secrets.h"
#include "ingest/map_loader.h"
#include "ingest/yaml_document.h"

namespace touchstone {
namespace {

constexpr auto kKeysOfMaps = std::to_array<std::string_view>({"version", "lifecycle", "segments", "touchpoints"});

bool is_map(const YamlDocument& document) {
  if (document.root() == nullptr) return false;
  const auto& entries = document.root()->entries;
  return std::any_of(entries.begin(), entries.end(), [](const auto& entry) {
    return std::find(kKeysOfMaps.begin(), kKeysOfMaps.end(), entry.first->text) != kKeysOfMaps.end();
  });
}

std::string counted(std::size_t count, std::string_view one) {
  return std::to_string(count) + " " + std::string(one) + (count == 1 ? "" : "s");
}

void add_findings(std::vector<Problem> problems, std::vector<Problem> warnings, Checked& checked) {
  for (Problem& warning : warnings) {
    warning.message = "warning: " + warning.message;
    problems.push_back(std::move(warning));
  }
  sort_by_position(problems);
  for (const Problem& problem : problems) checked.findings += to_string(problem) + "\n";
}

void examine_map(const YamlDocument& document, Checked& checked) {
  MapLoaded loaded = load_map(document);
  checked.is_right = loaded.map.has_value();
  add_findings(std::move(loaded.problems), std::move(loaded.warnings), checked);
  if (!loaded.map) return;
  checked.summary = document.file() + ": a map with " + counted(loaded.map->lifecycle.stages.size(), "stage") + ", " +
                    counted(loaded.map->segments.size(), "segment") + ", " +
                    counted(loaded.map->touchpoints.size(), "touchpoint") + "\n";
}

void examine_configuration(const YamlDocument& document, Checked& checked) {
  ConfigurationLoaded loaded = load_configuration(document);
  checked.is_right = loaded.configuration.has_value();
  std::vector<Problem> warnings;
  if (loaded.configuration) warnings = secret_warnings(*loaded.configuration);
  add_findings(std::move(loaded.problems), std::move(warnings), checked);
  if (!loaded.configuration) return;
  checked.summary = document.file() + ": a configuration";
  // Secrets may well be absent where a file is only checked, so this is no problem of the file.
  std::set<std::string> lacking;
  for (const Problem& problem : check_runnable(*loaded.configuration)) lacking.insert(problem.path);
  std::string_view before = "; run still needs ";
  for (const std::string& path : lacking) checked.summary += std::string(std::exchange(before, ", ")) + path;
  checked.summary += "\n";
  if (loaded.configuration->map.empty()) return;
  Checked map;
  examine_map(YamlDocument::from_file(loaded.configuration->map), map);
  checked.findings += map.findings;
  checked.summary += map.summary;
  checked.is_right = map.is_right;
}

}  // namespace

Checked examine(const std::string& path) {
  Checked checked;
  const YamlDocument document = YamlDocument::from_file(path);
  if (is_map(document)) {
    examine_map(document, checked);
  } else {
    examine_configuration(document, checked);
  }
  if (!checked.is_right) checked.summary.clear();
  return checked;
}

int check_file(const std::string& path, std::ostream& out, std::ostream& err) {
  const Checked checked = examine(path);
  err << checked.findings;
  out << checked.summary;
  return checked.is_right ? 0 : kExitConfiguration;
}

int check_file(const std::string& path) { return check_file(path, std::cout, std::cerr); }

}  // namespace touchstone
