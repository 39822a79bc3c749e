// Which partitions an instance should have a copy of, so that it need not restore them when others go away.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "engine/flow/ports.h"

namespace touchstone {

/// One stage as its group has it.
struct StandbyGroup {
  /// The names of all members now: `<instance>-<stage>-<number>` for each worker.
  std::vector<std::string> members;
  std::string stage;  ///< as in those names
  std::int32_t partitions = 0;
};

[[nodiscard]] bool is_member(const std::string& instance, const StandbyGroup& group);

/// The partitions that the workers of `instance` have, by Kafka's `range`.
[[nodiscard]] std::set<Partition> partitions_of(const std::string& instance, const StandbyGroup& group);

/// Those that they do not have, and would be given if up to `lost` of the other instances went away at once: whoever
/// takes over the partitions of such a loss is then known to have a copy. Nothing for an instance that has no member in
/// the group. Looks at every set of so many instances: some thousands of a hundred, with `lost` at its most, 2.
[[nodiscard]] std::set<Partition> standby_partitions(const std::string& instance, std::uint32_t lost,
                                                     const StandbyGroup& group);

}  // namespace touchstone
