#include "engine/model/glob.h"

#include <cstddef>

namespace touchstone {
namespace {

/// The position after the code point that begins at `at`. A byte that no code point begins with counts as
/// one, so that bytes which are not UTF-8 are still walked to their end.
std::size_t after_code_point(std::string_view text, std::size_t at) {
  constexpr std::size_t kLongest = 4;
  std::size_t end = at + 1;
  while (end < text.size() && end < at + kLongest && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
    ++end;
  }
  return end;
}

}  // namespace

// Only the last star seen is ever lengthened: what an earlier star could take in addition, the later one can
// take as well. That is why there is no stack of choices, and no exponential time.
bool glob_matches(std::string_view pattern, std::string_view text) {
  constexpr std::size_t kNone = std::string_view::npos;
  std::size_t at = 0;
  std::size_t wanted = 0;
  std::size_t after_star = kNone;
  std::size_t star_end = 0;  // where the run that the star stands for ends, for now
  while (at < text.size()) {
    if (wanted < pattern.size() && pattern[wanted] == '*') {
      after_star = ++wanted;
      star_end = at;
      if (after_star == pattern.size()) return true;
    } else if (wanted < pattern.size() && pattern[wanted] == '?') {
      at = after_code_point(text, at);
      ++wanted;
    } else if (wanted < pattern.size() && pattern[wanted] == text[at]) {
      ++at;
      ++wanted;
    } else if (after_star != kNone) {
      star_end = after_code_point(text, star_end);
      at = star_end;
      wanted = after_star;
    } else {
      return false;
    }
  }
  while (wanted < pattern.size() && pattern[wanted] == '*') ++wanted;
  return wanted == pattern.size();
}

}  // namespace touchstone
