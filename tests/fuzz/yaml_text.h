// Writes YAML in its flow style, and asks of problems what holds of each: for targets that read files of people.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/model/touchpoint_map.h"
#include "ingest/problem.h"
#include "tests/fuzz/fuzz.h"

namespace touchstone::fuzz {

/// Values one after the other; commas are put where they belong. Texts are always quoted.
class YamlText {
 public:
  YamlText& begin(char bracket) {
    separate();
    out_ += bracket;
    fresh_ = true;
    return *this;
  }
  YamlText& end(char bracket) {
    out_ += bracket;
    fresh_ = false;
    return *this;
  }
  YamlText& key(std::string_view name) {
    separate();
    fresh_ = true;
    // What is longer than 1,024 characters is a key only where it is said to be one.
    if (name.size() > kLongestPlainKey) out_ += "? ";
    text(name);
    out_ += name.size() > kLongestPlainKey ? " : " : ": ";
    fresh_ = true;
    return *this;
  }
  YamlText& text(std::string_view value) {
    static constexpr std::string_view kHex = "0123456789ABCDEF";
    separate();
    out_ += '"';
    for (const char c : value) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        out_ += '\\';
        out_ += c;
      } else if (byte < 0x20 || byte == 0x7F) {
        out_ += "\\x";
        out_ += kHex[byte >> 4];
        out_ += kHex[byte & 0x0F];
      } else {
        out_ += c;
      }
    }
    out_ += '"';
    return *this;
  }
  YamlText& whole(std::int64_t value) { return plain(std::to_string(value)); }
  YamlText& flag(bool value) { return plain(value ? "true" : "false"); }
  YamlText& duration(Millis value) { return plain(std::to_string(value.count()) + "ms"); }
  YamlText& number(double value) {
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.begin(), digits.end(), value, std::chars_format::scientific);
    return plain({digits.begin(), end.ptr});
  }
  YamlText& scalar(const OwnedScalar& value) {
    if (const auto* said = std::get_if<std::string>(&value)) return text(*said);
    if (const auto* yes = std::get_if<bool>(&value)) return flag(*yes);
    if (const auto* number_of_things = std::get_if<std::int64_t>(&value)) return whole(*number_of_things);
    return number(std::get<double>(value));
  }
  [[nodiscard]] std::string take() { return std::move(out_) + "\n"; }

 private:
  static constexpr std::size_t kLongestPlainKey = 256;

  YamlText& plain(std::string_view value) {
    separate();
    out_ += value;
    return *this;
  }
  void separate() {
    if (!fresh_) out_ += ", ";
    fresh_ = false;
  }

  std::string out_;
  bool fresh_ = true;  ///< nothing stands before the next value that a comma would part it from
};

/// Each problem stands at a line of the text, says something, and is one line itself.
inline void require_places(const std::vector<Problem>& problems, std::string_view text) {
  const auto lines = 1 + std::count(text.begin(), text.end(), '\n');
  for (const Problem& problem : problems) {
    require(problem.line >= 1 && problem.line <= lines && problem.column >= 1);
    require(!problem.message.empty());
    require(to_string(problem).find('\n') == std::string::npos);
  }
}

}  // namespace touchstone::fuzz
