// Tables on disk: one RocksDB database for the process, in one directory that nobody else may use meanwhile.
//
// What is kept here is a copy. The changelogs are the durable truth, so writes go to the write-ahead log but
// are not forced to disk: a killed process loses nothing, a machine that loses power may lose the last
// batches, whole ones from the end, and the offsets inside each batch say where the changelog has to fill in.
//
//   database  = batch, *clearing, format, *caught_up, [remains], *entry
//   batch     = 0x00 "batch"                 -> number:u64    of the last batch (rocks_batches.h)
//   clearing  = 0x00 "clearing/" prefix      -> ""            a clear() that has begun and not ended
//   format    = 0x00 "format"                -> "touchstone-tables 1"
//   caught_up = 0x00 "caught up/" prefix     -> ms:u64        since 1970; the task's last TaskChanges::as_of
//   remains   = 0x00 "remains"               -> since when customers' keys were deleted that the files may still
//                                               hold, in ms since 1970, as digits; "": they hold none (purge)
//   entry     = prefix key                   -> value
//   prefix    = stage:u8 topic_length:u16 topic partition:u32  (big-endian; stage > 0)
//
// As everything can be restored from the changelogs, a database that is damaged, or misses anything, is emptied when it
// is opened. And a task whose copy is older than the changelog keeps deletions is forgotten: a customer whose deletion
// was compacted away meanwhile would come back (copy_age.h). That age is by the machine's clock. We take it that the
// clock is not behind the time of the last commit by more than the tenth of that span which is left out.
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
#include "state/rocks_directory.h"
#include "state/rocks_memory.h"

namespace rocksdb {
class DB;
class Status;
class WriteBatch;
}  // namespace rocksdb

namespace touchstone {

class BatchWatch;

struct RocksTablesOptions {
  /// Bytes that should stay free on the volume; below that, room() says so, and open is refused with kRetry. RocksDB
  /// writes more than it is given (flushes and compactions, up to about 256 MiB at a time with our settings), and on a
  /// full disk Debian's build of it may end the process. Half of it is for what is under way: below that, apply is
  /// refused with kRetry.
  std::uint64_t min_free_bytes = std::uint64_t{512} << 20;
  /// How long the changelogs keep deletions; 0: for ever.
  Millis deletions_kept{0};
  /// Told of what was done about damage or age, one sentence each. From any thread that calls.
  std::function<void(const std::string&)> report;
  /// The bytes that are free; other ones only in tests.
  std::function<std::uint64_t(const std::string& directory)> free_bytes = free_bytes_at;
  /// The time of day; likewise.
  std::function<std::chrono::system_clock::time_point()> wall_clock = std::chrono::system_clock::now;
  /// Shared with the other databases of the process; nothing: kRocksBytes of its own. Little is needed for blocks that
  /// were read: the engine reads by scanning, at restore.
  std::optional<RocksMemory> memory{};
  /// False only for tests that look for bytes in the files.
  bool compress = true;
};

/// Thread-safe as the port demands. Errors: kRetry where the disk is full or nearly so. kReject where the database is
/// damaged, or the disk cannot be used any more: then nothing of it may be relied on, damaged() is true, and everybody
/// who uses it must let go of it; wipe() and open() begin it anew. kFatal for what only a person can mend. No exception
/// leaves; one thrown by a visitor becomes kFatal.
class RocksTables : public Tables {
 public:
  /// Opens the database in `directory`, making both if need be (the directory with mode 0700). One that is damaged or
  /// incomplete is emptied first, and `report` told. kRetry: another process holds it, or the disk is nearly full.
  /// kFatal: of an unknown format, somebody else's, or not accessible.
  static Result<std::unique_ptr<RocksTables>> open(const std::string& directory, RocksTablesOptions options = {});
  ~RocksTables() override;

  /// Whether so much is free that open() does not refuse for it.
  [[nodiscard]] static bool has_room(const std::string& directory, const RocksTablesOptions& options);

  /// Removes a database that nobody has open, and no other files. kRetry: somebody has.
  static Result<void> wipe(const std::string& directory);

  Result<void> apply(std::vector<TaskChanges> changes) override;
  /// Shows the task as it was when the call began; the visitor may call these tables. A copy that is too old is
  /// cleared first.
  Result<void> scan(const TaskId& task, const Visit& visit) override;
  /// Likewise.
  Result<std::optional<TableChange>> first(const TaskId& task) override;
  /// Not in one step, but never half: what a crash interrupts, the next open() finishes.
  Result<void> clear(const TaskId& task) override;
  [[nodiscard]] TablesTime now() override { return options_.wall_clock(); }
  /// Bytes of the files in the directory; walks it, so ask once a scrape and not once an event.
  std::uint64_t size_bytes() override;
  /// kRetry from the moment at which less than `min_free_bytes` are free until there is a quarter more than that.
  Result<void> room() override;

  /// Bytes free on the volume of the directory.
  [[nodiscard]] std::uint64_t free_bytes() const;
  [[nodiscard]] bool damaged() const { return damaged_; }

  using SystemTime = std::chrono::system_clock::time_point;
  /// Since when the files may hold what was deleted of customers (keys of the journey stage); nothing: they do not.
  [[nodiscard]] std::optional<SystemTime> remains_since() const;
  /// Rewrites the files until no byte of what was deleted before this call is in any of them; values that were written
  /// over go too. Does nothing where nothing remains. Takes as long as copying the directory, in a thread of its own
  /// and beside everything else. kRetry: cancelled, or the disk is nearly full; what remains then still does.
  Result<void> purge(std::atomic<bool>& cancel);

 private:
  RocksTables(std::string directory, RocksTablesOptions options, std::unique_ptr<BatchWatch> watch,
              std::unique_ptr<rocksdb::DB> database);

  static Result<std::unique_ptr<RocksTables>> open_whole(const std::string& directory,
                                                         const RocksTablesOptions& options);
  Result<void> check_format();
  Result<void> finish_interrupted_clears();
  Result<void> delete_entries(const std::string& prefix);
  Result<void> forget_if_old(const TaskId& task, const std::string& prefix);
  Result<void> write(rocksdb::WriteBatch& batch);
  Result<void> checked(const rocksdb::Status& status);
  Result<void> read_remains();
  Result<void> write_leaving_remains(rocksdb::WriteBatch& batch);

  const std::string directory_;
  const RocksTablesOptions options_;
  const std::unique_ptr<BatchWatch> watch_;
  const std::unique_ptr<rocksdb::DB> database_;
  std::atomic<bool> damaged_{false};
  std::atomic<bool> full_{false};
  std::mutex writing_;                // batches reach the log in the order of their numbers
  std::uint64_t batches_ = 0;         // the number of the last one
  mutable std::mutex remains_mutex_;  ///< held while a batch that leaves remains is written
  std::optional<SystemTime> remains_since_;
};

}  // namespace touchstone
