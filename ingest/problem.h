// What is wrong with a file that a person wrote, and where: maps and configurations are refused with all of
// these at once, never with the first alone.
//
// These are sentences for the author of a file. For failures at run time see engine/model/result.h.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace touchstone {

/// Where something stands in a text; both count from 1, columns in characters (code points), not in bytes.
struct Position {
  int line = 1;
  int column = 1;
  friend auto operator<=>(const Position&, const Position&) = default;
};

struct Problem {
  std::string file;
  int line = 1;
  int column = 1;
  std::string path;  ///< of keys, e.g. touchpoints[2].match.type; empty: the document as a whole
  std::string message;
};

/// `file:line:column: path: what is wrong`, always one line.
[[nodiscard]] std::string to_string(const Problem& problem);

/// By position; those of one position stay in the order in which they were found.
void sort_by_position(std::vector<Problem>& problems);

/// Collects the problems of one file.
class Problems {
 public:
  explicit Problems(std::string file) : file_(std::move(file)) {}

  void add(Position at, std::string path, std::string message) {
    list_.push_back({file_, at.line, at.column, std::move(path), std::move(message)});
  }
  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] bool empty() const { return list_.empty(); }
  /// All of them, sorted; none are left behind.
  [[nodiscard]] std::vector<Problem> take();

 private:
  std::string file_;
  std::vector<Problem> list_;
};

/// The text in double quotes, on one line, cut off when long: fit to stand in a message.
[[nodiscard]] std::string in_quotes(std::string_view text);

/// A number as a person would write it.
[[nodiscard]] std::string written(double number);

/// A key below a path: `path.key`, or `path["odd key"]`.
[[nodiscard]] std::string path_of_key(const std::string& path, std::string_view key);

/// `; did you mean "channel"?` for the known word nearest to a misspelt one, or nothing if none is near.
[[nodiscard]] std::string suggestion(std::string_view misspelt, std::span<const std::string_view> known);

}  // namespace touchstone
