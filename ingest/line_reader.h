// Reads a file of lines, or standard input, plain or compressed with gzip. It knows lines and nothing of what
// stands in them.
//
// Nothing is dropped silently: a file that cannot be read, or a gzip stream that is cut short or damaged, is
// an error, after the whole lines before it were delivered.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/model/result.h"

namespace touchstone {

/// Of a longer line only so many bytes are delivered: it is no record anyway, and a file may have no line feed at all.
/// More than is kept of a dead letter, which says then that it is cut.
inline constexpr std::size_t kLongestLine = std::size_t{16} << 20;

/// One thread owns it. Holds a block of the file at a time, and a line.
class LineReader {
 public:
  /// Opens `path`; `-` is standard input. Gzip is recognised by its first bytes, whatever the name says, and
  /// may consist of several members one after the other. kFatal: the file cannot be opened or read.
  [[nodiscard]] static Result<std::unique_ptr<LineReader>> open(const std::string& path);

  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;
  ~LineReader();

  /// The next line without its line feed (a carriage return stays), valid until the next call; nothing at the
  /// end. A last line without a line feed counts, a final line feed makes no empty line. kFatal: the rest
  /// cannot be read; every later call says so again.
  [[nodiscard]] Result<std::optional<std::string_view>> next();

  /// The last part of the path; `stdin` for `-`.
  [[nodiscard]] const std::string& base_name() const { return base_name_; }

 private:
  class Source;
  LineReader(std::string base_name, std::unique_ptr<Source> source);
  void append(std::string_view part);

  std::string base_name_;
  std::unique_ptr<Source> source_;
  std::string_view block_;  ///< of the source's current block, what was not yet delivered
  std::string line_;        ///< a line that spans blocks
};

}  // namespace touchstone
