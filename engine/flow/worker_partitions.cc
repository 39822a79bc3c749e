// How a worker gets partitions, with their state, and loses them again.
#include <algorithm>
#include <utility>

#include "engine/flow/worker.h"

namespace touchstone {
namespace {

/// Between two attempts to restore what there was no memory for.
constexpr std::chrono::seconds kRestoreAgain{60};
/// Until what there was no memory for beside others is restored one by one: for what was freed to be given back.
constexpr std::chrono::seconds kRestoreSingly{2};
/// After so many failures in a row, which take a minute, a state ahead of the group's offset is no passing thing.
constexpr int kAttemptsAhead = 12;

}  // namespace

// Loads what has no task yet, as long as there is memory for it; what is loaded begins. Meanwhile what runs goes on.
Result<void> Worker::assign_owned() {
  TOUCHSTONE_TRY(begin_loaded());
  if (assigned_.size() == owned_.size()) {
    one_by_one_ = false;
    return {};
  }
  board_.set_ready(options_.name, false);
  for (const TopicPartition& partition : owned_) {
    const std::size_t most = one_by_one_ ? 1 : std::max<std::size_t>(options_.restored_at_once, 1);
    if (rest_ != Rest::kNone || loading_.size() >= most) return {};
    if (assigned_.contains(partition) || is_loading(partition)) continue;
    TOUCHSTONE_TRY(start_loading(partition));
    TOUCHSTONE_TRY(begin_loaded());
  }
  return {};
}

bool Worker::is_loading(const TopicPartition& partition) const {
  return std::any_of(loading_.begin(), loading_.end(),
                     [&](const Loading& each) { return each.partition == partition; });
}

Result<void> Worker::start_loading(const TopicPartition& partition) {
  options_.pulse->begin("restoring");
  const TaskId id{options_.stage, partition.topic, partition.partition};
  Assigned assigned;
  if (options_.claims) assigned.claim = options_.claims->take(id);
  assigned.task = std::make_unique<Task>(id, options_.task, options_.factory);
  const auto caught_up = assigned.task->catch_up(*log_, tables_, *options_.pulse);
  board_.count_restored(assigned.task->restored_records());
  if (!caught_up) return caught_up;

  Loading& loading = loading_.emplace_back(partition, std::move(assigned), !one_by_one_);
  const auto load = [this, &loading] {
    const std::function<Result<void>()> may_go_on = [this, &loading]() -> Result<void> {
      if (loading.dropped) return Error(ErrorKind::kRetry, "its partition was lost");
      return memory();
    };
    loading.loaded = loading.assigned.task->load(tables_, {*options_.pulse, may_go_on});
  };
  if (options_.run_beside) {
    loading.job = options_.run_beside(load);
  } else {
    load();
  }
  return {};
}

Result<void> Worker::begin_loaded() {
  for (auto next = loading_.begin(); next != loading_.end();) {
    const auto each = next++;
    if (each->job && !each->job->ended()) continue;
    std::list<Loading> done;
    done.splice(done.begin(), loading_, each);
    if (each->loaded) {
      TOUCHSTONE_TRY(begin(each->partition, std::move(each->assigned)));
    } else {
      TOUCHSTONE_TRY(load_later(each->loaded.error(), each->among_others));
    }
  }
  return {};
}

// What was loaded so far is dropped; its partition stays ours.
Result<void> Worker::load_later(const Error& error, bool among_others) {
  if (error.kind() != ErrorKind::kRetry || (!among_others && memory())) return error;
  one_by_one_ = true;
  restore_after_ = clock_.now() + (among_others ? kRestoreSingly : kRestoreAgain);
  rest(Rest::kInPlace, error);
  return {};
}

void Worker::drop_loading(const std::function<bool(const TopicPartition&)>& lost) {
  for (Loading& each : loading_) {
    if (lost(each.partition)) each.dropped = true;
  }
  loading_.remove_if([&](const Loading& each) { return lost(each.partition); });
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
  drop_loading([&](const TopicPartition& each) {
    return std::find(partitions.begin(), partitions.end(), each) != partitions.end();
  });
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
  // What comes before a state is loaded would be lost.
  log_->hold();
  drop_tasks();
  return assign_owned();
}

void Worker::drop_tasks() {
  drop_loading([](const TopicPartition&) { return true; });
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
