// Everything the engine asks of the world: a log to read and write, tables to keep state in, a clock, and a
// decoder of events. Each has a real adapter and a fake beside it that passes the same contract test.
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/model/event.h"
#include "engine/model/log_position.h"
#include "engine/model/result.h"
#include "engine/model/time.h"

namespace touchstone {

struct TopicPartition {
  std::string topic;
  Partition partition;
  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
};

/// A header as a record carries it.
struct HeaderView {
  std::string_view name;
  std::string_view value;
};

/// One record of a log. Borrowed: everything it points to lives until the log's next poll (or, while reading
/// with Log::read, until the visitor returns).
struct Record {
  std::string_view topic;
  Partition partition;
  Offset offset;
  std::optional<std::int64_t> timestamp_ms;  ///< milliseconds since 1970, where the record has one
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;  ///< absent: a null value (forget, tombstone)
  std::vector<HeaderView> headers;
};

/// One record to be written. Owns its bytes.
struct OutRecord {
  std::string topic;
  std::optional<Partition> partition;  ///< absent: by the key, as Kafka's Java clients do (murmur2)
  std::optional<std::string> key;
  std::optional<std::string> value;  ///< absent: a null value
  std::vector<std::pair<std::string, std::string>> headers;
};

/// The offset of the next record to read of one consumed partition.
struct ConsumedOffset {
  TopicPartition partition;
  Offset next;
};

/// What one poll brought, in the order in which it must be handled: lost, assigned, records, at_end.
struct Polled {
  std::vector<TopicPartition> lost;      ///< no longer ours; what was staged for them must not be committed
  std::vector<TopicPartition> assigned;  ///< ours now; delivers nothing until start() is called for it
  std::vector<Record> records;           ///< in order within each partition
  std::vector<ConsumedOffset> at_end;    ///< read to its end just now, control records included
};

/// What a commit wrote: for each partition addressed explicitly, the offset after its last record.
struct Receipt {
  std::vector<ConsumedOffset> written;
  /// The writing client was made anew for it, because of what had happened to the one before.
  bool renewed = false;
};

/// Reads partitions from an offset to their end, outside of any group: how state comes back from a changelog. Not
/// thread-safe.
class ChangelogReader {
 public:
  ChangelogReader() = default;
  ChangelogReader(const ChangelogReader&) = delete;
  ChangelogReader& operator=(const ChangelogReader&) = delete;
  virtual ~ChangelogReader() = default;

  /// The first offset still held, and the offset after the last one.
  struct Range {
    Offset begin;
    Offset end;
  };
  virtual Result<Range> range(const TopicPartition& partition) = 0;

  /// Shows every committed record of a partition from `from` up to the end as it is now, and returns the offset
  /// to go on from. Independent of polling and of the group. kReject: `from` is no longer held.
  virtual Result<Offset> read(const TopicPartition& partition, Offset from,
                              const std::function<void(const Record&)>& visit) = 0;
};

/// A job that runs beside whoever began it. Its destructor waits for a job that runs, and keeps one that has not begun
/// from ever running.
class RunningJob {
 public:
  RunningJob() = default;
  RunningJob(const RunningJob&) = delete;
  RunningJob& operator=(const RunningJob&) = delete;
  virtual ~RunningJob() = default;
  /// What it has done can be seen.
  [[nodiscard]] virtual bool ended() const = 0;
};
/// Begins a job. Null: it has run already.
using RunBeside = std::function<std::unique_ptr<RunningJob>(std::function<void()> job)>;

/// A log of partitioned topics, read as a member of a group and written in transactions. One worker owns it;
/// no call is thread-safe. Where a call fails with kAbort the transaction in progress is gone (call abort());
/// with kFatal this object must be closed and made anew. kRetry never leaves anything half done.
class Log : public ChangelogReader {
 public:
  /// Waits up to `timeout` for something to happen; brings at most `max_records` records. The records of the
  /// poll before are invalid from here on. With 0 records it only keeps its place in the group: nothing is read ahead
  /// any more, what was is let go of, and no end of a partition is told. The next poll for records goes on where it
  /// was.
  virtual Result<Polled> poll(Millis timeout, std::size_t max_records) = 0;

  /// Delivers an assigned partition from this offset on; may be called again to go back.
  virtual Result<void> start(const TopicPartition& partition, Offset from) = 0;
  /// Delivers nothing more of any partition before start() is called for it again, as when it was just assigned.
  virtual void hold() = 0;

  /// The group's committed offset, stable (no transaction pending on it); nothing before the first commit.
  virtual Result<std::optional<Offset>> committed(const TopicPartition& partition) = 0;

  /// Number of partitions of a topic. kReject: there is no such topic.
  virtual Result<std::int32_t> partition_count(const std::string& topic) = 0;

  /// Adds a record to the transaction in progress, opening one if there is none. Blocks while buffers are full.
  virtual Result<void> produce(OutRecord record) = 0;

  /// Commits what was produced together with the consumed offsets, all or nothing. An error named kFatal may
  /// leave the outcome unknown: the next restore tells. Committing nothing but offsets is allowed.
  virtual Result<Receipt> commit(std::span<const ConsumedOffset> consumed) = 0;

  /// Gives up the transaction in progress, if there is one.
  virtual Result<void> abort() = 0;

  /// Records that are committed to the partition and not yet polled.
  virtual std::int64_t lag(const TopicPartition& partition) = 0;

  /// Ends. A member with a name of its own keeps its place in the group for as long as the group's session time-out, so
  /// that coming back disturbs nobody; others leave. Nothing may be called afterwards.
  virtual void close() = 0;

  /// Like close(), but leaves the group whoever it is: its partitions go to others at once.
  virtual void leave() = 0;
};

/// Which of the engine's stages a task belongs to; the numbers are part of the format on disk.
enum class StageKind : std::uint8_t { kIntake = 1, kJourney = 2, kWindows = 3 };

/// One stage on one partition of its input topic.
struct TaskId {
  StageKind stage{};
  std::string topic;  ///< the input topic
  Partition partition;
  friend auto operator<=>(const TaskId&, const TaskId&) = default;
};

/// One change of a task's keyed state. No value: the key is gone.
struct TableChange {
  std::string key;
  std::optional<std::string> value;
};

/// A moment by the wall clock of some tables, which alone says how old what they keep is. The engine only hands it
/// back.
using TablesTime = std::chrono::system_clock::time_point;

struct TaskChanges {
  TaskId task;
  std::vector<TableChange> changes;
  /// With these changes the tables hold all that the task's changelog held at this moment. Nothing: perhaps not, and
  /// what they keep of the task is as old as it was.
  std::optional<TablesTime> as_of = std::nullopt;
};

/// Keyed state that survives the process: a local copy of the changelogs, never ahead of them. Calls for
/// different tasks may come from different threads; those for one task from one thread at a time. kReject: what is
/// kept cannot be relied on any more; whoever uses these tables must end, and they must be made anew.
///
/// What they keep of a task ages from TaskChanges::as_of on. If it is older than the changelogs keep deletions, a key
/// deleted since could come back from it, so it is forgotten when it is next asked for.
class Tables {
 public:
  Tables() = default;
  Tables(const Tables&) = delete;
  Tables& operator=(const Tables&) = delete;
  virtual ~Tables() = default;

  /// Applies all the changes or none of them; of two changes of one key the later one counts.
  virtual Result<void> apply(std::vector<TaskChanges> changes) = 0;

  /// Is shown a key with its value; false: that is enough.
  using Visit = std::function<bool(std::string_view key, std::string_view value)>;
  /// Shows every key of the task with its value, in the order of the keys' bytes.
  virtual Result<void> scan(const TaskId& task, const Visit& visit) = 0;

  /// The first key of the task with its value; nothing if it has none.
  virtual Result<std::optional<TableChange>> first(const TaskId& task) = 0;

  /// Forgets everything about the task.
  virtual Result<void> clear(const TaskId& task) = 0;

  /// What TaskChanges::as_of is taken from, before the changelog is asked or written.
  [[nodiscard]] virtual TablesTime now() = 0;

  /// Bytes on disk or in memory, all tasks together.
  virtual std::uint64_t size_bytes() = 0;

  /// kRetry, and why, while nothing more should be begun because there is hardly room to write what comes of it. What
  /// is under way can still be applied. Cheap.
  virtual Result<void> room() = 0;
};

/// The time that passes for the process; only silence and commit intervals are measured with it.
class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  /// Monotone; the zero point means nothing.
  virtual std::chrono::microseconds now() = 0;
};

/// What a record's bytes say: an event (borrowed until the decoder's next call), or why they are none.
using Decoded = std::variant<const Event*, Rejection>;

/// Turns records into events. One thread owns it.
class Decoder {
 public:
  Decoder() = default;
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  virtual ~Decoder() = default;

  /// `record.value` must be present. Uses its key and timestamp where the event has no customer or time.
  virtual Decoded decode(const Record& record) = 0;

  /// Whom the record of the last decode() was about, even where it was refused; nothing if nobody can tell.
  [[nodiscard]] virtual std::optional<std::string_view> customer() const = 0;
};

}  // namespace touchstone
