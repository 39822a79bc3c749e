#include "ingest/problem.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <tuple>
#include <utility>

namespace touchstone {
namespace {

constexpr std::size_t kLongestQuote = 60;  // bytes, of a text repeated in a message
constexpr std::size_t kLongestWord = 64;   // beyond it nobody means a key

/// How many insertions, deletions, replacements and swaps of neighbours lie between two words.
std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::array<std::array<std::size_t, kLongestWord + 1>, 3> rows{};
  for (std::size_t j = 0; j <= to.size(); ++j) rows[0][j] = j;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    auto& row = rows[i % 3];
    const auto& above = rows[(i - 1) % 3];
    row[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t replaced = above[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, above[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1]) {
        row[j] = std::min(row[j], rows[(i - 2) % 3][j - 2] + 1);
      }
    }
  }
  return rows[from.size() % 3][to.size()];
}

}  // namespace

std::string to_string(const Problem& problem) {
  return problem.file + ":" + std::to_string(problem.line) + ":" + std::to_string(problem.column) + ": " +
         (problem.path.empty() ? "(document)" : problem.path) + ": " + problem.message;
}

void sort_by_position(std::vector<Problem>& problems) {
  std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
}

std::vector<Problem> Problems::take() {
  sort_by_position(list_);
  return std::exchange(list_, {});
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  const bool is_long = text.size() > kLongestQuote;
  if (is_long) {
    std::size_t end = kLongestQuote;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    text = text.substr(0, end);
  }
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20U || c == '\x7f') {
      out += ' ';
    } else {
      out += c;
    }
  }
  return out + (is_long ? "…\"" : "\"");
}

std::string written(double number) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  return {buffer.data(), end};
}

std::string path_of_key(const std::string& path, std::string_view key) {
  const bool is_plain = !key.empty() && key.size() <= kLongestWord && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  });
  if (!is_plain) return path + "[" + in_quotes(key) + "]";
  return path.empty() ? std::string(key) : path + "." + std::string(key);
}

std::string suggestion(std::string_view misspelt, std::span<const std::string_view> known) {
  if (misspelt.size() > kLongestWord) return {};
  std::string_view nearest;
  std::size_t nearest_distance = std::max<std::size_t>(1, misspelt.size() / 3) + 1;
  for (const std::string_view word : known) {
    if (word.size() > kLongestWord) continue;
    const std::size_t distance = edit_distance(misspelt, word);
    if (distance >= nearest_distance) continue;
    nearest = word;
    nearest_distance = distance;
  }
  return nearest.empty() ? std::string() : "; did you mean " + in_quotes(nearest) + "?";
}

}  // namespace touchstone
