#include "bench/state.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <unistd.h>

#include "app/load_rules.h"
#include "app/rules_book.h"
#include "app/topology.h"
#include "engine/flow/hand_clock.h"
#include "engine/flow/worker.h"
#include "ingest/sim_broker.h"
#include "ingest/sim_log.h"
#include "state/rocks_tables.h"

namespace touchstone::bench {
namespace {

constexpr std::int64_t kFirstEvent = 1'767'225'600'000;  // 2026-01-01T00:00:00Z, ms
const std::string kInput = "events";

double thread_cpu_ms() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

double wall_ms() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// How long something took, each time.
struct Times {
  std::vector<double> cpu;
  std::vector<double> wall;

  void print(std::string_view what, std::ostream& out) {
    std::sort(cpu.begin(), cpu.end());
    std::sort(wall.begin(), wall.end());
    const auto at = [](const std::vector<double>& sorted, double share) {
      return sorted.empty() ? 0 : sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
    };
    fmt::print(
        out,
        "{:<34} {:>9} times, CPU ms: half {:.3f}, 99 % {:.3f}, longest {:.1f}; wall ms: 99 % {:.3f}, longest {:.1f}\n",
        what, cpu.size(), at(cpu, 0.5), at(cpu, 0.99), at(cpu, 1), at(wall, 0.99), at(wall, 1));
  }
};

/// Tells when a transaction has been committed.
class TellingLog final : public SimLog {
 public:
  TellingLog(SimBroker& broker, SimLogOptions options, bool& committed)
      : SimLog(broker, std::move(options)), committed_(committed) {}
  Result<Receipt> commit(std::span<const ConsumedOffset> consumed) override {
    committed_ = true;
    return SimLog::commit(consumed);
  }

 private:
  bool& committed_;
};

/// One partition of customers, its worker, and the log and the disk under it.
class Shard {
 public:
  Shard(std::shared_ptr<const Rules> rules, const StateOptions& options) : options_(options) {
    topology_.rules = std::make_shared<RulesBook>(std::move(rules));
    topology_.inputs = {{kInput, 1}};
    topology_.slices = options.slices;
    topology_.detect_silence = false;
    broker_.create_topic(kInput, 1);
    for (const std::string& topic : outputs()) broker_.create_topic(topic, 1);
    broker_.create_topic(topology_.topics.journey_changelog, 1);
    directory_ = (std::filesystem::temp_directory_path() / fmt::format("touchstone-bench-{}", ::getpid())).string();
  }
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;
  ~Shard() {
    worker_.reset();
    tables_.reset();
    std::filesystem::remove_all(directory_);
  }

  enum class Disk : std::uint8_t { kKept, kLost };
  /// As after a crash.
  Result<void> start(Disk disk) {
    worker_.reset();
    tables_.reset();
    if (disk == Disk::kLost) std::filesystem::remove_all(directory_);
    auto tables = RocksTables::open(directory_);
    if (!tables) return tables.error();
    tables_ = std::move(*tables);
    WorkerOptions options = journey_worker(topology_);
    options.max_records = 1;  // so that one turn is one event, or one commit
    worker_ = std::make_unique<Worker>(
        std::move(options),
        [this]() -> Result<std::unique_ptr<Log>> {
          return std::unique_ptr<Log>(
              std::make_unique<TellingLog>(broker_, SimLogOptions{"bench", "bench", {kInput}}, committed_));
        },
        *tables_, clock_, board_);
    return {};
  }

  Result<void> event(std::uint32_t customer, std::uint32_t round, Times& events, Times& commits) {
    static constexpr std::string_view kTypes[] = {"page_view", "ad_impression", "store_visit", "email_open",
                                                  "purchase"};
    SimRecord record;
    record.topic = kInput;
    record.partition = Partition(0);
    const std::int64_t time = kFirstEvent + static_cast<std::int64_t>(number_) * 1000 / options_.events_a_second;
    record.value = fmt::format(R"({{"id":"e{}","type":"{}","customer":"customer-{}","channel":"web","time":{}}})",
                               number_, kTypes[(customer + round) % std::size(kTypes)], customer, time);
    ++number_;
    if (const auto put = broker_.append(std::move(record)); !put) return put.error();
    clock_.advance(std::chrono::microseconds{1'000'000 / options_.events_a_second});
    return turn(events, commits);
  }

  Result<void> turn(Times& events, Times& commits) {
    committed_ = false;
    const double cpu = thread_cpu_ms();
    const double wall = wall_ms();
    const auto moved = worker_->turn(Millis{0});
    if (!moved) return moved.error();
    Times& into = committed_ ? commits : events;
    into.cpu.push_back(thread_cpu_ms() - cpu);
    into.wall.push_back(wall_ms() - wall);
    if (!committed_) return {};
    for (const std::string& topic : outputs()) broker_.drain(topic, [](const Record&) {});
    return {};
  }

  /// How long it takes until it takes new events: the state is read, then the events that it does not hold yet.
  Result<void> measure_start(Disk disk, std::string_view what, std::ostream& out) {
    const double begun = wall_ms();
    const double cpu = thread_cpu_ms();
    TOUCHSTONE_TRY(start(disk));
    Times ignored;
    TOUCHSTONE_TRY(turn(ignored, ignored));
    const double restored = wall_ms();
    while (!board_.ready()) {
      clock_.advance(Millis{1});
      TOUCHSTONE_TRY(turn(ignored, ignored));
    }
    fmt::print(out, "{:<34} state in {:.0f} ms, {:.0f} customers a second; ready after {:.0f} ms, {:.0f} ms of CPU\n",
               what, restored - begun, options_.customers / (restored - begun) * 1e3, wall_ms() - begun,
               thread_cpu_ms() - cpu);
    return {};
  }

 private:
  [[nodiscard]] std::vector<std::string> outputs() const {
    const TopicNames& names = topology_.topics;
    return {names.interactions, names.transitions, names.conversions, names.dead_letters, names.deltas};
  }

  const StateOptions options_;
  Topology topology_;
  SimBroker broker_;
  HandClock clock_;
  Board board_;
  std::string directory_;
  std::unique_ptr<RocksTables> tables_;
  std::unique_ptr<Worker> worker_;
  std::uint64_t number_ = 0;
  bool committed_ = false;  ///< in this turn
};

}  // namespace

Result<void> measure_state(const StateOptions& options, std::ostream& out) {
  const auto rules = read_rules(options.map, Settings{});
  if (!rules) return Error(ErrorKind::kReject, options.map + " is no map");
  Shard shard(rules, options);
  TOUCHSTONE_TRY(shard.start(Shard::Disk::kLost));
  for (std::uint32_t round = 0; round < options.rounds; ++round) {
    Times events;
    Times commits;
    for (std::uint32_t customer = 0; customer < options.customers; ++customer) {
      TOUCHSTONE_TRY(shard.event(customer, round, events, commits));
    }
    events.print(fmt::format("round {}, an event", round + 1), out);
    commits.print(fmt::format("round {}, a commit", round + 1), out);
  }
  TOUCHSTONE_TRY(shard.measure_start(Shard::Disk::kKept, "after a crash, with the disk", out));
  return shard.measure_start(Shard::Disk::kLost, "after a crash, without the disk", out);
}

}  // namespace touchstone::bench
