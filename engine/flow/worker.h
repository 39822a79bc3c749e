// One thread's share of a stage: it polls its log, hands records to the tasks of their partitions, and commits
// what came of them in one transaction: derived records, deltas, changelogs and offsets together. After the
// commit the tables take the changes over, and then readers see them.
//
// Whatever goes wrong, the way on is the same: give up the transaction, drop the tasks, restore them from what
// is committed. No branch needs to know what happened; how much is rebuilt depends on the error's kind alone.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/flow/board.h"
#include "engine/flow/claims.h"
#include "engine/flow/ports.h"
#include "engine/flow/pulse.h"
#include "engine/flow/query.h"
#include "engine/flow/task.h"

namespace touchstone {

using LogFactory = std::function<Result<std::unique_ptr<Log>>()>;

struct WorkerOptions {
  std::string name;  ///< for the board and for messages
  StageKind stage = StageKind::kJourney;
  TaskOptions task;
  StageFactory factory;
  /// The text of the rules in force; any thread may change what it returns. Empty: they do not change.
  std::function<std::shared_ptr<const std::string>()> rules_text = nullptr;
  Millis commit_interval{100};
  /// Whoever is far behind, so that more than ten times as much waits as the transaction holds, commits once this has
  /// passed, or a quarter of max_staged_bytes is in the transaction: to those who wait already it adds little, and what
  /// commits cost is spread over more. No longer than commit_interval: it makes no difference.
  Millis commit_interval_behind{0};
  Millis idle{30'000};              ///< silence after which a partition read to its end holds nobody back
  std::size_t max_records = 2'000;  ///< of one poll
  /// Records produced after which a commit does not wait for its time, nor for the end of what was polled. Only what
  /// comes of one single record goes beyond it.
  std::size_t max_staged = 200'000;
  /// Likewise, bytes of keys and values.
  std::size_t max_staged_bytes = std::size_t{64} << 20;
  /// kRetry, and why, while no more state should be taken on because there is hardly memory for it. Cheap; asked by
  /// every worker. Empty: there always is.
  std::function<Result<void>()> memory = nullptr;
  bool detect_silence = true;  ///< false where the wall clock must not matter (`replay`)
  /// Reads to the ends found at the start, ends the input there, and is finished. Names the run.
  std::optional<std::uint64_t> to_end = std::nullopt;
  /// Asked of its customers; null: nobody asks.
  std::shared_ptr<Questions> questions{};
  /// Shared with the keeper of standby copies, which uses the same tables; null: there is none.
  std::shared_ptr<Claims> claims{};
  bool outermost = true;  ///< it reads the input itself, and so finds the end; else the log tells
  std::shared_ptr<Pulse> pulse = std::make_shared<Pulse>();  ///< shared with whoever watches it
  /// Of so many partitions the state is loaded at once.
  std::size_t restored_at_once = 1;
  /// For loading state, while the partitions that run go on. Empty: it is loaded in the worker's own thread.
  RunBeside run_beside = nullptr;
  /// With `to_end`: of all its topics. The end is looked for only while all of them are ours, because it is the highest
  /// time of all; the group may give them one after another, as it takes away those of members that are gone.
  std::size_t partitions = 1;
};

/// Not thread-safe; one thread owns it, its log and its tasks.
class Worker {
 public:
  /// Borrows tables, clock and board. The log is made by the first turn, and again after a fatal error.
  Worker(WorkerOptions options, LogFactory make_log, Tables& tables, Clock& clock, Board& board);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();

  /// Polls once, waiting up to `wait`, handles what came, and commits if it is time to. True if anything moved.
  /// An error (always kReject) cannot be mended by restoring: the process should end with its message.
  Result<bool> turn(Millis wait);

  /// The input ends where its partitions end now: reads up to there and is then finished, as with `to_end`.
  Result<void> end_input(std::uint64_t session);

  /// Only with `to_end` or after end_input: everything up to the end is committed.
  [[nodiscard]] bool finished() const { return finished_; }

  /// True while it waits before it tries again what has failed, or for room: there is no use in turns one after
  /// another.
  [[nodiscard]] bool pausing() const { return holds_back() || rest_ != Rest::kNone; }

  /// Whether what is done since the last commit is still to be committed.
  enum class Leave : std::uint8_t { kCommit, kAbandon };
  /// Commits all slices, or abandons the transaction, and leaves the group. Nothing may be called afterwards.
  Result<void> stop(Leave leave = Leave::kCommit);

  [[nodiscard]] Pulse& pulse() { return *options_.pulse; }

  /// What was last given up and why, for the log; emptied by reading.
  [[nodiscard]] std::optional<std::string> take_notice() { return std::exchange(notice_, std::nullopt); }

 private:
  [[nodiscard]] bool holds_back() const { return clock_.now() < not_before_; }
  struct Assigned {
    Claims::Claim claim;
    std::unique_ptr<Task> task;
    std::optional<std::chrono::microseconds> end_since;  ///< read to its end since then
    bool silent = false;
  };

  /// A partition whose state is being loaded. It may not move while that runs.
  struct Loading {
    TopicPartition partition;
    Assigned assigned;
    bool among_others = true;          ///< or one by one, for want of memory
    std::atomic<bool> dropped{false};  ///< it is to stop
    Result<void> loaded{};
    std::unique_ptr<RunningJob> job{};  ///< ends before all else here does; null: it is loaded
  };

  /// While there is no room for what would come of more input.
  enum class Rest : std::uint8_t {
    kNone,
    /// There is no memory: keeps its partitions and their state, and reads nothing. Others have no more memory than we
    /// do as a rule, and would be filled one after another; one that joins takes its share, and makes room here.
    kInPlace,
    kAway,  ///< There is no disk: has left the group, so that others take its partitions at once.
  };

  /// Which slices of the state a commit writes.
  enum class Checkpoint : std::uint8_t { kNext, kAll };

  Result<bool> try_turn(Millis wait);
  Result<void> open();
  Result<void> look_for_room();
  [[nodiscard]] Result<void> memory() const;
  void rest(Rest how, const Error& lacking);
  Result<void> give_up_input();
  Result<void> assign_owned();
  Result<void> handle(const Polled& polled);
  [[nodiscard]] bool is_loading(const TopicPartition& partition) const;
  Result<void> start_loading(const TopicPartition& partition);
  Result<void> begin_loaded();
  Result<void> load_later(const Error& error, bool among_others);
  void drop_loading(const std::function<bool(const TopicPartition&)>& lost);
  Result<void> begin(const TopicPartition& partition, Assigned assigned);
  Result<void> lose(const std::vector<TopicPartition>& partitions);
  Result<void> process(const Record& record);
  Result<void> change_rules();
  void notice_silence();
  Result<void> find_limit(const TopicPartition& partition);
  [[nodiscard]] bool any_dirty() const;
  [[nodiscard]] bool reached_limit(const TopicPartition& partition, const Assigned& assigned) const;
  Result<void> find_end();
  [[nodiscard]] bool is_full() const;
  [[nodiscard]] bool is_commit_due() const;
  [[nodiscard]] std::uint32_t slices_due() const;
  void measure();
  Result<void> produce();
  Result<void> checkpoint(Task& task, Checkpoint which);
  Result<void> commit(Checkpoint which);
  void show();
  void answer_questions();
  Result<void> recover(const Error& error);
  Result<void> give_up_transaction(const Error& error);
  Result<void> restore_all();
  void drop_tasks();
  void publish(bool everything, Assigned& assigned);

  WorkerOptions options_;
  LogFactory make_log_;
  Tables& tables_;
  Clock& clock_;
  Board& board_;

  std::unique_ptr<Log> log_;
  std::set<TopicPartition> owned_;  ///< what the group gave us, whether its task could be restored yet or not
  std::map<TopicPartition, Assigned> assigned_;
  std::list<Loading> loading_;               ///< a list: none of them may move while its job runs
  std::map<TopicPartition, Offset> limits_;  ///< with to_end: where each partition ended at the start
  Output out_;
  std::size_t staged_ = 0;        ///< records produced since the last commit
  std::size_t staged_bytes_ = 0;  ///< likewise
  std::size_t measured_ = 0;      ///< so many of the records in out_ are counted in out_bytes_
  std::size_t out_bytes_ = 0;
  std::uint64_t taken_ = 0;  ///< records of the input since the last commit
  bool settled_ = true;      ///< nothing was processed since the last commit
  std::chrono::microseconds last_commit_{};
  std::chrono::microseconds last_lag_{};
  std::chrono::microseconds opened_{};
  std::chrono::microseconds not_before_{};         ///< after something failed
  int failures_ = 0;                               ///< since the last commit, or since there was nothing to commit
  std::shared_ptr<const std::string> rules_text_;  ///< of the rules in force, as of this turn
  bool outdated_ = false;  ///< a task has replayed by rules that are no longer in force, and can take no new record
  bool end_told_ = false;
  bool finished_ = false;
  Rest rest_ = Rest::kNone;
  bool one_by_one_ = false;                    ///< there was no memory for restoring several at once
  std::chrono::microseconds restore_after_{};  ///< the last attempt found no memory for what is restored
  std::optional<std::string> notice_;
};

}  // namespace touchstone
