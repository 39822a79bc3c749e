// How what was deleted leaves the files of RocksTables.
#include <charconv>
#include <utility>

#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>

#include "state/rocks_errors.h"
#include "state/rocks_tables.h"

namespace touchstone {
namespace {

const std::string kRemainsKey = std::string(1, '\0') + "remains";

rocksdb::CompactRangeOptions purge_options(std::atomic<bool>& cancel) {
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;  // the others go on
  options.change_level = false;
  // A deletion can be moved to the lowest level without being rewritten, and would stay there.
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  options.allow_write_stall = false;
  options.max_subcompactions = 1;
  options.canceled = &cancel;
  return options;
}

}  // namespace

Result<void> RocksTables::read_remains() {
  std::string digits;
  const rocksdb::Status status = database_->Get(rocksdb::ReadOptions(), kRemainsKey, &digits);
  if (status.IsNotFound()) return {};
  TOUCHSTONE_TRY(checked(status));
  if (digits.empty()) return {};
  std::int64_t millis = 0;  // where it cannot be read, that was long ago
  std::from_chars(digits.data(), digits.data() + digits.size(), millis);
  remains_since_ = SystemTime(std::chrono::milliseconds(millis));
  return {};
}

// The note goes into the same batch, so that it outlives the process as surely as what it is about.
Result<void> RocksTables::write_leaving_remains(rocksdb::WriteBatch& batch) {
  using namespace std::chrono;
  const std::lock_guard lock(remains_mutex_);
  const SystemTime now = options_.wall_clock();
  if (!remains_since_) {
    batch.Put(kRemainsKey, std::to_string(duration_cast<milliseconds>(now.time_since_epoch()).count()));
  }
  TOUCHSTONE_TRY(write(batch));
  if (!remains_since_) remains_since_ = now;
  return {};
}

std::optional<RocksTables::SystemTime> RocksTables::remains_since() const {
  const std::lock_guard lock(remains_mutex_);
  return remains_since_;
}

Result<void> RocksTables::purge(std::atomic<bool>& cancel) {
  std::optional<SystemTime> since;
  {
    const std::lock_guard lock(remains_mutex_);
    since = std::exchange(remains_since_, std::nullopt);  // what is deleted from now on is not ours
  }
  if (!since) return {};
  const auto rewrite = [&]() -> Result<void> {
    TOUCHSTONE_TRY(check_free_space(directory_, free_bytes(), options_.min_free_bytes, 0));
    const rocksdb::Status status = database_->CompactRange(purge_options(cancel), nullptr, nullptr);
    if (status.IsIncomplete())
      return Error(ErrorKind::kRetry, "rewriting the state in " + directory_ + " was cancelled");
    return checked(status);
  };
  Result<void> done = without_exceptions(directory_, rewrite);
  {
    const std::lock_guard lock(remains_mutex_);
    if (done && !remains_since_) {
      rocksdb::WriteBatch gone;
      gone.Put(kRemainsKey, "");
      done = write(gone);
    }
    if (!done) {
      remains_since_ = since;
      return done;
    }
  }
  // The file of files was written anew before the last change, with the keys of the files that this change took away;
  // the next change, such as this one, is that file's last.
  return checked(database_->Flush(rocksdb::FlushOptions()));
}

}  // namespace touchstone
