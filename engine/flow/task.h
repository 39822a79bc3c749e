// One stage on one partition: where it stands in its log, and how it comes back there.
//
//   Created -catch_up()--> Restoring --> Replaying --> Running --> Closed (destroyed)
//                              |             ^ the log is read again from the lowest slice's position up to the
//                              |             | committed offset; what is produced then is dropped, it was
//                              +-------------+ written before
//
// The replay must give what was given before, so it goes by the rules that were in force then: the text of the rules is
// in the changelog, and a task that has to replay under rules which have changed since is made of that text. Once it
// runs, is_outdated() asks its worker to bring every slice up to date and to make the task anew.
//
// A commit carries the changed keys of some slices, each with its position: the offset up to which the slice is
// then true. The same changes go to the tables once the log has them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/flow/ports.h"
#include "engine/flow/pulse.h"
#include "engine/flow/slices.h"
#include "engine/flow/stage.h"

namespace touchstone {

/// `recorded`: the text of the rules to go on with; nothing: those in force now. Fails if rules cannot be made of the
/// text. Tasks may be made in several threads at once.
using StageFactory = std::function<Result<std::unique_ptr<Stage>>(const TaskId& task, const Slices& slices,
                                                                  std::optional<std::string_view> recorded)>;

struct TaskOptions {
  std::string changelog;  ///< topic; empty: the stage keeps no state
  std::uint32_t slices = 1;
};

/// Not thread-safe; its worker owns it.
class Task {
 public:
  enum class State : std::uint8_t { kCreated, kRestoring, kReplaying, kRunning };

  Task(TaskId id, TaskOptions options, StageFactory factory);

  [[nodiscard]] const TaskId& id() const { return id_; }
  [[nodiscard]] State state() const { return state_; }
  /// Not before settle() has succeeded.
  [[nodiscard]] Stage& stage() { return *stage_; }
  [[nodiscard]] TopicPartition input() const { return {id_.topic, id_.partition}; }

  /// What a state says that is ahead of the group's committed offset. It may be that another member commits while we
  /// restore what is no longer ours, or that Kafka has shown one part of a commit and not yet the other: then it is
  /// worth trying again. If it stays so, the group's offsets were reset.
  enum class Ahead : std::uint8_t { kTryAgain, kRefuse };

  struct Restoring {
    Pulse& pulse;                                    ///< keys are beats
    const std::function<Result<void>()>& may_go_on;  ///< asked every few keys; its error is what load() returns
  };
  /// A task is restored in three steps, each of which needs the one before. kReject, of any of them: the state does not
  /// fit this configuration or this log; the message says what to do.
  ///
  /// First: brings the tables up to the changelog.
  Result<void> catch_up(Log& log, Tables& tables, Pulse& pulse);
  /// Second: brings the stage up to the tables, which takes longest where there is much state. May run in a thread of
  /// its own, beside others that load or run other tasks.
  Result<void> load(Tables& tables, const Restoring& with);
  /// Third: says from where the log must be read.
  Result<Offset> settle(Log& log, Ahead ahead);
  /// How many records of the changelog that took: few where the tables had a copy.
  [[nodiscard]] std::uint64_t restored_records() const { return restored_records_; }

  /// A record with this offset is next; with the first one that was not committed the replay is over.
  void arrive(Offset at);
  /// Hands the record that has arrived to the stage; what a replayed one produces is dropped.
  Result<void> process(const Record& record, Output& out);

  /// Begins what a commit writes: lets the stage send what it has combined. Returns how many slices have to be written
  /// now: one, all of them the first time, none without a changelog.
  [[nodiscard]] std::uint32_t begin_checkpoint(Output& out);
  /// Adds the changed keys of the next slice, in turn, with their position.
  void write_slice(Output& out);

  /// After the commit: what the tables must take over. `written`: the changelog's next offset, if it was written.
  TaskChanges committed(std::optional<Offset> written);

  /// The log was read to its end, control records included: a replay is then over, and what is committed next says
  /// so, lest retention of an empty log look like loss.
  void reached_end(Offset end);
  /// Lets the next commit say so; records of others, and control records, are not worth a commit of their own.
  void settle_at_end();
  /// Something happened that is not a record of the log, and that the next commit should carry.
  void touch() { dirty_ = true; }

  /// True if it runs by other rules than those of this text.
  [[nodiscard]] bool is_outdated(const std::shared_ptr<const std::string>& rules_text) const {
    return state_ == State::kRunning && stage_->rules_text() != rules_text;
  }

  /// What the group commits: the offset of the next record, and not a smaller one while replaying.
  [[nodiscard]] Offset next() const { return state_ == State::kReplaying ? committed_ : next_; }
  /// True if a commit would say something new, or bring a slice up to the present offset.
  [[nodiscard]] bool dirty() const;

 private:
  bool restore_position(std::string_view key, std::string_view value);
  Result<void> make_stage();
  void stage_change(TableChange change, Output& out);
  [[nodiscard]] Error lost(Offset begin) const;

  TaskId id_;
  TaskOptions options_;
  StageFactory factory_;
  Slices slices_;
  std::unique_ptr<Stage> stage_;
  State state_ = State::kCreated;
  Offset next_;
  Offset committed_;  ///< where the replay ends
  Offset wanted_;     ///< up to where every slice is to be brought
  std::uint32_t next_slice_ = 0;
  std::uint64_t restored_records_ = 0;
  bool dirty_ = false;
  bool has_positions_ = false;                               ///< every slice has been written at least once
  std::optional<Offset> found_committed_;                    ///< of the group, while restoring
  std::vector<std::optional<std::string>> position_states_;  ///< by slice, while restoring
  std::string fingerprint_;                                  ///< of the state found, while restoring
  std::optional<std::string> rules_found_;                   ///< with the state, while restoring
  std::shared_ptr<const std::string> rules_written_;         ///< what the changelog, or what is staged, says of them
  std::vector<TableChange> staged_;
};

}  // namespace touchstone
