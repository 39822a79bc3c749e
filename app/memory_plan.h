// How the memory of a process is shared out: from the most that it may use to the bound of each queue, buffer and
// cache. What is left is for the state: customers, windows and rows.
//
// The shares are bounds, not reservations, and nothing here looks at what is used: memory_watch.h does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "ingest/kafka_options.h"

namespace touchstone {

/// What of the configuration decides how many queues there are.
struct MemoryUsers {
  std::uint32_t workers = 2;  ///< of all stages; each has a consumer, a producer and a reader for restores
  bool rows = true;           ///< rows and alerts are read back and streamed (`http.rows`)
  friend bool operator==(const MemoryUsers&, const MemoryUsers&) = default;
};

/// In bytes.
struct MemoryPlan {
  std::uint64_t limit = 0;
  KafkaQueues queues;
  std::size_t staged = 0;     ///< of the records in one transaction
  std::size_t databases = 0;  ///< blocks and write buffers of all RocksDB databases together
  std::size_t unread = 0;     ///< HTTP answers that were not read yet, all together
  std::size_t stream = 0;     ///< waiting for one subscriber of the stream
  std::uint64_t state = 0;    ///< what is left
};

/// The smallest limit that can be shared out.
[[nodiscard]] std::uint64_t least_memory(const MemoryUsers& users);

/// Nothing: the limit is below least_memory().
[[nodiscard]] std::optional<MemoryPlan> plan_memory(std::uint64_t limit, const MemoryUsers& users);

/// The limit where the configuration names none.
struct MemoryFound {
  std::uint64_t bytes = 0;
  bool of_cgroup = false;  ///< else three quarters of the machine's memory
};
/// The lowest limit of the process's control group and of those above it, in version 2 or 1, if it is below the
/// machine's memory. `root` is put before each path, for tests. Nothing: the system says nothing of its memory.
[[nodiscard]] std::optional<MemoryFound> find_memory_limit(const std::string& root = {});

/// In whole MiB, for people: `512MiB`.
[[nodiscard]] std::string in_mebibytes(std::uint64_t bytes);

}  // namespace touchstone
