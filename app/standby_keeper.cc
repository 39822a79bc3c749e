#include "app/standby_keeper.h"

#include <algorithm>
#include <exception>
#include <set>
#include <utility>

#include <spdlog/spdlog.h>

#include "app/standby_plan.h"
#include "ingest/kafka_admin.h"
#include "ingest/kafka_restore.h"

namespace touchstone {
namespace {

/// How long a broker may take for an answer. A worker that wants what is being copied waits no longer than that.
constexpr Millis kAnswer{3'000};

OpenStandby kafka_standby(const KafkaConnection& kafka, const std::string& group) {
  return [kafka, group](std::function<bool()> hurried) -> Result<StandbySources> {
    KafkaConnection connection = kafka;
    connection.patience = std::min(connection.patience, kAnswer);
    connection.hurried = std::move(hurried);
    auto opened = KafkaAdmin::open(connection);
    if (!opened) return opened.error();
    const std::shared_ptr<KafkaAdmin> admin = std::move(*opened);
    StandbySources sources;
    sources.changelogs = std::make_unique<KafkaRestore>(
        connection, KafkaIdentity{.group = group, .transactional_id = {}, .instance = {}});
    sources.members = [admin](const std::string& asked) { return admin->members(asked); };
    return sources;
  };
}

StandbyStage stage_of(const EngineOptions& engine, const WorkerOptions& worker, const std::string& topic) {
  return {
      worker.stage,         worker.name, group_of(engine, worker), topic, static_cast<std::int32_t>(worker.partitions),
      worker.task.changelog};
}

}  // namespace

StandbyOptions standby_options(const EngineOptions& engine, std::uint32_t lost) {
  StandbyOptions options;
  options.instance = engine.instance;
  options.lost = lost;
  // Several topics go through the intake, so there is one.
  options.stages = {stage_of(engine, journey_worker(engine.topology), engine.topology.journey_topics().front()),
                    stage_of(engine, windows_worker(engine.topology), engine.topology.topics.deltas)};
  options.open = kafka_standby(engine.kafka, engine.group);
  return options;
}

StandbyKeeper::StandbyKeeper(StandbyOptions options, Tables& tables, std::shared_ptr<Claims> claims, Clock& clock,
                             Board& board)
    : options_(std::move(options)), tables_(tables), claims_(std::move(claims)), clock_(clock), board_(board) {
  for (const StandbyStage& stage : options_.stages) {
    for (std::int32_t number = 0; number < stage.partitions; ++number) {
      const TaskId task{stage.kind, stage.topic, Partition(number)};
      copies_[task].what = {task, stage.changelog};
    }
  }
}

StandbyKeeper::~StandbyKeeper() {
  stop();
  if (thread_.joinable()) thread_.join();
  for (const auto& [task, copy] : copies_) board_.set_standby(task, std::nullopt);
}

void StandbyKeeper::start() {
  thread_ = std::thread([this] { work(); });
}

void StandbyKeeper::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  stopped_.notify_all();
}

void StandbyKeeper::work() {
  int failures = 0;
  while (!stopping_) {
    Result<void> looked{};
    try {
      looked = look();
    } catch (const std::exception& exception) {
      looked = Error(ErrorKind::kFatal, exception.what());
    }
    failures = looked ? 0 : failures + 1;
    if (!looked && looked.error().kind() == ErrorKind::kFatal) sources_.reset();
    if (failures == 1 && !stopping_) spdlog::warn("standby copies: {}; trying again", looked.error().message());
    // Up to 16 s where it fails again and again.
    const Millis rest = options_.between_looks * (1 << std::min(failures, 4));
    std::unique_lock lock(mutex_);
    stopped_.wait_for(lock, rest, [this] { return stopping_.load(); });
  }
  sources_.reset();
}

Result<void> StandbyKeeper::look() {
  TOUCHSTONE_TRY(forget_old());
  if (options_.lost == 0) return {};
  if (!sources_) {
    auto opened = options_.open([this] { return stopping_ || claims_->wanted(); });
    if (!opened) return opened.error();
    sources_ = std::move(*opened);
  }
  if (!planned_ || clock_.now() - *planned_ >= options_.between_plans) TOUCHSTONE_TRY(plan());
  // What is run here needs the room more.
  if (!tables_.room()) return {};
  auto next = failed_ ? copies_.upper_bound(*failed_) : copies_.begin();
  failed_.reset();
  for (std::size_t looked_at = 0; looked_at < copies_.size() && !stopping_; ++looked_at, ++next) {
    if (next == copies_.end()) next = copies_.begin();
    auto& [task, copy] = *next;
    const Result<void> done = copy.needed ? follow(copy) : forget_idle(copy);
    if (done) continue;
    failed_ = task;
    return done;
  }
  return {};
}

/// The tables forget what is too old when they are asked for it, and nobody else asks for what is not run here:
/// forgotten customers would stay on the disk.
Result<void> StandbyKeeper::forget_old() {
  if (swept_ && clock_.now() - *swept_ < options_.forget_after) return {};
  for (const auto& [task, copy] : copies_) {
    const auto claim = claims_->take_to_copy(task);
    if (!claim) continue;
    if (const auto first = tables_.first(task); !first) return first.error();
  }
  swept_ = clock_.now();
  return {};
}

/// Asks who is there, and changes the plan if others are than before.
Result<void> StandbyKeeper::plan() {
  bool is_whole = true;
  for (const StandbyStage& stage : options_.stages) {
    auto members = sources_->members(stage.group);
    if (!members) return members.error();
    std::sort(members->begin(), members->end());
    std::vector<std::string>& known = members_[stage.group];
    if (known == *members) continue;
    const StandbyGroup group{*members, stage.name, stage.partitions};
    // Who is not in the group, at a start or while it rests, cannot tell what it will be given.
    if (!is_member(options_.instance, group)) {
      is_whole = false;
      continue;
    }
    known = std::move(*members);
    const std::set<Partition> ours = partitions_of(options_.instance, group);
    const std::set<Partition> needed = standby_partitions(options_.instance, options_.lost, group);
    spdlog::info("standby: copies of {} of {} partitions of {}", needed.size(), stage.partitions, stage.topic);
    for (std::int32_t number = 0; number < stage.partitions; ++number) {
      Copy& copy = copies_.at({stage.kind, stage.topic, Partition(number)});
      copy.needed = needed.contains(Partition(number));
      if (!copy.needed) board_.set_standby(copy.what.task, std::nullopt);
      if (copy.needed || ours.contains(Partition(number))) {
        copy.idle_since.reset();
      } else if (!copy.idle_since) {
        copy.idle_since = clock_.now();
      }
    }
  }
  if (is_whole) planned_ = clock_.now();
  return {};
}

Result<void> StandbyKeeper::follow(Copy& copy) {
  const TaskId& task = copy.what.task;
  const auto claim = claims_->take_to_copy(task);
  if (!claim) {
    board_.set_standby(task, std::nullopt);
    return {};
  }
  const auto read = catch_up(copy.what, *sources_->changelogs, tables_, pulse_,
                             [&](std::int64_t left) { board_.set_standby(task, left); });
  // A worker that wants it has interrupted us, and goes on from what is read.
  if (!read && !claims_->wanted()) return read.error();
  return {};
}

Result<void> StandbyKeeper::forget_idle(Copy& copy) {
  if (!copy.idle_since || clock_.now() - *copy.idle_since < options_.forget_after) return {};
  const TaskId& task = copy.what.task;
  copy.idle_since = clock_.now();
  const auto claim = claims_->take_to_copy(task);
  if (!claim) return {};
  const auto first = tables_.first(task);
  if (!first) return first.error();
  if (!*first) return {};
  spdlog::info("standby: the copy of {}/{} is of no use any more and is removed", task.topic, task.partition.value());
  return tables_.clear(task);
}

std::unique_ptr<StandbyKeeper> keep_standby(std::uint32_t lost, EngineOptions& engine, Tables& tables, Clock& clock,
                                            Board& board) {
  if (engine.topology.to_end) return nullptr;
  engine.claims = std::make_shared<Claims>();
  return std::make_unique<StandbyKeeper>(standby_options(engine, lost), tables, engine.claims, clock, board);
}

}  // namespace touchstone
