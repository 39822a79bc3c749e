#include "app/engine.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <future>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "app/exit_code.h"

namespace touchstone {
namespace {

/// How long a worker waits for records before it looks around.
constexpr Millis kPollWait{20};
/// How long it rests between two looks when it waits before it tries again.
constexpr Millis kRestStep{50};
/// Between two looks of the watchdog.
constexpr Millis kWatchStep{200};

/// A worker loads the state of so many partitions at once: each reads ahead from its part of the disk.
constexpr unsigned kRestoredAtOnce = 4;

/// One core is for the worker itself, which goes on with the partitions that it has.
std::size_t restored_at_once() { return std::clamp(std::thread::hardware_concurrency(), 2U, kRestoredAtOnce + 1) - 1; }

class ThreadJob final : public RunningJob {
 public:
  explicit ThreadJob(std::function<void()> job) : ended_(std::async(std::launch::async, std::move(job))) {}
  [[nodiscard]] bool ended() const override {
    return ended_.wait_for(std::chrono::seconds{0}) == std::future_status::ready;
  }

 private:
  std::future<void> ended_;  ///< of an own thread, for which its destructor waits
};

std::unique_ptr<RunningJob> run_beside(std::function<void()> job) {
  try {
    return std::make_unique<ThreadJob>(job);
  } catch (const std::system_error&) {  // the system gives no more threads
    job();
    return nullptr;
  }
}

}  // namespace

void end_process(const std::string& message) {
  spdlog::critical("{}", message);
  spdlog::default_logger()->flush();
  std::_Exit(kExitFailed);
}

Result<std::unique_ptr<Log>> open_kafka_log(const KafkaLogOptions& options) {
  auto opened = KafkaLog::open(options);
  if (!opened) return opened.error();
  return std::unique_ptr<Log>(std::move(*opened));
}

std::string group_of(const EngineOptions& options, const WorkerOptions& worker) {
  return worker.stage == StageKind::kJourney ? options.group : options.group + "." + worker.name;
}

Engine::Engine(EngineOptions options, Tables& tables, Clock& clock, Board& board)
    : options_(std::move(options)),
      tables_(tables),
      clock_(clock),
      board_(board),
      watchdog_(options_.watchdog, clock, board) {
  const Topology& topology = options_.topology;
  if (topology.through_intake) {
    std::vector<std::string> inputs;
    for (const Topology::Input& input : topology.inputs) inputs.push_back(input.topic);
    add_workers(intake_worker, inputs, options_.intake_workers);
  }
  add_workers(journey_worker, topology.journey_topics(), options_.journey_workers);
  add_workers(windows_worker, {topology.topics.deltas}, options_.windows_workers);
}

Engine::~Engine() {
  stop();
  (void)wait();
}

void Engine::add_workers(WorkerRecipe recipe, const std::vector<std::string>& topics, std::uint32_t count) {
  for (std::uint32_t number = 0; number < count; ++number) {
    // Each worker is made anew: what its stages share, the decoder, must not be used by several threads.
    WorkerOptions mine = recipe(options_.topology);
    mine.claims = options_.claims;
    KafkaLogOptions log;
    log.group = group_of(options_, mine);
    mine.name += "-" + std::to_string(number);
    if (mine.stage == StageKind::kJourney && number < options_.questions.size())
      mine.questions = options_.questions[number];
    mine.memory = options_.memory;
    mine.restored_at_once = restored_at_once();
    mine.run_beside = run_beside;
    mine.max_staged_bytes = options_.max_staged_bytes;
    log.connection = options_.kafka;
    log.instance = options_.instance + "-" + mine.name;
    log.transactional_id = options_.group + "-" + log.instance;
    log.topics = topics;
    log.connection.hurried = [pulse = mine.pulse] { return pulse->hurried(); };
    LogFactory make_log = [log, open = options_.open_log] { return open(log); };
    pulses_.push_back(mine.pulse);
    watchdog_.watch(mine.name, mine.pulse);
    workers_.push_back(std::make_unique<Worker>(std::move(mine), std::move(make_log), tables_, clock_, board_));
  }
}

void Engine::start() {
  for (const auto& worker : workers_) threads_.emplace_back([this, &worker] { work(*worker); });
  watching_ = std::thread([this] { watch(); });
}

void Engine::abandon() {
  stopping_ = true;
  abandoning_ = true;
  for (const auto& pulse : pulses_) pulse->leave();
}

void Engine::watch() {
  while (running()) {
    for (const Watchdog::Finding& finding : watchdog_.look()) {
      if (finding.kind == Watchdog::Finding::Kind::kLost) {
        options_.on_lost(finding.message +
                         ". The process ends, so that it can be started anew; nothing committed is lost");
      } else {
        spdlog::warn("{}", finding.message);
      }
    }
    std::this_thread::sleep_for(kWatchStep);
  }
}

void Engine::work(Worker& worker) {
  std::optional<Error> failure;
  while (!stopping_ && !worker.finished() && !failure) {
    const auto moved = worker.turn(kPollWait);
    if (const auto notice = worker.take_notice()) spdlog::warn("{}", *notice);
    if (worker.pausing()) std::this_thread::sleep_for(kRestStep);
    if (!moved) failure = moved.error();
  }
  // Said before anything that could hang.
  if (failure) spdlog::error("a worker cannot go on: {}", failure->message());
  leave(worker, std::move(failure));
  worker.pulse().end();
  ++left_;
}

void Engine::leave(Worker& worker, std::optional<Error> failure) {
  const bool abandon = failure || abandoning_;
  const Result<void> stopped = worker.stop(abandon ? Worker::Leave::kAbandon : Worker::Leave::kCommit);
  if (!stopped && !failure) {
    // What could not be committed at the end will be done again: nobody has to be told by an exit code.
    if (stopped.error().kind() == ErrorKind::kReject) {
      failure = stopped.error();
    } else {
      spdlog::warn("the last commit was given up, the next start goes on from the one before: {}",
                   stopped.error().message());
    }
  }
  if (!failure) return;
  const std::scoped_lock lock(mutex_);
  if (!error_) error_ = failure;
  stopping_ = true;
}

Result<void> Engine::wait() {
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
  if (watching_.joinable()) watching_.join();
  const std::scoped_lock lock(mutex_);
  if (error_) return *error_;
  return {};
}

}  // namespace touchstone
