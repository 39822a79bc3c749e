// The streams of the simulation, each from a seed.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "ingest/sim_broker.h"

namespace touchstone::simulation {

using Random = std::mt19937_64;

[[nodiscard]] std::int64_t between(Random& random, std::int64_t low, std::int64_t high);

/// Records of a small shop: out of order, late, repeated, broken, forgotten.
[[nodiscard]] std::vector<SimRecord> any_stream(Random& random, int count, std::int32_t partitions);

/// Ratings of a page through some hours, which for a while are bad.
[[nodiscard]] std::vector<SimRecord> stream_with_drop(Random& random, int count, std::int32_t partitions);

}  // namespace touchstone::simulation
