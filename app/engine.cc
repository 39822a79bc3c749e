#include "app/engine.h"

#include <chrono>
#include <utility>

#include <spdlog/spdlog.h>

namespace touchstone {
namespace {

/// How long a worker waits for records before it looks around.
constexpr Millis kPollWait{20};
/// How long it rests when it has no connection.
constexpr Millis kUnconnectedRest{50};

}  // namespace

Engine::Engine(EngineOptions options, Tables& tables, Clock& clock, Board& board)
    : options_(std::move(options)), tables_(tables), clock_(clock), board_(board) {
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
    // Each worker is made anew: what its stages share, the decoder, must not be shared between threads.
    WorkerOptions mine = recipe(options_.topology);
    const std::string stage = std::exchange(mine.name, mine.name + "-" + std::to_string(number));
    KafkaLogOptions log;
    log.connection = options_.kafka;
    log.group = mine.stage == StageKind::kJourney ? options_.group : options_.group + "." + stage;
    log.instance = options_.instance + "-" + mine.name;
    log.transactional_id = options_.group + "-" + log.instance;
    log.topics = topics;
    LogFactory make_log = [log]() -> Result<std::unique_ptr<Log>> {
      auto opened = KafkaLog::open(log);
      if (!opened) return opened.error();
      return std::unique_ptr<Log>(std::move(*opened));
    };
    workers_.push_back(std::make_unique<Worker>(std::move(mine), std::move(make_log), tables_, clock_, board_));
  }
}

void Engine::start() {
  for (const auto& worker : workers_) threads_.emplace_back([this, &worker] { work(*worker); });
}

void Engine::work(Worker& worker) {
  std::optional<Error> failure;
  while (!stopping_ && !worker.finished() && !failure) {
    const auto moved = worker.turn(kPollWait);
    if (const auto notice = worker.take_notice()) spdlog::warn("{}", *notice);
    if (!worker.connected()) std::this_thread::sleep_for(kUnconnectedRest);
    if (!moved) failure = moved.error();
  }
  const Result<void> stopped = worker.stop(failure ? Worker::Leave::kAbandon : Worker::Leave::kCommit);
  if (!stopped && !failure) failure = stopped.error();
  if (failure) {
    const std::scoped_lock lock(mutex_);
    if (!error_) error_ = failure;
    stopping_ = true;
  }
  ++left_;
}

Result<void> Engine::wait() {
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
  const std::scoped_lock lock(mutex_);
  if (error_) return *error_;
  return {};
}

}  // namespace touchstone
