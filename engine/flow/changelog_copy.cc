#include "engine/flow/changelog_copy.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "engine/wire/records.h"

namespace touchstone {
namespace {

/// Changes handed to the tables at once.
constexpr std::size_t kCopyBatch = 10'000;
constexpr std::size_t kCopyBytes = std::size_t{8} << 20;

/// How far the tables of the task go; no key sorts before that of the offset.
std::optional<Offset> offset_in(const std::optional<TableChange>& first) {
  if (!first || first->key != changelog_offset_key()) return std::nullopt;
  return Offset(ByteReader(*first->value).signed_number());
}

/// Collects changes and hands them to the tables, each batch with the offset up to which it goes.
class CopyWriter {
 public:
  CopyWriter(const TaskId& task, Tables& tables) : task_(task), tables_(tables) {}

  void add(const Record& record) {
    if (!record.key) return;
    changes_.push_back({std::string(*record.key), std::nullopt});
    if (record.value) changes_.back().value = std::string(*record.value);
    bytes_ += record.key->size() + (record.value ? record.value->size() : 0);
  }
  [[nodiscard]] bool full() const { return changes_.size() >= kCopyBatch || bytes_ >= kCopyBytes; }

  Result<void> write(Offset upto, std::optional<TablesTime> as_of) {
    ByteWriter offset;
    offset.signed_number(upto.value());
    changes_.push_back({changelog_offset_key(), offset.take()});
    bytes_ = 0;
    return tables_.apply({{task_, std::exchange(changes_, {}), as_of}});
  }

 private:
  const TaskId& task_;
  Tables& tables_;
  std::vector<TableChange> changes_;
  std::size_t bytes_ = 0;  ///< of their keys and values
};

}  // namespace

Result<std::uint64_t> catch_up(const ChangelogCopy& copy, ChangelogReader& log, Tables& tables, Pulse& pulse,
                               const TellLeft& tell_left) {
  const TablesTime begun = tables.now();
  const auto first = tables.first(copy.task);
  if (!first) return first.error();
  const std::optional<Offset> local = offset_in(*first);
  const TopicPartition changelog{copy.changelog, copy.task.partition};
  const auto range = log.range(changelog);
  if (!range) return range.error();
  CopyWriter writer(copy.task, tables);
  // A copy that ends before the changelog begins, or goes beyond it, is not a copy of this changelog. One that does not
  // say how far it goes may hold what was deleted since.
  Offset from = range->begin;
  if (local && *local >= range->begin && *local <= range->end) {
    from = *local;
  } else {
    if (*first) TOUCHSTONE_TRY(tables.clear(copy.task));
    // An empty copy is true of the beginning, and its age begins.
    TOUCHSTONE_TRY(writer.write(from, begun));
  }
  const auto tell = [&](Offset at) {
    if (tell_left) tell_left(std::max<std::int64_t>(0, range->end.value() - at.value()));
  };
  tell(from);
  std::uint64_t records = 0;
  Result<void> written{};
  const auto end = log.read(changelog, from, [&](const Record& record) {
    pulse.beat();
    ++records;
    if (!written) return;
    writer.add(record);
    if (!writer.full()) return;
    // Not the whole changelog: what was copied before, and was deleted further on, is as old as it was.
    written = writer.write(record.offset.next(), std::nullopt);
    tell(record.offset.next());
  });
  if (!written) return written.error();
  if (!end) return end.error();
  // As first() forgets what is too old, there is nothing any more if that came to pass while we read.
  const auto still = tables.first(copy.task);
  if (!still) return still.error();
  if (!offset_in(*still)) {
    return Error(ErrorKind::kRetry, "the copy of " + copy.task.topic + "/" +
                                        std::to_string(copy.task.partition.value()) + " grew too old while " +
                                        copy.changelog + " was read");
  }
  TOUCHSTONE_TRY(writer.write(*end, begun));
  tell(*end);
  return records;
}

}  // namespace touchstone
