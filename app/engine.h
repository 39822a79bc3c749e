// The running engine: the workers of all stages, each on a thread of its own, over one Kafka and one directory of
// state. `run` and `demo` start it; it ends when it is stopped, when the input ends, or when a worker cannot go on.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "app/topology.h"
#include "engine/flow/board.h"
#include "engine/flow/watchdog.h"
#include "engine/flow/worker.h"
#include "ingest/kafka_log.h"

namespace touchstone {

/// Opens the log of one worker; another one than Kafka's in tests.
using OpenLog = std::function<Result<std::unique_ptr<Log>>(const KafkaLogOptions& options)>;
[[nodiscard]] Result<std::unique_ptr<Log>> open_kafka_log(const KafkaLogOptions& options);

/// Logs the message and ends the process, whatever its threads do, with exit code 1.
[[noreturn]] void end_process(const std::string& message);

struct EngineOptions {
  Topology topology;
  KafkaConnection kafka;
  std::string group = "touchstone";  ///< of the journey stage; the other stages add their name
  std::string instance;              ///< part of member and transactional ids; the same after a restart
  std::uint32_t intake_workers = 1;
  std::uint32_t journey_workers = 1;
  std::uint32_t windows_workers = 1;
  /// Where the journey's workers are asked of their customers, one for each of them; empty: nobody asks.
  std::vector<std::shared_ptr<Questions>> questions;
  /// Shared with a keeper of standby copies over the same tables; null: there is none.
  std::shared_ptr<Claims> claims;
  std::function<Result<void>()> memory;                  ///< WorkerOptions::memory of all workers
  std::size_t max_staged_bytes = std::size_t{64} << 20;  ///< likewise
  WatchdogOptions watchdog;
  OpenLog open_log = open_kafka_log;
  /// A worker's thread hangs for good; called by the watchdog's thread. The default ends the process with exit code 1:
  /// the thread cannot be ended, and nothing that is committed is lost.
  std::function<void(const std::string& message)> on_lost = end_process;
};

/// The group that a worker of this stage is a member of.
[[nodiscard]] std::string group_of(const EngineOptions& options, const WorkerOptions& worker);

class Engine {
 public:
  /// Borrows tables, clock and board; they must outlive it.
  Engine(EngineOptions options, Tables& tables, Clock& clock, Board& board);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  /// Stops, and waits.
  ~Engine();

  void start();
  /// Asks all workers to commit and leave; from any thread.
  void stop() { stopping_ = true; }
  /// Asks all workers to leave at once, without a commit and without patience; from any thread.
  void abandon();
  /// Waits until all workers have left: after stop(), at the end of the input, or because one could not go on.
  Result<void> wait();
  [[nodiscard]] bool running() const { return left_ < workers_.size(); }
  /// Its workers were asked to leave, or one cannot go on, and so the others leave too.
  [[nodiscard]] bool stopping() const { return stopping_; }

 private:
  using WorkerRecipe = WorkerOptions (*)(const Topology&);
  void add_workers(WorkerRecipe recipe, const std::vector<std::string>& topics, std::uint32_t count);
  void work(Worker& worker);
  void leave(Worker& worker, std::optional<Error> failure);
  void watch();

  EngineOptions options_;
  Tables& tables_;
  Clock& clock_;
  Board& board_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::shared_ptr<Pulse>> pulses_;  ///< of the workers
  Watchdog watchdog_;
  std::vector<std::thread> threads_;
  std::thread watching_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> abandoning_{false};
  std::atomic<std::size_t> left_{0};
  std::mutex mutex_;
  std::optional<Error> error_;  ///< the first that ended a worker
};

}  // namespace touchstone
