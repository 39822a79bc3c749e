#include "ingest/range_assignment.h"

#include <algorithm>

namespace touchstone {
namespace {

bool is_uuid(std::string_view text) {
  const auto fits = [at = std::size_t{0}](char c) mutable {
    const bool hyphen = at == 8 || at == 13 || at == 18 || at == 23;
    ++at;
    return hyphen ? c == '-' : (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  };
  return text.size() == 36 && std::all_of(text.begin(), text.end(), fits);
}

}  // namespace

// Ranges as equal as may be, the longer ones first, in the order of the names' bytes.
std::map<std::string, std::vector<Partition>> range_assignment(std::vector<std::string> members,
                                                               std::int32_t partitions) {
  std::sort(members.begin(), members.end());
  std::map<std::string, std::vector<Partition>> given;
  const auto count = static_cast<std::int32_t>(members.size());
  std::int32_t next = 0;
  for (std::int32_t i = 0; i < count; ++i) {
    std::vector<Partition>& mine = given[members[static_cast<std::size_t>(i)]];
    const std::int32_t length = partitions / count + (i < partitions % count ? 1 : 0);
    for (std::int32_t k = 0; k < length; ++k) mine.emplace_back(next++);
  }
  return given;
}

std::string member_name(std::string_view member_id, std::string_view client_id) {
  constexpr std::size_t kSuffix = 37;
  if (member_id.size() <= kSuffix) return std::string(member_id);
  const std::string_view name = member_id.substr(0, member_id.size() - kSuffix);
  const bool made = member_id[name.size()] == '-' && is_uuid(member_id.substr(name.size() + 1));
  return std::string(made && name != client_id ? name : member_id);
}

}  // namespace touchstone
