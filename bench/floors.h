// The floors under every program that reads Kafka, with the same calls as the engine:
//
//   drain   reads and counts: nothing that reads Kafka can be cheaper
//   decode  drains, and decodes each event: nothing that understands events can be cheaper
//   copy    decodes, and writes one record of the size of an attributed event for each, in transactions with the offsets
//           read: nothing that answers each event exactly once can be cheaper
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "bench/measure.h"
#include "engine/model/result.h"

namespace touchstone::bench {

enum class Floor : std::uint8_t { kDrain, kDecode, kCopy };

struct FloorOptions {
  Floor floor = Floor::kDrain;
  std::string brokers;
  std::string topic;
  std::string out;                     ///< topic of the copies, with as many partitions as `topic`
  std::size_t bytes = 330;             ///< of a copy
  std::uint32_t transaction_ms = 100;  ///< from one commit to the next
};

/// Once through the topic, from its beginning to its end as found. Offsets are committed under a group of its own.
[[nodiscard]] Result<Figure> measure_floor(const FloorOptions& options);

}  // namespace touchstone::bench
