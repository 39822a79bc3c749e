// What readers may see: counts and states as of the last commits. The only place where threads meet; workers
// write after each commit, readers take a copy.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "engine/flow/counts.h"
#include "engine/flow/ports.h"
#include "engine/model/alert.h"
#include "engine/model/ranking.h"
#include "engine/model/row.h"
#include "engine/model/rules.h"

namespace touchstone {

/// What one journey task says of its partition.
struct JourneyStatus {
  std::shared_ptr<const Rules> rules;  ///< by whose numbers the map below counts
  std::optional<EventTime> watermark;
  StageCustomers stage_customers;
};

/// What one windows task says of its partition.
struct WindowsStatus {
  std::shared_ptr<const Rules> rules;            ///< by whose numbers rows speak of stages, and moves of touchpoints
  std::vector<std::optional<EventTime>> closed;  ///< last closing by window
  /// Sums of moves and stays over the longest window as of its last closing. Absent: as they were told before.
  std::optional<std::map<CellKey, Cell>> moves;
  std::map<CellKey, ItemCounts> rankings;  ///< likewise; told together with the moves
  /// The alerts that fire, as they fired. Absent: as they were told before.
  std::optional<std::vector<Alert>> alerts;
};

/// Seconds a commit took, cumulative buckets are made when rendered.
struct CommitTimes {
  static constexpr std::array<double, 10> kBounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5};
  std::array<std::uint64_t, kBounds.size() + 1> buckets{};
  double sum_seconds = 0;
};

/// What went wrong in workers and was mended, since the start of the process.
struct Troubles {
  std::array<std::uint64_t, kErrorKinds> errors{};     ///< by ErrorKind
  std::array<std::uint64_t, kErrorCauses> rebuilds{};  ///< clients made anew, by ErrorCause
  std::uint64_t aborts = 0;                            ///< transactions given up
};

/// How often other rules were to be taken, and how that went.
struct Reloads {
  std::uint64_t applied = 0;
  std::uint64_t refused = 0;
  bool last_applied = true;
  std::optional<std::chrono::system_clock::time_point> last_success;  ///< the wall clock's
};

/// A copy of everything, consistent for each task.
struct BoardSnapshot {
  /// Those in force: all numbers of touchpoints, stages and segments here are theirs.
  std::shared_ptr<const Rules> rules;
  Counts counts;
  std::map<TaskId, JourneyStatus> journeys;
  std::map<TaskId, WindowsStatus> windows;
  std::map<std::tuple<std::size_t, CellKey>, Row> rows;  ///< the last one of each window and cell
  std::map<CellKey, ItemCounts> rankings;                ///< over the longest window
  std::map<CellKey, Cell> moves;  ///< moves and stays over the longest window; empty in `windows`
  std::vector<Alert> alerts;      ///< those that fire, as listed_before() has them; empty in `windows`
  std::map<TopicPartition, std::int64_t> lag;
  CommitTimes commits;
  Troubles troubles;
  std::map<std::string, bool> stalled;  ///< by worker, of those that are watched
  std::uint64_t state_bytes = 0;
  std::uint64_t state_free_bytes = 0;
  std::uint64_t rebalances = 0;
  std::uint64_t restored_records = 0;  ///< of changelogs, read because a task came to this process
  /// Of the tasks of others that are kept up to date here: how many offsets of the changelog are still to be read.
  std::map<TaskId, std::int64_t> standby;
  Reloads reloads;
  bool resting = false;  ///< a worker takes no input, because there is no room for what would come of it
  bool ready = false;    ///< every task that is ours is running, no worker is stalled and none rests
};

/// Thread-safe.
class Board {
 public:
  /// Other rules are in force. What was counted so far, and what workers tell that have not yet changed to them, is
  /// shown by their numbers; what they no longer name is no longer shown.
  void change_rules(std::shared_ptr<const Rules> rules);
  /// Those in force; nothing before the first change_rules().
  [[nodiscard]] std::shared_ptr<const Rules> rules() const;

  void add(const Counts& counts);
  void publish(const TaskId& task, JourneyStatus status);
  /// `rows`: those that changed since the last time; all of them after a restore.
  void publish(const TaskId& task, WindowsStatus status, std::vector<Row> rows);
  void set_lag(const TopicPartition& partition, std::int64_t records);
  void set_state_bytes(std::uint64_t bytes);
  void set_state_free_bytes(std::uint64_t bytes);
  void count_reload(bool applied, std::chrono::system_clock::time_point at);
  /// The group has given a worker other partitions, or the same ones anew.
  void count_rebalance();
  void count_commit(double seconds);
  void count_restored(std::uint64_t records);
  /// A copy of another instance's task is kept here, and lacks so much; nothing: it is kept no longer.
  void set_standby(const TaskId& task, std::optional<std::int64_t> left);
  /// A worker tells whether all its tasks run.
  void set_ready(const std::string& worker, bool ready);
  /// The watchdog tells whether a worker still moves.
  void set_stalled(const std::string& worker, bool stalled);
  void count_error(ErrorKind kind);
  void count_rebuild(ErrorCause cause);
  void count_abort();
  /// A worker tells why it takes no input; an empty text: it does again.
  void set_resting(const std::string& worker, std::string why);
  /// The task is no longer ours: its states vanish, its counts stay.
  void withdraw(const TaskId& task);

  /// The rows of one window and the moves and stays of the longest, without the rest.
  [[nodiscard]] BoardSnapshot window_snapshot(std::size_t window) const;
  /// The alerts that fire in cells of this process, as listed_before() has them. Cheap.
  [[nodiscard]] std::vector<Alert> alerts() const;
  /// Counts::records() of all that was counted. Cheap.
  [[nodiscard]] std::uint64_t records() const;
  /// Lag, watermarks and closings only. Cheap.
  [[nodiscard]] BoardSnapshot progress_snapshot() const;
  /// Cheap, for health checks.
  [[nodiscard]] bool ready() const { return !why_not_ready(); }
  /// Names the workers that are waited for.
  [[nodiscard]] std::optional<std::string> why_not_ready() const;
  [[nodiscard]] BoardSnapshot snapshot() const;

 private:
  [[nodiscard]] std::optional<std::string> missing() const;
  [[nodiscard]] std::vector<Alert> listed_alerts() const;

  mutable std::mutex mutex_;
  BoardSnapshot now_;
  std::map<TaskId, std::map<std::tuple<std::size_t, CellKey>, Row>> rows_;
  std::map<TaskId, std::map<CellKey, Cell>> moves_;
  std::map<TaskId, std::map<CellKey, ItemCounts>> rankings_;
  std::map<TaskId, std::vector<Alert>> alerts_;
  std::map<std::string, bool> ready_;
  std::map<std::string, std::string> resting_;  ///< by worker, why
};

}  // namespace touchstone
