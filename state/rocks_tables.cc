#include "state/rocks_tables.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <filesystem>
#include <limits>
#include <optional>
#include <system_error>
#include <utility>

#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>

#include "engine/wire/records.h"
#include "state/copy_age.h"
#include "state/rocks_batches.h"
#include "state/rocks_directory.h"
#include "state/rocks_errors.h"
#include "state/rocks_options.h"

namespace touchstone {
namespace {

using namespace std::string_literals;

const std::string kFormatKey = "\0format"s;
const std::string kFormat = "touchstone-tables 1";
const std::string kClearingPrefix = "\0clearing/"s;
const std::string kAsOfPrefix = "\0caught up/"s;
constexpr std::size_t kDeletesPerBatch = 1000;

template <typename Unsigned>
void append_big_endian(Unsigned number, std::string& out) {
  for (int shift = std::numeric_limits<Unsigned>::digits - 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>((number >> shift) & 0xFF));
  }
}

std::string prefix_of(const TaskId& task) {
  assert(task.topic.size() <= std::numeric_limits<std::uint16_t>::max());  // Kafka's limit is 249
  std::string prefix;
  prefix.reserve(1 + 2 + task.topic.size() + 4);
  prefix.push_back(static_cast<char>(task.stage));
  append_big_endian(static_cast<std::uint16_t>(task.topic.size()), prefix);
  prefix += task.topic;
  append_big_endian(static_cast<std::uint32_t>(task.partition.value()), prefix);
  return prefix;
}

// The smallest key that is greater than every key beginning with `prefix`. Ours begin with a small number, so
// a byte that can be raised is always found.
std::string successor_of(std::string prefix) {
  while (static_cast<unsigned char>(prefix.back()) == 0xFF) prefix.pop_back();
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

std::uint64_t milliseconds_of(std::chrono::system_clock::time_point when) {
  return static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, std::chrono::floor<Millis>(when.time_since_epoch()).count()));
}

struct OrderedChange {
  const std::string* prefix;
  const TableChange* change;
  std::size_t place;  // among all changes, as they came

  // As no prefix is the beginning of another, this is the order of the whole keys.
  [[nodiscard]] auto key() const { return std::pair<std::string_view, std::string_view>(*prefix, change->key); }
};

// Sorted keys cost RocksDB a fifth of unsorted ones.
rocksdb::WriteBatch batch_of(const std::vector<TaskChanges>& changes) {
  std::vector<std::string> prefixes;
  prefixes.reserve(changes.size());
  std::vector<OrderedChange> ordered;
  for (const TaskChanges& of_task : changes) {
    const std::string& prefix = prefixes.emplace_back(prefix_of(of_task.task));
    for (const TableChange& change : of_task.changes) ordered.push_back({&prefix, &change, ordered.size()});
  }
  std::sort(ordered.begin(), ordered.end(), [](const OrderedChange& left, const OrderedChange& right) {
    return std::pair(left.key(), left.place) < std::pair(right.key(), right.place);
  });
  rocksdb::WriteBatch batch;
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    // Equal keys stand in the order in which they came; only the last one counts.
    if (i + 1 < ordered.size() && ordered[i].key() == ordered[i + 1].key()) continue;
    const std::array<rocksdb::Slice, 2> key = {*ordered[i].prefix, ordered[i].change->key};
    const rocksdb::SliceParts key_parts(key.data(), 2);
    if (const auto& value = ordered[i].change->value) {
      const rocksdb::Slice whole(*value);
      batch.Put(key_parts, rocksdb::SliceParts(&whole, 1));
    } else {
      batch.Delete(key_parts);
    }
  }
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (!changes[i].as_of) continue;
    batch.Put(kAsOfPrefix + prefixes[i], batch_number_bytes(milliseconds_of(*changes[i].as_of)));
  }
  return batch;
}

// Only keys of the journey stage are customers'.
bool forgets_customers(const std::vector<TaskChanges>& changes) {
  return std::any_of(changes.begin(), changes.end(), [](const TaskChanges& of_task) {
    return of_task.task.stage == StageKind::kJourney &&
           std::any_of(of_task.changes.begin(), of_task.changes.end(),
                       [](const TableChange& change) { return !change.value; });
  });
}

}  // namespace

RocksTables::RocksTables(std::string directory, RocksTablesOptions options, std::unique_ptr<BatchWatch> watch,
                         std::unique_ptr<rocksdb::DB> database)
    : directory_(std::move(directory)),
      options_(std::move(options)),
      watch_(std::move(watch)),
      database_(std::move(database)) {}

RocksTables::~RocksTables() = default;

Result<std::unique_ptr<RocksTables>> RocksTables::open(const std::string& directory, RocksTablesOptions options) {
  return without_exceptions(directory, [&]() -> Result<std::unique_ptr<RocksTables>> {
    TOUCHSTONE_TRY(make_state_directory(directory));
    TOUCHSTONE_TRY(check_free_space(directory, options.free_bytes(directory), options.min_free_bytes, 0));
    auto opened = open_whole(directory, options);
    if (opened || opened.error().kind() != ErrorKind::kReject) return opened;
    if (options.report) options.report(opened.error().message() + ": it is emptied and restored from the changelog");
    TOUCHSTONE_TRY(wipe(directory));
    opened = open_whole(directory, options);
    if (!opened && opened.error().kind() == ErrorKind::kReject) {
      return Error(ErrorKind::kFatal, opened.error().message() + ", also after it was emptied");
    }
    return opened;
  });
}

Result<std::unique_ptr<RocksTables>> RocksTables::open_whole(const std::string& directory,
                                                             const RocksTablesOptions& options) {
  if (is_half_deleted(directory)) {
    return Error(ErrorKind::kReject, "state in " + directory + " is damaged (CURRENT is gone)");
  }
  rocksdb::Options all = tables_options(options);
  auto watch = std::make_unique<BatchWatch>(directory);
  all.wal_filter = watch.get();
  rocksdb::DB* database = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(all, directory, &database);
  if (!status.ok()) return error_from(status, directory);
  std::unique_ptr<RocksTables> tables(
      new RocksTables(directory, options, std::move(watch), std::unique_ptr<rocksdb::DB>(database)));
  const auto whole = tables->watch_->whole(*database, all);
  if (!whole) return Error(ErrorKind::kReject, "state in " + directory + " is damaged: " + whole.error().message());
  if (!*whole) return Error(ErrorKind::kReject, "state in " + directory + " is damaged (writes are missing)");
  std::string last;
  const rocksdb::Status found = database->Get(rocksdb::ReadOptions(), kBatchKey, &last);
  if (!found.ok() && !found.IsNotFound()) return error_from(found, directory);
  tables->batches_ = batch_number(last);
  TOUCHSTONE_TRY(tables->check_format());
  TOUCHSTONE_TRY(tables->read_remains());
  TOUCHSTONE_TRY(tables->finish_interrupted_clears());
  return tables;
}

bool RocksTables::has_room(const std::string& directory, const RocksTablesOptions& options) {
  return check_free_space(directory, options.free_bytes(directory), options.min_free_bytes, 0).has_value();
}

Result<void> RocksTables::wipe(const std::string& directory) {
  return without_exceptions(directory, [&]() -> Result<void> {
    const rocksdb::Status status = rocksdb::DestroyDB(directory, rocksdb::Options());
    if (!status.ok() && is_held_elsewhere(status)) return error_from(status, directory);
    if (!status.ok()) {
      return Error(ErrorKind::kFatal,
                   "cannot empty state directory " + directory + " (RocksDB: " + status.ToString() + ")");
    }
    // The directory itself goes too if nothing else is in it.
    return make_state_directory(directory);
  });
}

Result<void> RocksTables::checked(const rocksdb::Status& status) {
  if (status.ok()) return {};
  if (is_damage(status)) damaged_ = true;
  return error_from(status, directory_);
}

Result<void> RocksTables::write(rocksdb::WriteBatch& batch) {
  const std::scoped_lock lock(writing_);
  batch.Put(kBatchKey, batch_number_bytes(batches_ + 1));
  rocksdb::Status status = database_->Write(write_options(), &batch);
  // After a full disk RocksDB takes nothing until it is told that there is room again.
  if (status.IsNoSpace() && database_->Resume().ok()) status = database_->Write(write_options(), &batch);
  TOUCHSTONE_TRY(checked(status));
  ++batches_;
  return {};
}

Result<void> RocksTables::check_format() {
  std::string found;
  const rocksdb::Status status = database_->Get(rocksdb::ReadOptions(), kFormatKey, &found);
  if (status.ok() && found == kFormat) return {};
  if (!status.ok() && !status.IsNotFound()) return checked(status);
  if (status.IsNotFound()) {
    const std::unique_ptr<rocksdb::Iterator> any(database_->NewIterator(rocksdb::ReadOptions()));
    any->SeekToFirst();
    TOUCHSTONE_TRY(checked(any->status()));
    if (!any->Valid()) {
      rocksdb::WriteBatch first;
      first.Put(kFormatKey, kFormat);
      return write(first);
    }
    found = "none";
  }
  return Error(ErrorKind::kFatal,
               "state in " + directory_ + " has the format \"" + found + "\" and this program knows \"" + kFormat +
                   "\": use the release that wrote it, or delete that directory (the state is then restored from "
                   "the changelog)");
}

Result<void> RocksTables::finish_interrupted_clears() {
  const std::string end = successor_of(kClearingPrefix);
  const rocksdb::Slice bound(end);
  const std::unique_ptr<rocksdb::Iterator> marks(database_->NewIterator(read_options(bound)));
  for (marks->Seek(kClearingPrefix); marks->Valid(); marks->Next()) {
    const std::string mark = marks->key().ToString();
    TOUCHSTONE_TRY(delete_entries(mark.substr(kClearingPrefix.size())));
    rocksdb::WriteBatch done;
    done.Delete(mark);
    TOUCHSTONE_TRY(write(done));
  }
  return checked(marks->status());
}

Result<void> RocksTables::apply(std::vector<TaskChanges> changes) {
  return without_exceptions(directory_, [&]() -> Result<void> {
    rocksdb::WriteBatch batch = batch_of(changes);
    if (batch.Count() == 0) return {};
    // Twice: once in the log, once in a table.
    TOUCHSTONE_TRY(check_free_space(directory_, free_bytes(), options_.min_free_bytes / 2, 2 * batch.GetDataSize()));
    return forgets_customers(changes) ? write_leaving_remains(batch) : write(batch);
  });
}

Result<std::optional<TableChange>> RocksTables::first(const TaskId& task) {
  return without_exceptions(directory_, [&]() -> Result<std::optional<TableChange>> {
    const std::string prefix = prefix_of(task);
    TOUCHSTONE_TRY(forget_if_old(task, prefix));
    const std::string end = successor_of(prefix);
    const rocksdb::Slice bound(end);
    const std::unique_ptr<rocksdb::Iterator> entry(database_->NewIterator(read_options(bound)));
    entry->Seek(prefix);
    TOUCHSTONE_TRY(checked(entry->status()));
    if (!entry->Valid()) return std::optional<TableChange>();
    return std::optional(TableChange{entry->key().ToString().substr(prefix.size()), entry->value().ToString()});
  });
}

Result<void> RocksTables::scan(const TaskId& task, const Visit& visit) {
  return without_exceptions(directory_, [&]() -> Result<void> {
    const std::string prefix = prefix_of(task);
    TOUCHSTONE_TRY(forget_if_old(task, prefix));
    const std::string end = successor_of(prefix);
    const rocksdb::Slice bound(end);
    const std::unique_ptr<rocksdb::Iterator> entries(database_->NewIterator(read_options(bound)));
    for (entries->Seek(prefix); entries->Valid(); entries->Next()) {
      if (!visit(entries->key().ToStringView().substr(prefix.size()), entries->value().ToStringView())) break;
    }
    return checked(entries->status());
  });
}

// A copy whose age nobody knows counts as old: it was written by an earlier release, or the clock was set back.
Result<void> RocksTables::forget_if_old(const TaskId& task, const std::string& prefix) {
  if (options_.deletions_kept.count() == 0) return {};
  const std::string end = successor_of(prefix);
  const rocksdb::Slice bound(end);
  const std::unique_ptr<rocksdb::Iterator> entries(database_->NewIterator(read_options(bound)));
  entries->Seek(prefix);
  TOUCHSTONE_TRY(checked(entries->status()));
  if (!entries->Valid()) return {};
  std::string written;
  const rocksdb::Status status = database_->Get(rocksdb::ReadOptions(), kAsOfPrefix + prefix, &written);
  if (!status.ok() && !status.IsNotFound()) return checked(status);
  std::optional<TablesTime> as_of;
  // Beyond the year 2248 a TablesTime ends; no clock of ours has written that.
  if (const std::uint64_t ms = batch_number(written); ms != 0 && ms >> 43 == 0) as_of = TablesTime(Millis{ms});
  if (!is_too_old(as_of, now(), options_.deletions_kept)) return {};
  if (options_.report) {
    options_.report("the copy of " + task.topic + "/" + std::to_string(task.partition.value()) + " in " + directory_ +
                    " is older than the changelog keeps deletions: it is forgotten and restored");
  }
  return clear(task);
}

// The mark makes an interrupted clear() visible: half a task could pass for a whole one.
Result<void> RocksTables::clear(const TaskId& task) {
  return without_exceptions(directory_, [&]() -> Result<void> {
    const std::string prefix = prefix_of(task);
    rocksdb::WriteBatch begun;
    begun.Put(kClearingPrefix + prefix, "");
    TOUCHSTONE_TRY(write_leaving_remains(begun));
    TOUCHSTONE_TRY(delete_entries(prefix));
    rocksdb::WriteBatch done;
    done.Delete(kClearingPrefix + prefix);
    done.Delete(kAsOfPrefix + prefix);
    return write(done);
  });
}

// Key by key: DeleteRange has returned deleted data after read errors.
Result<void> RocksTables::delete_entries(const std::string& prefix) {
  const std::string end = successor_of(prefix);
  const rocksdb::Slice bound(end);
  const std::unique_ptr<rocksdb::Iterator> entries(database_->NewIterator(read_options(bound)));
  rocksdb::WriteBatch batch;
  for (entries->Seek(prefix); entries->Valid(); entries->Next()) {
    batch.Delete(entries->key());
    if (batch.Count() < kDeletesPerBatch) continue;
    TOUCHSTONE_TRY(write(batch));
    batch.Clear();
  }
  TOUCHSTONE_TRY(checked(entries->status()));
  return batch.Count() == 0 ? Result<void>{} : write(batch);
}

Result<void> RocksTables::room() {
  const std::uint64_t wanted = options_.min_free_bytes + (full_ ? options_.min_free_bytes / 4 : 0);
  const Result<void> enough = check_free_space(directory_, free_bytes(), wanted, 0);
  full_ = !enough;
  return enough;
}

std::uint64_t RocksTables::free_bytes() const { return options_.free_bytes(directory_); }

std::uint64_t RocksTables::size_bytes() {
  std::uint64_t total = 0;
  std::error_code failure;
  // Files come and go while we look; what is gone counts as nothing.
  for (std::filesystem::directory_iterator file(directory_, failure), end; !failure && file != end;
       file.increment(failure)) {
    std::error_code gone;
    const std::uint64_t size = file->is_regular_file(gone) ? file->file_size(gone) : 0;
    if (!gone) total += size;
  }
  return total;
}

}  // namespace touchstone
