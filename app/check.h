// `touchstone check`: reads a map or a configuration as `run` would, and says everything that is wrong with
// it.
#pragma once

#include <iosfwd>
#include <string>

namespace touchstone {

/// What checking a file came to.
struct Checked {
  std::string findings;   ///< problems and warnings, a line each, by position; those of a configuration's map follow
  std::string summary;    ///< one line on what the file is; empty if there are problems
  bool is_right = false;  ///< no problems; warnings do no harm
};

/// A file whose top level has one of the keys version, lifecycle, segments, touchpoints is a map, any other a
/// configuration. With a configuration the map that it names is examined too.
[[nodiscard]] Checked examine(const std::string& path);

/// Writes what was found, problems and warnings to `err`, and returns the exit code: 0, or 78 with problems.
[[nodiscard]] int check_file(const std::string& path, std::ostream& out, std::ostream& err);
/// The same on standard output and standard error.
[[nodiscard]] int check_file(const std::string& path);

}  // namespace touchstone
