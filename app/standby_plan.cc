#include "app/standby_plan.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string_view>

#include "ingest/range_assignment.h"

namespace touchstone {
namespace {

/// The instance that a member belongs to; a stranger is one by itself.
std::string instance_of(const std::string& member, const std::string& stage) {
  const std::size_t end = member.find_last_not_of("0123456789");
  const std::string infix = "-" + stage + "-";
  const std::size_t begin = end == std::string::npos ? 0 : end + 1;
  const std::string_view before = std::string_view(member).substr(0, begin);
  if (begin == member.size() || !before.ends_with(infix)) return member;
  return std::string(before.substr(0, before.size() - infix.size()));
}

std::set<Partition> partitions_among(const std::string& instance, const StandbyGroup& group,
                                     const std::vector<std::string>& members) {
  std::set<Partition> found;
  for (const auto& [member, given] : range_assignment(members, group.partitions)) {
    if (instance_of(member, group.stage) == instance) found.insert(given.begin(), given.end());
  }
  return found;
}

/// Adds what the instance is given without each set of up to `lost` of `others` from `first` on; `gone` are already.
void add_losses(const std::string& instance, const StandbyGroup& group, const std::vector<std::string>& others,
                std::size_t first, std::uint32_t lost, std::set<std::string>& gone, std::set<Partition>& found) {
  if (lost == 0) return;
  for (std::size_t i = first; i < others.size(); ++i) {
    gone.insert(others[i]);
    std::vector<std::string> left;
    std::copy_if(group.members.begin(), group.members.end(), std::back_inserter(left),
                 [&](const std::string& member) { return !gone.contains(instance_of(member, group.stage)); });
    found.merge(partitions_among(instance, group, left));
    add_losses(instance, group, others, i + 1, lost - 1, gone, found);
    gone.erase(others[i]);
  }
}

}  // namespace

bool is_member(const std::string& instance, const StandbyGroup& group) {
  return std::any_of(group.members.begin(), group.members.end(),
                     [&](const std::string& member) { return instance_of(member, group.stage) == instance; });
}

std::set<Partition> partitions_of(const std::string& instance, const StandbyGroup& group) {
  return partitions_among(instance, group, group.members);
}

std::set<Partition> standby_partitions(const std::string& instance, std::uint32_t lost, const StandbyGroup& group) {
  std::set<std::string> others;
  for (const std::string& member : group.members) others.insert(instance_of(member, group.stage));
  if (others.erase(instance) == 0) return {};
  std::set<Partition> found;
  std::set<std::string> gone;
  add_losses(instance, group, {others.begin(), others.end()}, 0, lost, gone, found);
  for (const Partition& mine : partitions_of(instance, group)) found.erase(mine);
  return found;
}

}  // namespace touchstone
