#include "app/shared_files.h"

#include <cstdlib>
#include <system_error>
#include <vector>

namespace touchstone {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> places() {
  // Whoever names a place means that one and no other.
  if (const char* named = std::getenv("TOUCHSTONE_SHARE"); named != nullptr && *named != '\0') return {fs::path(named)};
  std::vector<fs::path> found;
  std::error_code error;
  if (const fs::path executable = fs::read_symlink("/proc/self/exe", error); !error) {
    const fs::path directory = executable.parent_path();
    found.push_back(directory / "../../deploy");         // build/release/touchstone
    found.push_back(directory / "../share/touchstone");  // bin/touchstone
  }
  found.emplace_back(TOUCHSTONE_SHARE_DIR);
  return found;
}

}  // namespace

std::optional<fs::path> find_shared(std::string_view name) {
  std::error_code error;
  for (const fs::path& place : places()) {
    if (const fs::path file = place / name; fs::exists(file, error)) return file.lexically_normal();
  }
  return std::nullopt;
}

}  // namespace touchstone
