// What the state of many customers costs the journey stage: how long a shard stands still for it, and how quickly it
// comes back. The worker is the real one, on the simulated log and RocksDB.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "engine/model/result.h"

namespace touchstone::bench {

struct StateOptions {
  std::string map;                         ///< the touchpoint map's file
  std::uint32_t customers = 1'000'000;     ///< of one partition, and so of one thread
  std::uint32_t rounds = 2;                ///< events of each customer; all of them change once a round
  std::uint32_t events_a_second = 20'000;  ///< decides how many come between two commits
  std::uint32_t slices = 256;
};

/// Prints what was measured, in ms of the thread's CPU time and of the wall clock.
[[nodiscard]] Result<void> measure_state(const StateOptions& options, std::ostream& out);

}  // namespace touchstone::bench
