// What all databases of a process share of its memory: one cache, which also counts what was written and is not yet in
// a file.
#pragma once

#include <cstddef>
#include <memory>

namespace rocksdb {
class Cache;
class WriteBufferManager;
}  // namespace rocksdb

namespace touchstone {

/// Thread-safe; a copy shares the same memory.
struct RocksMemory {
  std::shared_ptr<rocksdb::Cache> cache;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers;
};

/// `bytes` for blocks read and for write buffers together; half of it at most is for the latter. When they come near to
/// that half the oldest is written to its file, so that it is exceeded only by what is just being written.
[[nodiscard]] RocksMemory rocks_memory(std::size_t bytes);

/// Enough for one database where nobody says how much there is.
inline constexpr std::size_t kRocksBytes = std::size_t{96} << 20;

}  // namespace touchstone
