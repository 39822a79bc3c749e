#include "ingest/range_assignment.h"

#include <algorithm>

namespace touchstone {

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

}  // namespace touchstone
