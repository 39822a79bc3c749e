// Whether the process may take on more state: its resident memory against the limit.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>

#include "engine/flow/ports.h"
#include "engine/model/result.h"

namespace touchstone {

/// The process's resident memory in bytes, as the system counts it; 0 where it does not say.
[[nodiscard]] std::uint64_t resident_memory();

/// Gives what was freed back to the system, which the allocator would keep for later.
void return_free_memory();

/// Thread-safe.
class MemoryWatch {
 public:
  struct Sources {
    std::function<std::uint64_t()> resident = resident_memory;
    std::function<void()> give_back = return_free_memory;
  };
  /// Borrows the clock.
  MemoryWatch(std::uint64_t limit, Clock& clock) : MemoryWatch(limit, clock, Sources{}) {}
  MemoryWatch(std::uint64_t limit, Clock& clock, Sources sources);

  /// kRetry, with the figures, from 90 % of the limit on until it is below 80 %. What is freed and not given back does
  /// not count: it is given back first. Costs some microseconds.
  [[nodiscard]] Result<void> room();

 private:
  const std::uint64_t limit_;
  Clock& clock_;
  const Sources sources_;
  std::mutex mutex_;
  bool full_ = false;
  std::chrono::microseconds next_give_back_{};
};

}  // namespace touchstone
