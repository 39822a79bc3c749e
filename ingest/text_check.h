// A text file as lines of characters: which of its bytes no text has, and where a byte stands for a person.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/problem.h"

namespace touchstone {

struct UnfitByte {
  std::size_t at;
  std::string what;
};

/// The first byte that is not part of UTF-8, or is a control character other than tab and line ends; nothing
/// if the text is fit to be parsed. (yaml-cpp takes 0x04 for the end of the file, and would drop what
/// follows.)
[[nodiscard]] std::optional<UnfitByte> first_unfit_byte(std::string_view text);

/// Turns byte offsets into positions. Borrows the text; for one thread, because it remembers where it counted
/// last: asked for offsets in their order, it walks over the text once, however long the lines are.
class TextLines {
 public:
  explicit TextLines(std::string_view text);

  /// From a line and a byte within it, both from 0; beyond the text, its end.
  [[nodiscard]] Position position(int line, int byte) const;
  [[nodiscard]] Position position_of(std::size_t offset) const;

 private:
  std::string_view text_;
  std::vector<std::size_t> starts_;
  mutable std::size_t counted_to_ = 0;  ///< an offset whose column is known
  mutable int column_there_ = 1;
};

}  // namespace touchstone
