#include "ingest/text_check.h"

#include <algorithm>
#include <cstdint>

namespace touchstone {
namespace {

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

/// The length of the well-formed sequence at the front, or 0: no overlong forms, no surrogates, not beyond
/// U+10FFFF.
std::size_t sequence_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80U) return 1;
  const std::size_t length = lead >= 0xF0U ? 4 : lead >= 0xE0U ? 3 : 2;
  if (lead < 0xC2U || lead > 0xF4U || text.size() < length) return 0;
  if (!std::all_of(text.begin() + 1, text.begin() + static_cast<std::ptrdiff_t>(length), is_continuation)) return 0;
  const auto second = static_cast<unsigned char>(text[1]);
  const bool is_wrong = (lead == 0xE0U && second < 0xA0U) || (lead == 0xEDU && second >= 0xA0U) ||
                        (lead == 0xF0U && second < 0x90U) || (lead == 0xF4U && second >= 0x90U);
  return is_wrong ? 0 : length;
}

}  // namespace

std::optional<UnfitByte> first_unfit_byte(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if ((byte < 0x20U && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7FU) {
      return UnfitByte{at, "a control character, which no text has"};
    }
    const std::size_t length = sequence_length(text.substr(at));
    if (length == 0) return UnfitByte{at, "the file is not UTF-8"};
    at += length;
  }
  return std::nullopt;
}

TextLines::TextLines(std::string_view text) : text_(text), starts_{0} {
  for (std::size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) {
    if (at + 1 < text.size()) starts_.push_back(at + 1);
  }
}

Position TextLines::position(int line, int byte) const {
  if (line < 0 || byte < 0) return {};
  const std::size_t end = text_.size() - (text_.ends_with('\n') ? 1 : 0);
  if (static_cast<std::size_t>(line) >= starts_.size()) return position_of(end);
  return position_of(std::min(starts_[static_cast<std::size_t>(line)] + static_cast<std::size_t>(byte), end));
}

Position TextLines::position_of(std::size_t offset) const {
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), offset);
  const std::size_t start = *(after - 1);
  if (counted_to_ < start || counted_to_ > offset) {
    counted_to_ = start;
    column_there_ = 1;
  }
  const std::string_view passed = text_.substr(counted_to_, offset - counted_to_);
  column_there_ +=
      static_cast<int>(std::count_if(passed.begin(), passed.end(), [](char c) { return !is_continuation(c); }));
  counted_to_ = offset;
  return {static_cast<int>(after - starts_.begin()), column_there_};
}

}  // namespace touchstone
