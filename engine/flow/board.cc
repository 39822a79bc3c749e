#include "engine/flow/board.h"

#include <algorithm>
#include <utility>

#include "engine/flow/renumbering.h"

namespace touchstone {
namespace {

void bring_to(const std::shared_ptr<const Rules>& rules, JourneyStatus& status) {
  if (!rules || !status.rules || status.rules == rules) return;
  status.stage_customers = renumbered(status.stage_customers, *status.rules, *rules);
  status.rules = rules;
}

}  // namespace

void Board::change_rules(std::shared_ptr<const Rules> rules) {
  const std::scoped_lock lock(mutex_);
  if (now_.rules == rules) return;
  now_.rules = std::move(rules);
  now_.counts = renumbered(std::move(now_.counts), now_.rules);
  for (auto& [task, status] : now_.journeys) bring_to(now_.rules, status);
  // Each windows task tells them again when it has changed to the rules.
  for (auto& [task, rows] : rows_) {
    for (auto& [key, row] : rows) row.measures.stages.clear();
  }
  moves_.clear();
}

std::shared_ptr<const Rules> Board::rules() const {
  const std::scoped_lock lock(mutex_);
  return now_.rules;
}

void Board::add(const Counts& counts) {
  const std::scoped_lock lock(mutex_);
  if (counts.rules && now_.rules && counts.rules != now_.rules) {
    now_.counts.add(renumbered(counts, now_.rules));
  } else {
    now_.counts.add(counts);
  }
}

void Board::publish(const TaskId& task, JourneyStatus status) {
  const std::scoped_lock lock(mutex_);
  bring_to(now_.rules, status);
  now_.journeys[task] = std::move(status);
}

void Board::publish(const TaskId& task, WindowsStatus status, std::vector<Row> rows) {
  const std::scoped_lock lock(mutex_);
  if (status.rules && now_.rules && status.rules != now_.rules) {
    for (Row& row : rows) row.measures.stages.clear();
    if (status.moves) status.moves->clear();
  }
  if (status.moves) {
    moves_[task] = *std::exchange(status.moves, std::nullopt);
    rankings_[task] = std::exchange(status.rankings, {});
  }
  if (status.alerts) alerts_[task] = *std::exchange(status.alerts, std::nullopt);
  now_.windows[task] = std::move(status);
  auto& known = rows_[task];
  for (Row& row : rows) {
    std::tuple<std::size_t, CellKey> key{row.window, row.cell};
    known[std::move(key)] = std::move(row);
  }
}

void Board::set_lag(const TopicPartition& partition, std::int64_t records) {
  const std::scoped_lock lock(mutex_);
  now_.lag[partition] = records;
}

void Board::set_state_bytes(std::uint64_t bytes) {
  const std::scoped_lock lock(mutex_);
  now_.state_bytes = bytes;
}

void Board::set_state_free_bytes(std::uint64_t bytes) {
  const std::scoped_lock lock(mutex_);
  now_.state_free_bytes = bytes;
}

void Board::count_reload(bool applied, std::chrono::system_clock::time_point at) {
  const std::scoped_lock lock(mutex_);
  ++(applied ? now_.reloads.applied : now_.reloads.refused);
  now_.reloads.last_applied = applied;
  if (applied) now_.reloads.last_success = at;
}

void Board::count_rebalance() {
  const std::scoped_lock lock(mutex_);
  ++now_.rebalances;
}

void Board::count_restored(std::uint64_t records) {
  const std::scoped_lock lock(mutex_);
  now_.restored_records += records;
}

void Board::set_standby(const TaskId& task, std::optional<std::int64_t> left) {
  const std::scoped_lock lock(mutex_);
  if (left) {
    now_.standby[task] = *left;
  } else {
    now_.standby.erase(task);
  }
}

void Board::count_commit(double seconds) {
  const std::scoped_lock lock(mutex_);
  const auto* bound = std::lower_bound(CommitTimes::kBounds.begin(), CommitTimes::kBounds.end(), seconds);
  ++now_.commits.buckets[static_cast<std::size_t>(bound - CommitTimes::kBounds.begin())];
  now_.commits.sum_seconds += seconds;
}

void Board::set_ready(const std::string& worker, bool ready) {
  const std::scoped_lock lock(mutex_);
  ready_[worker] = ready;
}

void Board::set_stalled(const std::string& worker, bool stalled) {
  const std::scoped_lock lock(mutex_);
  now_.stalled[worker] = stalled;
}

void Board::count_error(ErrorKind kind) {
  const std::scoped_lock lock(mutex_);
  ++now_.troubles.errors[static_cast<std::size_t>(kind)];
}

void Board::count_rebuild(ErrorCause cause) {
  const std::scoped_lock lock(mutex_);
  ++now_.troubles.rebuilds[static_cast<std::size_t>(cause)];
}

void Board::count_abort() {
  const std::scoped_lock lock(mutex_);
  ++now_.troubles.aborts;
}

void Board::set_resting(const std::string& worker, std::string why) {
  const std::scoped_lock lock(mutex_);
  if (why.empty()) {
    resting_.erase(worker);
  } else {
    resting_[worker] = std::move(why);
  }
}

void Board::withdraw(const TaskId& task) {
  const std::scoped_lock lock(mutex_);
  now_.journeys.erase(task);
  now_.windows.erase(task);
  rows_.erase(task);
  moves_.erase(task);
  rankings_.erase(task);
  alerts_.erase(task);
  now_.lag.erase({task.topic, task.partition});
}

BoardSnapshot Board::snapshot() const {
  const std::scoped_lock lock(mutex_);
  BoardSnapshot copy = now_;
  for (const auto& [task, rows] : rows_) copy.rows.insert(rows.begin(), rows.end());
  copy.alerts = listed_alerts();
  copy.resting = !resting_.empty();
  copy.ready = !missing();
  return copy;
}

BoardSnapshot Board::window_snapshot(std::size_t window) const {
  const std::scoped_lock lock(mutex_);
  BoardSnapshot copy;
  copy.windows = now_.windows;
  for (const auto& [task, rows] : rows_) {
    const auto end = rows.lower_bound({window + 1, {}});
    copy.rows.insert(rows.lower_bound({window, {}}), end);
  }
  for (const auto& [task, cells] : moves_) copy.moves.insert(cells.begin(), cells.end());
  for (const auto& [task, rankings] : rankings_) copy.rankings.insert(rankings.begin(), rankings.end());
  copy.alerts = listed_alerts();
  copy.ready = !missing();
  return copy;
}

std::vector<Alert> Board::alerts() const {
  const std::scoped_lock lock(mutex_);
  return listed_alerts();
}

std::vector<Alert> Board::listed_alerts() const {
  std::vector<Alert> listed;
  for (const auto& [task, alerts] : alerts_) listed.insert(listed.end(), alerts.begin(), alerts.end());
  std::sort(listed.begin(), listed.end(), listed_before);
  return listed;
}

std::uint64_t Board::records() const {
  const std::scoped_lock lock(mutex_);
  return now_.counts.records();
}

BoardSnapshot Board::progress_snapshot() const {
  const std::scoped_lock lock(mutex_);
  BoardSnapshot copy;
  for (const auto& [task, status] : now_.journeys) copy.journeys[task].watermark = status.watermark;
  copy.windows = now_.windows;
  copy.lag = now_.lag;
  copy.ready = !missing();
  return copy;
}

std::optional<std::string> Board::why_not_ready() const {
  const std::scoped_lock lock(mutex_);
  return missing();
}

std::optional<std::string> Board::missing() const {
  if (!resting_.empty()) return resting_.begin()->second;
  if (ready_.empty()) return "starting";
  std::string stalled;
  for (const auto& [worker, is] : now_.stalled) {
    if (is) stalled += ' ' + worker;
  }
  if (!stalled.empty()) return "stalled:" + stalled;
  std::string waiting;
  for (const auto& [worker, is] : ready_) {
    if (!is) waiting += ' ' + worker;
  }
  if (!waiting.empty()) return "partitions are not assigned yet, or their state is being restored:" + waiting;
  return std::nullopt;
}

}  // namespace touchstone
