// How a worker gets partitions, with their state, and loses them again.
#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/flow/worker.h"

namespace touchstone {
namespace {

/// Between two attempts to restore what there was no memory for.
constexpr std::chrono::seconds kRestoreAgain{60};
/// Until what there was no memory for together is restored one by one: for what was freed to be given back.
constexpr std::chrono::seconds kRestoreSingly{2};
/// After so many failures in a row, which take a minute, a state ahead of the group's offset is no passing thing.
constexpr int kAttemptsAhead = 12;

}  // namespace

// What has no task yet, as long as there is memory for it.
Result<void> Worker::assign_owned() {
  std::vector<TopicPartition> waiting;
  std::copy_if(owned_.begin(), owned_.end(), std::back_inserter(waiting),
               [this](const TopicPartition& each) { return !assigned_.contains(each); });
  if (waiting.empty()) {
    one_by_one_ = false;
    return {};
  }
  board_.set_ready(options_.name, false);
  const std::size_t together = one_by_one_ ? 1 : std::max<std::size_t>(options_.restored_at_once, 1);
  for (std::size_t first = 0; first < waiting.size(); first += together) {
    if (rest_ != Rest::kNone) return {};
    TOUCHSTONE_TRY(assign(std::span(waiting).subspan(first, std::min(together, waiting.size() - first))));
  }
  return {};
}

Result<void> Worker::assign(std::span<const TopicPartition> partitions) {
  options_.pulse->begin("restoring");
  std::vector<Assigned> restoring;
  for (const TopicPartition& partition : partitions) {
    const TaskId id{options_.stage, partition.topic, partition.partition};
    Assigned& assigned = restoring.emplace_back();
    if (options_.claims) assigned.claim = options_.claims->take(id);
    assigned.task = std::make_unique<Task>(id, options_.task, options_.factory);
    const auto caught_up = assigned.task->catch_up(*log_, tables_, *options_.pulse);
    board_.count_restored(assigned.task->restored_records());
    if (!caught_up) return caught_up;
  }
  const std::vector<Result<void>> loaded = load(restoring);
  for (std::size_t i = 0; i < restoring.size(); ++i) {
    if (loaded[i]) TOUCHSTONE_TRY(begin(partitions[i], std::move(restoring[i])));
  }
  const auto failed = std::find_if(loaded.begin(), loaded.end(), [](const Result<void>& each) { return !each; });
  if (failed == loaded.end()) return {};
  const Error& error = failed->error();
  const bool together = partitions.size() > 1;
  if (error.kind() != ErrorKind::kRetry || (!together && memory())) return error;
  // What was loaded so far is dropped here; its partition stays ours.
  one_by_one_ = one_by_one_ || together;
  restore_after_ = clock_.now() + (together ? kRestoreSingly : kRestoreAgain);
  rest(Rest::kInPlace, error);
  return {};
}

std::vector<Result<void>> Worker::load(std::span<const Assigned> restoring) {
  std::vector<Result<void>> loaded(restoring.size());
  std::vector<std::function<void()>> jobs;
  for (std::size_t i = 0; i < restoring.size(); ++i) {
    jobs.emplace_back([&, i] { loaded[i] = restoring[i].task->load(tables_, {*options_.pulse, options_.memory}); });
  }
  if (jobs.size() > 1 && options_.run_together) {
    options_.run_together(jobs);
  } else {
    for (const auto& job : jobs) job();
  }
  return loaded;
}

Result<void> Worker::begin(const TopicPartition& partition, Assigned assigned) {
  options_.pulse->begin("restoring");
  const auto ahead = failures_ < kAttemptsAhead ? Task::Ahead::kTryAgain : Task::Ahead::kRefuse;
  const auto from = assigned.task->settle(*log_, ahead);
  if (!from) return from.error();
  if (options_.to_end && options_.outermost) TOUCHSTONE_TRY(find_limit(partition));
  TOUCHSTONE_TRY(log_->start(partition, *from));
  publish(true, assigned);
  assigned_[partition] = std::move(assigned);
  return {};
}

Result<void> Worker::lose(const std::vector<TopicPartition>& partitions) {
  const bool nothing_staged = staged_ == 0 && out_.records.empty() && !any_dirty();
  for (const TopicPartition& partition : partitions) {
    const auto found = assigned_.find(partition);
    if (found == assigned_.end()) continue;
    board_.withdraw(found->second.task->id());
    assigned_.erase(found);
  }
  // What is staged may come from a partition that is no longer ours, so all of it goes, and the partitions that
  // we keep go back to their last commit.
  if (nothing_staged) return {};
  board_.count_abort();
  options_.pulse->begin("aborting");
  TOUCHSTONE_TRY(log_->abort());
  return restore_all();
}

Result<void> Worker::restore_all() {
  drop_tasks();
  return assign_owned();
}

void Worker::drop_tasks() {
  for (const auto& [partition, assigned] : assigned_) board_.withdraw(assigned.task->id());
  assigned_.clear();
  out_ = {};
  staged_ = staged_bytes_ = measured_ = out_bytes_ = 0;
  taken_ = 0;
  settled_ = true;
  end_told_ = false;
  board_.set_ready(options_.name, false);
}

}  // namespace touchstone
