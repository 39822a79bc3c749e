// How Kafka's `range` assignor gives the partitions of a topic to the members of a group: a function of their names
// alone, so that everybody can tell who has what, and who would have it if some were gone.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/flow/ports.h"

namespace touchstone {

/// `members`: the group.instance.id of each, or its member id if it has none; in any order, all of them subscribed to
/// the topic. What each is given, in order. As in librdkafka and in Kafka's Java client, where no racks are told
/// (`client.rack`).
[[nodiscard]] std::map<std::string, std::vector<Partition>> range_assignment(std::vector<std::string> members,
                                                                             std::int32_t partitions);

/// The name of a member by its id, as the group's coordinator makes it (Kafka's GroupMetadata.generateMemberId, since
/// 2.4): the group.instance.id, or the client.id of a member without one, a hyphen and a UUID.
[[nodiscard]] std::string member_name(std::string_view member_id, std::string_view client_id);

}  // namespace touchstone
