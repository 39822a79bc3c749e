// Keeps copies of other instances' state up to date, so that whoever takes their partitions over need not restore them:
// in a thread of its own, beside the engine. A side business: whatever goes wrong here is tried again and told in the
// log.
//
// Every ten seconds it asks who is in the groups, and plans anew which partitions it needs a copy of (standby_plan.h).
// Every second it reads what the changelogs of these have brought since. A worker that is given one of them takes it
// away (Claims). What is neither needed nor run here for an hour leaves the tables. Where no copies are wanted it asks
// Kafka nothing, and only sees to it that what is left of partitions run here once goes when it is too old to be used.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "app/engine.h"
#include "engine/flow/board.h"
#include "engine/flow/changelog_copy.h"
#include "engine/flow/claims.h"

namespace touchstone {

/// What the keeper asks of Kafka.
struct StandbySources {
  std::unique_ptr<ChangelogReader> changelogs;
  std::function<Result<std::vector<std::string>>(const std::string& group)> members;
};
/// `hurried`: true while what is being read should be given up.
using OpenStandby = std::function<Result<StandbySources>(std::function<bool()> hurried)>;

/// A stage with state: its group, and what its workers read.
struct StandbyStage {
  StageKind kind = StageKind::kJourney;
  std::string name;  ///< as in the names of its workers
  std::string group;
  std::string topic;
  std::int32_t partitions = 0;
  std::string changelog;
};

struct StandbyOptions {
  std::string instance;
  std::uint32_t lost = 1;  ///< so many instances may go away at once; 0: no copies are kept
  std::vector<StandbyStage> stages;
  OpenStandby open;
  Millis between_looks{1'000};
  Millis between_plans{10'000};
  Millis forget_after = std::chrono::hours{1};
};

/// Those of the engine that is run with these options, over its Kafka.
[[nodiscard]] StandbyOptions standby_options(const EngineOptions& engine, std::uint32_t lost);

class StandbyKeeper {
 public:
  /// Borrows tables, clock and board. The claims are those that the engine's workers make.
  StandbyKeeper(StandbyOptions options, Tables& tables, std::shared_ptr<Claims> claims, Clock& clock, Board& board);
  StandbyKeeper(const StandbyKeeper&) = delete;
  StandbyKeeper& operator=(const StandbyKeeper&) = delete;
  /// Stops, and waits. The board shows no copies afterwards.
  ~StandbyKeeper();

  void start();
  /// Asks the thread to end, and does not wait.
  void stop();

  /// What the thread does once a second; for tests, which do without it.
  Result<void> look();

 private:
  struct Copy {
    ChangelogCopy what;
    bool needed = false;
    std::optional<std::chrono::microseconds> idle_since;  ///< neither needed nor ours since then
  };

  void work();
  Result<void> forget_old();
  Result<void> plan();
  Result<void> follow(Copy& copy);
  Result<void> forget_idle(Copy& copy);

  const StandbyOptions options_;
  Tables& tables_;
  const std::shared_ptr<Claims> claims_;
  Clock& clock_;
  Board& board_;
  std::optional<StandbySources> sources_;
  std::map<TaskId, Copy> copies_;                            ///< every task of the stages
  std::map<std::string, std::vector<std::string>> members_;  ///< by group, as the plan has them
  std::optional<std::chrono::microseconds> planned_;
  std::optional<std::chrono::microseconds> swept_;
  std::optional<TaskId> failed_;  ///< what comes after it has its turn first
  Pulse pulse_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable stopped_;
  std::thread thread_;
};

/// Not started yet; null where the engine runs to an end. Engines that are made of the options
/// afterwards share their tables with it.
[[nodiscard]] std::unique_ptr<StandbyKeeper> keep_standby(std::uint32_t lost, EngineOptions& engine, Tables& tables,
                                                          Clock& clock, Board& board);

}  // namespace touchstone
