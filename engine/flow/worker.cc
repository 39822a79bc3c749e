#include "engine/flow/worker.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace touchstone {
namespace {

/// As many records, or bytes of them, are handed to the log at once.
constexpr std::size_t kProduceChunk = 10'000;
constexpr std::size_t kProduceBytes = std::size_t{4} << 20;
/// What a record costs beside its key and value: its topic's name, and what holds it together.
constexpr std::size_t kRecordBytes = 128;

/// Attempts follow each other after 0.2, 0.4, 0.8 … 10 s.
std::chrono::microseconds pause_after(int failures) {
  using namespace std::chrono;
  return std::min(milliseconds{100} * (1 << std::min(failures, 7)), milliseconds{10'000});
}

}  // namespace

Worker::Worker(WorkerOptions options, LogFactory make_log, Tables& tables, Clock& clock, Board& board)
    : options_(std::move(options)), make_log_(std::move(make_log)), tables_(tables), clock_(clock), board_(board) {
  board_.set_ready(options_.name, false);
}

Worker::~Worker() {
  drop_loading([](const TopicPartition&) { return true; });
}

Result<bool> Worker::turn(Millis wait) {
  Result<bool> moved = try_turn(wait);
  options_.pulse->beat();
  if (!moved && moved.error().kind() == ErrorKind::kReject) return moved;
  if (options_.pulse->take_given_up()) {
    TOUCHSTONE_TRY(recover(Error(ErrorKind::kFatal,
                                 "told to give up by the watchdog" + (moved ? "" : ": " + moved.error().message()),
                                 ErrorCause::kStalled)));
    return false;
  }
  if (moved) return moved;
  TOUCHSTONE_TRY(recover(moved.error()));
  return false;
}

Result<bool> Worker::try_turn(Millis wait) {
  if (holds_back()) return false;
  TOUCHSTONE_TRY(look_for_room());
  if (rest_ == Rest::kAway) return false;
  const bool reads = rest_ == Rest::kNone;
  if (!log_) TOUCHSTONE_TRY(open());
  if (options_.rules_text && reads) rules_text_ = options_.rules_text();
  if (std::any_of(assigned_.begin(), assigned_.end(),
                  [&](const auto& each) { return each.second.task->is_outdated(rules_text_); })) {
    TOUCHSTONE_TRY(change_rules());
  }
  options_.pulse->begin("reading");
  auto polled = log_->poll(wait, reads ? options_.max_records : 0);
  if (!polled) return polled.error();
  taken_ += polled->records.size();
  TOUCHSTONE_TRY(handle(*polled));
  if (options_.detect_silence && reads) notice_silence();
  TOUCHSTONE_TRY(produce());
  TOUCHSTONE_TRY(find_end());

  const bool due = is_commit_due();
  constexpr std::chrono::seconds kQuiet{5};
  if (clock_.now() - last_commit_ >= kQuiet) {
    for (auto& [partition, assigned] : assigned_) assigned.task->settle_at_end();
  }
  const bool dirty = any_dirty();
  if (due && dirty) TOUCHSTONE_TRY(commit(Checkpoint::kNext));
  show();
  answer_questions();
  if (!any_dirty()) failures_ = 0;
  return !polled->records.empty() || !polled->assigned.empty() || !polled->lost.empty() || (due && dirty);
}

Result<void> Worker::open() {
  options_.pulse->begin("connecting");
  auto log = make_log_();
  if (!log) return log.error();
  log_ = std::move(*log);
  last_commit_ = opened_ = clock_.now();
  return {};
}

Result<void> Worker::look_for_room() {
  if (const auto disk = tables_.room(); !disk) {
    if (rest_ != Rest::kAway) TOUCHSTONE_TRY(give_up_input());
    rest(Rest::kAway, disk.error());
  } else if (const auto enough = memory(); !enough) {
    rest(Rest::kInPlace, enough.error());
    // Nobody looks any more whether something has come behind these ends.
    for (auto& [partition, assigned] : assigned_) assigned.end_since.reset();
  } else if (rest_ != Rest::kNone && clock_.now() >= restore_after_) {
    rest_ = Rest::kNone;
    board_.set_resting(options_.name, {});
  }
  return {};
}

Result<void> Worker::memory() const { return options_.memory ? options_.memory() : Result<void>{}; }

void Worker::rest(Rest how, const Error& lacking) {
  if (std::exchange(rest_, how) == how) return;
  notice_ = options_.name + ": takes no more input: " + lacking.message();
  board_.set_resting(options_.name, lacking.message());
}

// Others of the group get our partitions, and may have room. What was begun is committed first.
Result<void> Worker::give_up_input() {
  if (log_ && any_dirty()) TOUCHSTONE_TRY(commit(Checkpoint::kNext));
  drop_tasks();
  owned_.clear();
  if (log_) log_->leave();
  log_.reset();
  return {};
}

bool Worker::any_dirty() const {
  return std::any_of(assigned_.begin(), assigned_.end(), [](const auto& each) { return each.second.task->dirty(); });
}

void Worker::answer_questions() {
  if (!options_.questions || !settled_) return;
  options_.questions->serve([this](const std::string& customer) {
    CustomerAnswer answer;
    for (auto& [partition, assigned] : assigned_) {
      if (assigned.task->state() != Task::State::kRunning) continue;
      ++answer.partitions;
      auto found = assigned.task->stage().customer(customer);
      if (!found) continue;
      answer.customer = std::move(found->customer);
      answer.rules = std::move(found->rules);
    }
    return answer;
  });
}

void Worker::show() {
  // A worker that the group gives no partitions stands by, and is as ready as it can be.
  constexpr std::chrono::seconds kLongestJoin{10};
  const bool all_run = std::all_of(assigned_.begin(), assigned_.end(),
                                   [](const auto& each) { return each.second.task->state() == Task::State::kRunning; });
  const bool all_there = assigned_.size() == owned_.size();
  if (all_run && all_there && (!assigned_.empty() || clock_.now() - opened_ >= kLongestJoin))
    board_.set_ready(options_.name, true);
  constexpr std::chrono::seconds kBetween{1};
  if (clock_.now() - last_lag_ < kBetween) return;
  last_lag_ = clock_.now();
  for (const auto& [partition, assigned] : assigned_) board_.set_lag(partition, log_->lag(partition));
}

Result<void> Worker::handle(const Polled& polled) {
  // Noted first: if restoring one of them fails, the others are still ours.
  if (!polled.lost.empty() || !polled.assigned.empty()) board_.count_rebalance();
  for (const TopicPartition& partition : polled.lost) owned_.erase(partition);
  owned_.insert(polled.assigned.begin(), polled.assigned.end());
  if (!polled.lost.empty()) TOUCHSTONE_TRY(lose(polled.lost));
  TOUCHSTONE_TRY(assign_owned());
  // One poll can lead to far more records than fit into a transaction, or into memory.
  const std::size_t chunk = std::min(kProduceChunk, options_.max_staged);
  const std::size_t chunk_bytes = std::min(kProduceBytes, options_.max_staged_bytes);
  for (const Record& record : polled.records) {
    TOUCHSTONE_TRY(process(record));
    if (outdated_) return change_rules();
    measure();
    if (out_.records.size() < chunk && out_bytes_ < chunk_bytes) continue;
    TOUCHSTONE_TRY(produce());
    if (is_full()) TOUCHSTONE_TRY(commit(Checkpoint::kNext));
  }
  for (const ConsumedOffset& end : polled.at_end) {
    const auto found = assigned_.find(end.partition);
    if (found == assigned_.end()) continue;
    found->second.task->reached_end(end.next);
    found->second.end_since = clock_.now();
  }
  return {};
}

Result<void> Worker::process(const Record& record) {
  const auto found = assigned_.find({std::string(record.topic), record.partition});
  if (found == assigned_.end()) return {};
  Assigned& assigned = found->second;
  if (const auto limit = limits_.find(found->first); limit != limits_.end() && record.offset >= limit->second) {
    assigned.end_since = clock_.now();
    return {};
  }
  assigned.end_since.reset();
  assigned.silent = false;
  options_.pulse->beat();
  settled_ = false;
  Task& task = *assigned.task;
  const bool replayed = task.state() == Task::State::kReplaying;
  task.arrive(record.offset);
  outdated_ = replayed && task.is_outdated(rules_text_);
  if (outdated_) return {};
  return task.process(record, out_);
}

// Everything processed so far is committed, with every slice; from there on all tasks go by the rules in force. What
// was polled and not processed comes again.
Result<void> Worker::change_rules() {
  outdated_ = false;
  TOUCHSTONE_TRY(commit(Checkpoint::kAll));
  return restore_all();
}

void Worker::notice_silence() {
  for (auto& [partition, assigned] : assigned_) {
    if (!assigned.end_since || assigned.silent || clock_.now() - *assigned.end_since < options_.idle) continue;
    assigned.silent = true;
    assigned.task->stage().silence();
    assigned.task->touch();
  }
}

Result<void> Worker::end_input(std::uint64_t session) {
  options_.to_end = session;
  for (const auto& [partition, assigned] : assigned_) TOUCHSTONE_TRY(find_limit(partition));
  return {};
}

Result<void> Worker::find_limit(const TopicPartition& partition) {
  if (limits_.contains(partition)) return {};
  auto range = log_->range(partition);
  if (!range) return range.error();
  limits_[partition] = range->end;
  return {};
}

bool Worker::reached_limit(const TopicPartition& partition, const Assigned& assigned) const {
  if (assigned.task->state() != Task::State::kRunning) return false;
  // Control records may take up the last offsets, so having been shown the end counts too.
  return assigned.end_since.has_value() || assigned.task->next() >= limits_.at(partition);
}

Result<void> Worker::find_end() {
  if (!options_.to_end || assigned_.empty() || assigned_.size() < options_.partitions || finished_) return {};
  if (!options_.outermost) {
    const bool told = std::all_of(assigned_.begin(), assigned_.end(),
                                  [&](const auto& each) { return each.second.task->stage().ended(*options_.to_end); });
    if (!told) return {};
  } else if (!end_told_) {
    const bool reached = std::all_of(assigned_.begin(), assigned_.end(),
                                     [&](const auto& each) { return reached_limit(each.first, each.second); });
    if (!reached) return {};
    EndOfInput end{std::nullopt, *options_.to_end};
    for (const auto& [partition, assigned] : assigned_) {
      const auto highest = assigned.task->stage().highest();
      if (highest) end.highest = end.highest ? std::max(*end.highest, *highest) : *highest;
    }
    for (auto& [partition, assigned] : assigned_) {
      assigned.task->stage().end(end, out_);
      assigned.task->touch();
    }
    end_told_ = true;
  }
  TOUCHSTONE_TRY(commit(Checkpoint::kAll));
  finished_ = true;
  return {};
}

// A transaction that is large already is worth its commit; what it holds takes memory until then.
bool Worker::is_commit_due() const {
  constexpr std::int64_t kFarBehind = 10;
  constexpr std::size_t kLarge = 4;
  const auto passed = clock_.now() - last_commit_;
  if (passed < options_.commit_interval) return is_full();
  if (passed >= options_.commit_interval_behind || is_full()) return true;
  if (rest_ != Rest::kNone || staged_bytes_ >= options_.max_staged_bytes / kLarge) return true;
  std::int64_t waiting = 0;
  for (const auto& [partition, assigned] : assigned_) waiting += log_->lag(partition);
  return waiting / kFarBehind < static_cast<std::int64_t>(std::max<std::uint64_t>(taken_, 1));
}

// A commit that stands for several writes the slices of all of them: how long a round over the slices takes bounds what
// a crash makes us read again.
std::uint32_t Worker::slices_due() const {
  if (options_.commit_interval_behind <= options_.commit_interval) return 1;
  const Millis interval = std::max(options_.commit_interval, Millis{1});
  const auto most = options_.commit_interval_behind / interval;
  const auto missed = (clock_.now() - last_commit_) / interval;
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(missed, 1, std::max<std::int64_t>(most, 1)));
}

bool Worker::is_full() const { return staged_ >= options_.max_staged || staged_bytes_ >= options_.max_staged_bytes; }

void Worker::measure() {
  for (; measured_ < out_.records.size(); ++measured_) {
    const OutRecord& record = out_.records[measured_];
    out_bytes_ += kRecordBytes + (record.key ? record.key->size() : 0) + (record.value ? record.value->size() : 0);
  }
}

Result<void> Worker::produce() {
  measure();
  staged_ += out_.records.size();
  staged_bytes_ += std::exchange(out_bytes_, 0);
  measured_ = 0;
  options_.pulse->begin("writing");
  for (OutRecord& record : out_.records) {
    TOUCHSTONE_TRY(log_->produce(std::move(record)));
    options_.pulse->beat();
  }
  out_.records.clear();
  return {};
}

// More slices than must be only as long as the transaction has room. Each is handed over by itself: together they may
// be all of the state.
Result<void> Worker::checkpoint(Task& task, Checkpoint which) {
  const std::uint32_t must = task.begin_checkpoint(out_);
  if (must == 0) return {};
  const std::uint32_t due = which == Checkpoint::kAll ? options_.task.slices : slices_due();
  for (std::uint32_t i = 0; i < std::max(must, std::min(due, options_.task.slices)); ++i) {
    if (which == Checkpoint::kNext && i >= must && is_full()) break;
    task.write_slice(out_);
    TOUCHSTONE_TRY(produce());
  }
  return {};
}

Result<void> Worker::commit(Checkpoint which) {
  const auto begun = clock_.now();
  std::vector<ConsumedOffset> offsets;
  std::vector<Assigned*> committing;
  for (auto& [partition, assigned] : assigned_) {
    if (assigned.task->dirty()) {
      TOUCHSTONE_TRY(checkpoint(*assigned.task, which));
      committing.push_back(&assigned);
    }
    // Every commit names all partitions, the unchanged ones too: only there Kafka checks that they are ours.
    offsets.push_back({partition, assigned.task->next()});
  }
  TOUCHSTONE_TRY(produce());
  options_.pulse->begin("committing");
  // While the partitions are ours nobody else writes to the changelogs, and the commit tells whether they are.
  const TablesTime asked = tables_.now();
  auto receipt = log_->commit(offsets);
  if (!receipt) return receipt.error();
  options_.pulse->begin("writing the local state");
  failures_ = 0;
  if (receipt->renewed) board_.count_rebuild(ErrorCause::kConnection);

  board_.add(out_.counts);
  out_ = {};
  staged_ = staged_bytes_ = 0;
  taken_ = 0;
  settled_ = true;
  std::vector<TaskChanges> changes;
  for (Assigned* assigned : committing) {
    const TopicPartition changelog{options_.task.changelog, assigned->task->id().partition};
    const auto written = std::find_if(receipt->written.begin(), receipt->written.end(),
                                      [&](const ConsumedOffset& each) { return each.partition == changelog; });
    changes.push_back(
        assigned->task->committed(written == receipt->written.end() ? std::nullopt : std::optional(written->next)));
    changes.back().as_of = asked;
  }
  if (!options_.task.changelog.empty()) TOUCHSTONE_TRY(tables_.apply(std::move(changes)));

  for (Assigned* assigned : committing) publish(false, *assigned);
  const auto ended = clock_.now();
  // From one beginning to the next it is the interval, and half of it is for other things than commits however long
  // these take.
  last_commit_ = std::max(begun, ended - options_.commit_interval / 2);
  board_.count_commit(std::chrono::duration<double>(ended - begun).count());
  return {};
}

void Worker::publish(bool everything, Assigned& assigned) {
  assigned.task->stage().publish(board_, assigned.task->id(), everything);
}

Result<void> Worker::recover(const Error& error) {
  notice_ = options_.name + ": " + error.message();
  ++failures_;
  board_.count_error(error.kind());
  if (error.kind() == ErrorKind::kAbort || staged_ > 0) board_.count_abort();
  Result<void> mended = give_up_transaction(error);
  if (!mended && mended.error().kind() == ErrorKind::kReject) return mended;
  if (mended) {
    // What fails again at once, as a record that the broker refuses, is not repeated as fast as it goes.
    if (failures_ > 1) not_before_ = clock_.now() + pause_after(failures_ - 1);
    return {};
  }
  drop_tasks();
  owned_.clear();
  if (log_) {
    board_.count_rebuild(mended.error().cause());
    options_.pulse->begin("closing");
    log_->close();
  }
  log_.reset();
  not_before_ = clock_.now() + pause_after(failures_);
  return {};
}

/// Goes back to the last commit with the clients as they are. An error: they must be made anew.
Result<void> Worker::give_up_transaction(const Error& error) {
  if (error.kind() == ErrorKind::kFatal || !log_) return error;
  options_.pulse->begin("aborting");
  TOUCHSTONE_TRY(log_->abort());
  return restore_all();
}

Result<void> Worker::stop(Leave leave) {
  if (!log_) return {};
  Result<void> committed{};
  if (leave == Leave::kCommit && any_dirty()) committed = commit(Checkpoint::kAll);
  if (leave == Leave::kAbandon || !committed) {
    if (staged_ > 0) board_.count_abort();
    (void)log_->abort();
  }
  options_.pulse->begin("closing");
  log_->close();
  log_.reset();
  drop_tasks();
  return committed;
}

}  // namespace touchstone
