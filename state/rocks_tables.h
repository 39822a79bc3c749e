// Tables on disk: one RocksDB database for the process, in one directory that nobody else may use meanwhile.
//
// What is kept here is a copy. The changelogs are the durable truth, so writes go to the write-ahead log but
// are not forced to disk: a killed process loses nothing, a machine that loses power may lose the last
// batches, whole ones from the end, and the offsets inside each batch say where the changelog has to fill in.
//
//   database  = format, *clearing, *entry
//   format    = 0x00 "format"                -> "touchstone-tables 1"
//   clearing  = 0x00 "clearing/" prefix      -> ""            a clear() that has begun and not ended
//   entry     = prefix key                   -> value
//   prefix    = stage:u8 topic_length:u16 topic partition:u32  (big-endian; stage > 0)
//
// No prefix is the beginning of another, so tasks never see each other's keys, and a task's entries lie
// together in the order of their keys' bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/flow/ports.h"
#include "engine/model/result.h"

namespace rocksdb {
class DB;
}

namespace touchstone {

struct RocksTablesOptions {
  /// Bytes that must stay free on the volume; below that, apply and open are refused with kRetry. RocksDB
  /// writes more than it is given (flushes and compactions, up to about this much at a time with our
  /// settings), and on a full disk Debian's build of it may end the process.
  std::uint64_t free_space_reserve = std::uint64_t{256} << 20;
  /// Blocks read are kept up to this size. Little is needed: the engine reads by scanning, at restore.
  std::size_t block_cache_bytes = std::size_t{16} << 20;
};

/// Thread-safe as the port demands. Errors: kRetry where the disk is nearly full; everything else is kFatal,
/// with a sentence that says what to do. No exception leaves; one thrown by a visitor becomes kFatal.
class RocksTables : public Tables {
 public:
  /// Opens the database in `directory`, making both if need be (the directory with mode 0700). kRetry:
  /// another process holds it, or the disk is nearly full. kFatal: damaged, of an unknown format, or not
  /// accessible.
  static Result<std::unique_ptr<RocksTables>> open(const std::string& directory, RocksTablesOptions options = {});
  ~RocksTables() override;

  Result<void> apply(std::vector<TaskChanges> changes) override;
  /// Shows the task as it was when the call began; the visitor may call these tables.
  Result<void> scan(const TaskId& task,
                    const std::function<void(std::string_view key, std::string_view value)>& visit) override;
  /// Not in one step, but never half: what a crash interrupts, the next open() finishes.
  Result<void> clear(const TaskId& task) override;
  /// Bytes of the files in the directory; walks it, so ask once a scrape and not once an event.
  std::uint64_t size_bytes() override;

 private:
  RocksTables(std::string directory, RocksTablesOptions options, std::unique_ptr<rocksdb::DB> database);

  Result<void> check_format();
  Result<void> finish_interrupted_clears();
  Result<void> delete_entries(const std::string& prefix);

  const std::string directory_;
  const RocksTablesOptions options_;
  const std::unique_ptr<rocksdb::DB> database_;
};

}  // namespace touchstone
