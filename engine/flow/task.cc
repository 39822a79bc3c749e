#include "engine/flow/task.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "engine/flow/changelog_copy.h"
#include "engine/wire/records.h"

namespace touchstone {
namespace {

/// Keys loaded between two looks whether there is memory for more.
constexpr std::size_t kLoadedAtOnce = 256;

std::string named(const TaskId& id) { return id.topic + "/" + std::to_string(id.partition.value()); }

}  // namespace

Task::Task(TaskId id, TaskOptions options, StageFactory factory)
    : id_(std::move(id)),
      options_(std::move(options)),
      factory_(std::move(factory)),
      slices_(options_.slices),
      position_states_(options_.slices) {}

Result<void> Task::catch_up(Log& log, Tables& tables, Pulse& pulse) {
  state_ = State::kRestoring;
  // Committed offsets are read before the changelog: what they cover is then in it.
  const auto committed = log.committed(input());
  if (!committed) return committed.error();
  found_committed_ = *committed;
  if (options_.changelog.empty()) return {};
  const auto caught_up = touchstone::catch_up({id_, options_.changelog}, log, tables, pulse);
  if (!caught_up) return caught_up.error();
  restored_records_ = *caught_up;
  return {};
}

// The positions and the rules sort before everything that a stage is needed for.
Result<void> Task::load(Tables& tables, const Restoring& with) {
  if (options_.changelog.empty()) return make_stage();
  bool sound = true;
  bool copied = false;
  std::size_t loaded = 0;
  Result<void> made{};
  TOUCHSTONE_TRY(tables.scan(id_, [&](std::string_view key, std::string_view value) {
    if (++loaded % kLoadedAtOnce == 0) {
      with.pulse.beat();
      made = with.may_go_on();
      if (!made) return false;
    }
    if (key == changelog_offset_key()) return copied = true;
    switch (key.empty() ? KeyKind{} : static_cast<KeyKind>(key.front())) {
      case KeyKind::kPosition:
        sound = restore_position(key, value);
        break;
      case KeyKind::kRules:
        rules_found_ = value;
        break;
      default:
        if (!stage_) made = make_stage();
        sound = made && stage_->restore(key, value);
    }
    return sound && made;
  }));
  // After catch_up() each copy says how far it goes; it may have grown too old since.
  if (sound && made && !copied) made = Error(ErrorKind::kRetry, "the copy of " + named(id_) + " was forgotten");
  if (sound && made && !stage_) made = make_stage();
  if (!made) return made;
  if (!sound) return Error(ErrorKind::kReject, "the state of " + named(id_) + " cannot be read by this version");
  return {};
}

bool Task::restore_position(std::string_view key, std::string_view value) {
  ByteReader in(key.substr(1));
  const std::uint64_t slice = in.number();
  const std::optional<SlicePosition> position = decode_position(value);
  if (!in.done() || !position || slice >= slices_.count()) return false;
  slices_.set(static_cast<std::uint32_t>(slice), position->offset);
  position_states_[slice] = position->state;
  fingerprint_ = position->fingerprint;
  return true;
}

Result<void> Task::make_stage() {
  const bool replays = position_states_.front() && found_committed_ && slices_.lowest() < *found_committed_;
  auto stage = factory_(id_, slices_, replays ? std::optional<std::string_view>(rules_found_) : std::nullopt);
  if (!stage) {
    return Error(stage.error().kind(), "the rules recorded with the state of " + named(id_) +
                                           " cannot be used by this version: " + stage.error().message());
  }
  stage_ = std::move(*stage);
  if (!fingerprint_.empty() && fingerprint_ != stage_->fingerprint()) {
    return Error(ErrorKind::kReject, "the state of " + named(id_) + " was made with other settings: [" + fingerprint_ +
                                         "], these are [" + stage_->fingerprint() +
                                         "]; go back to those, or begin anew with another group and prefix");
  }
  const std::shared_ptr<const std::string> text = stage_->rules_text();
  if (text && rules_found_ == *text) rules_written_ = text;
  return {};
}

Result<Offset> Task::settle(Log& log, Ahead ahead) {
  const std::optional<Offset> committed = std::exchange(found_committed_, std::nullopt);
  auto range = log.range(input());
  if (!range) return range.error();
  const bool fresh = !position_states_.front().has_value();
  rules_found_.reset();
  if (fresh) {
    next_ = committed_ = committed.value_or(range->begin);
    if (next_ < range->begin) return lost(range->begin);
    if (committed && !options_.changelog.empty() && *committed > range->begin) {
      return Error(ErrorKind::kReject, "the group has read " + named(id_) + " up to " +
                                           std::to_string(committed->value()) + " but its changelog " +
                                           options_.changelog +
                                           " is empty: it was deleted, or belongs to another "
                                           "group; begin anew with another group and prefix");
    }
    for (std::uint32_t slice = 0; slice < slices_.count(); ++slice) slices_.set(slice, next_);
    state_ = State::kRunning;
    return next_;
  }
  std::vector<std::string> states;
  const std::string* from = nullptr;
  const Offset lowest = slices_.lowest();
  for (std::uint32_t slice = 0; slice < slices_.count(); ++slice) {
    if (!position_states_[slice]) return Error(ErrorKind::kReject, "a slice of " + named(id_) + " has no position");
    states.push_back(*position_states_[slice]);
    if (from == nullptr && slices_.applies(slice, lowest)) from = &*position_states_[slice];
  }
  if (!committed || slices_.highest() > *committed) {
    const std::string how = "the state of " + named(id_) + " is ahead of the group's committed offset (" +
                            std::to_string(slices_.highest().value()) + " to " +
                            (committed ? std::to_string(committed->value()) : "none") + ")";
    if (ahead == Ahead::kTryAgain) return Error(ErrorKind::kRetry, how + ": trying again");
    return Error(ErrorKind::kReject,
                 how + ": the group's offsets were reset or lost; begin anew with another group and prefix");
  }
  next_ = lowest;
  if (lowest < range->begin) return lost(range->begin);
  if (!stage_->restored(states, *from)) {
    return Error(ErrorKind::kReject, "the position of " + named(id_) + " cannot be read by this version");
  }
  committed_ = wanted_ = *committed;
  has_positions_ = true;
  // The first commit tells the next stage that what was silent is no longer known to be.
  dirty_ = true;
  state_ = next_ < committed_ ? State::kReplaying : State::kRunning;
  return next_;
}

Error Task::lost(Offset begin) const {
  return {ErrorKind::kReject, named(id_) + " no longer holds the records from " + std::to_string(next_.value()) +
                                  " to " + std::to_string(begin.value()) +
                                  ": they were deleted before they were processed for good; begin anew with another "
                                  "group and prefix"};
}

// Control records leave gaps in the log, so the replay may be over without a record at its last offset.
void Task::arrive(Offset at) {
  if (state_ == State::kReplaying && at >= committed_) state_ = State::kRunning;
}

Result<void> Task::process(const Record& record, Output& out) {
  if (state_ == State::kReplaying) {
    Output dropped;
    dropped.unseen = true;
    TOUCHSTONE_TRY(stage_->process(record, dropped));
    stage_->flush(dropped);
    next_ = record.offset.next();
    return {};
  }
  TOUCHSTONE_TRY(stage_->process(record, out));
  next_ = wanted_ = record.offset.next();
  dirty_ = true;
  return {};
}

void Task::reached_end(Offset end) {
  if (state_ == State::kReplaying && end >= committed_) state_ = State::kRunning;
  if (state_ == State::kRunning) next_ = std::max(next_, end);
}

void Task::settle_at_end() {
  if (state_ != State::kRunning || next_ <= committed_) return;
  wanted_ = next_;
  dirty_ = true;
}

bool Task::dirty() const {
  if (state_ != State::kRunning) return false;
  return dirty_ || (has_positions_ && slices_.lowest() < wanted_);
}

std::uint32_t Task::begin_checkpoint(Output& out) {
  assert(state_ == State::kRunning);
  stage_->flush(out);
  staged_.clear();
  if (options_.changelog.empty()) {
    stage_->drop_changes();
    return 0;
  }
  if (std::shared_ptr<const std::string> text = stage_->rules_text(); text && text != rules_written_) {
    stage_change({rules_key(), *text}, out);
    rules_written_ = std::move(text);
  }
  return std::exchange(has_positions_, true) ? 1 : slices_.count();
}

void Task::write_slice(Output& out) {
  const std::uint32_t slice = next_slice_;
  next_slice_ = (next_slice_ + 1) % slices_.count();
  for (TableChange& change : stage_->take_changes(slice)) stage_change(std::move(change), out);
  stage_change({position_key(slice), encode_position({next_, stage_->fingerprint(), stage_->position_state()})}, out);
  slices_.set(slice, next_);
}

void Task::stage_change(TableChange change, Output& out) {
  out.records.push_back({options_.changelog, id_.partition, change.key, change.value, {}});
  staged_.push_back(std::move(change));
}

TaskChanges Task::committed(std::optional<Offset> written) {
  dirty_ = false;
  committed_ = next_;
  if (written) {
    ByteWriter offset;
    offset.signed_number(written->value());
    staged_.push_back({changelog_offset_key(), offset.take()});
  }
  return {id_, std::exchange(staged_, {})};
}

}  // namespace touchstone
