#include "engine/model/touchpoint_map.h"

#include <algorithm>

namespace touchstone {

bool is_valid_id(std::string_view id) {
  constexpr std::size_t kLongest = 64;
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const auto inner = [&](char c) { return plain(c) || c == '.' || c == '_' || c == '-'; };
  return !id.empty() && id.size() <= kLongest && plain(id.front()) && std::all_of(id.begin(), id.end(), inner);
}

}  // namespace touchstone
