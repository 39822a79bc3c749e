// Where a record stands in a log.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/model/strong.h"

namespace touchstone {

using Partition = Strong<struct PartitionTag, std::int32_t>;
/// A position in a partition. Committed and restored positions are always that of the *next* record.
using Offset = Strong<struct OffsetTag, std::int64_t>;

/// The record an output goes back to: always the original one, also behind an intake. Borrows the topic.
struct Source {
  std::string_view topic;
  Partition partition;
  Offset offset;
};

}  // namespace touchstone
