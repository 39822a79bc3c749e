// Files of a test, and problems as one text to compare.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "ingest/problem.h"

namespace touchstone {

inline std::string joined(const std::vector<Problem>& problems) {
  std::string lines;
  for (const Problem& problem : problems) lines += to_string(problem) + "\n";
  return lines;
}

/// A directory of its own for a test's files, gone afterwards.
class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "touchstone-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  ~Scratch() { std::filesystem::remove_all(directory_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  void write(const std::string& name, std::string_view text) const {
    std::ofstream(directory_ / name, std::ios::binary) << text;
  }
  /// The path of a file that is written.
  [[nodiscard]] std::string written(const std::string& name, std::string_view text) const {
    write(name, text);
    return (directory_ / name).string();
  }

 private:
  std::filesystem::path directory_;
};

}  // namespace touchstone
