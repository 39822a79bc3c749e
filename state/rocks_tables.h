// Tables on disk: one RocksDB database for the process, in one directory that nobody else may use meanwhile.
//
// What is kept here is a copy. The changelogs are the durable truth, so writes go to the write-ahead log but
// are not forced to disk: a killed process loses nothing, a machine that loses power may lose the last
// batches, whole ones from the end, and the offsets inside each batch say where the changelog has to fill in.
//
//   database  = format, [remains], *clearing, *entry
//   format    = 0x00 "format"                -> "touchstone-tables 1"
//   remains   = 0x00 "remains"               -> since when customers' keys were deleted that the files may still
//                                               hold, in ms since 1970, as digits; "": they hold none (purge)
//   clearing  = 0x00 "clearing/" prefix      -> ""            a clear() that has begun and not ended
//   entry     = prefix key                   -> value
//   prefix    = stage:u8 topic_length:u16 topic partition:u32  (big-endian; stage > 0)
//
// No prefix is the beginning of another, so tasks never see each other's keys, and a task's entries lie
// together in the order of their keys' bytes.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/flow/ports.h"
#include "engine/model/result.h"

namespace rocksdb {
class DB;
class WriteBatch;
}  // namespace rocksdb

namespace touchstone {

struct RocksTablesOptions {
  /// Bytes that must stay free on the volume; below that, apply and open are refused with kRetry. RocksDB
  /// writes more than it is given (flushes and compactions, up to about this much at a time with our
  /// settings), and on a full disk Debian's build of it may end the process.
  std::uint64_t free_space_reserve = std::uint64_t{256} << 20;
  /// Blocks read are kept up to this size. Little is needed: the engine reads by scanning, at restore.
  std::size_t block_cache_bytes = std::size_t{16} << 20;
  /// False only for tests that look for bytes in the files.
  bool compress = true;
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

  using SystemTime = std::chrono::system_clock::time_point;
  /// Since when the files may hold what was deleted of customers (keys of the journey stage); nothing: they do not.
  [[nodiscard]] std::optional<SystemTime> remains_since() const;
  /// Rewrites the files until no byte of what was deleted before this call is in any of them; values that were written
  /// over go too. Does nothing where nothing remains. Takes as long as copying the directory, in a thread of its own
  /// and beside everything else. kRetry: cancelled, or the disk is nearly full; what remains then still does.
  Result<void> purge(std::atomic<bool>& cancel);

 private:
  RocksTables(std::string directory, RocksTablesOptions options, std::unique_ptr<rocksdb::DB> database);

  Result<void> check_format();
  Result<void> finish_interrupted_clears();
  Result<void> delete_entries(const std::string& prefix);
  Result<void> read_remains();
  Result<void> write_leaving_remains(rocksdb::WriteBatch batch);

  const std::string directory_;
  const RocksTablesOptions options_;
  const std::unique_ptr<rocksdb::DB> database_;
  mutable std::mutex remains_mutex_;  ///< held while a batch that leaves remains is written
  std::optional<SystemTime> remains_since_;
};

}  // namespace touchstone
