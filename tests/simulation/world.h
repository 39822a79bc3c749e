// The simulated world: engines of two workers each on one simulated broker, with disks of their own and a clock moved
// by hand. Engines can be killed at any step of a commit, fenced, stopped for a while and started again, all by a seed.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/topology.h"
#include "engine/flow/board.h"
#include "engine/flow/hand_clock.h"
#include "engine/flow/worker.h"
#include "ingest/sim_broker.h"
#include "state/memory_tables.h"
#include "tests/simulation/stream.h"
#include "tests/support/held_jobs.h"

namespace touchstone::simulation {

/// What a reader sees in the end: by topic and key, the values in order.
using Outcome = std::map<std::pair<std::string, std::string>, std::vector<std::string>>;

/// How two outcomes differ; empty: they do not.
[[nodiscard]] std::string difference(const Outcome& expected, const Outcome& actual);

struct Plan {
  std::uint64_t seed = 0;
  std::int32_t partitions = 2;
  std::int32_t delta_partitions = 2;
  std::uint32_t slices = 1;
  std::size_t batch = 50;
  std::size_t max_records = 2'000;  ///< of one poll; few: it does not reach the end
  Millis step{60};                  ///< between turns; short: a transaction lasts for several polls
  int instances = 1;
  bool silence = false;      ///< half-way through, nothing comes for longer than the idle time
  std::string map;           ///< its text; empty: that of small_rules(), for good
  std::string next_map;      ///< half-way through this one comes into force, unless it is empty
  bool killed_then = false;  ///< at that moment, with slices that are not yet where their partition is
  bool disturbed = false;
  bool copies = false;  ///< now and then an instance brings a copy of a task that it does not run up to date
};

/// How often something came.
using Tally = std::map<std::string, int>;

class World {
 public:
  explicit World(const Plan& plan);

  /// Feeds the stream and ends it. A test failure if an engine cannot go on, or does not reach the end.
  void run(const std::vector<SimRecord>& stream);
  /// Once, after run().
  [[nodiscard]] Outcome outcome();

  /// What was done to the engines.
  [[nodiscard]] const Tally& disturbances() const { return disturbances_; }
  /// Records of changelogs that all engines have read because a task came to them, apart from what they copied before.
  [[nodiscard]] std::uint64_t restored_records() const { return restored_records_; }
  /// What the engines met: why they gave something up, and how often a partition was told to be silent.
  [[nodiscard]] const Tally& met() const { return met_; }

 private:
  /// One process with its own disks.
  struct Instance {
    std::string name;
    MemoryTables journey_tables;
    MemoryTables windows_tables;
    Board board;
    std::shared_ptr<Claims> claims = std::make_shared<Claims>();
    std::unique_ptr<Worker> journey;
    std::unique_ptr<Worker> windows;
    int paused = 0;  ///< turns for which it does nothing, as a process that is stopped
  };
  /// One of the two workers of an instance.
  enum class Part { kJourney, kWindows };

  [[nodiscard]] std::vector<std::string> derived() const;
  void add_board(Outcome& seen) const;
  [[nodiscard]] std::unique_ptr<Log> client(Part part, const Instance& instance);
  [[nodiscard]] static std::string member(Part part, const Instance& instance);
  void start(Part part, Instance& instance);
  [[nodiscard]] static Worker& worker(Part part, Instance& instance);

  void feed(const std::vector<SimRecord>& stream, std::size_t from, std::size_t to, Random& disturbance);
  void be_silent(Random& disturbance);
  void change_map();
  /// Turns until all of the input is committed, and not for longer.
  void commit_all();
  [[nodiscard]] const Settings& settings() const { return settings_; }
  /// Nobody holds a window back that the highest watermark has passed.
  void expect_closed() const;
  /// Everybody goes on undisturbed until nothing is left to do.
  void settle();
  void finish();
  void count_silences();

  void turn(Worker& worker);
  void turn_unless_paused(Instance& instance);

  void disturb(Random& random);
  void disturb(Random& random, Instance& instance, Part part);
  void copy_something(Random& random);
  void lose_disk(Part part, Instance& instance);
  void expire(const Instance& instance);
  void kill_in_commit(Part part, Instance& instance, SimFault::Effect effect);

  Plan plan_;
  Settings settings_;
  SimBroker broker_;
  HandClock clock_;
  Topology topology_;
  std::vector<std::unique_ptr<Instance>> instances_;
  Tally disturbances_;
  Tally met_;
  std::uint64_t restored_records_ = 0;
  Millis step_;
  std::string last_notice_;
  testing::HeldJobs loads_;              ///< of states, beside the workers
  std::deque<std::uint64_t> loads_due_;  ///< the turn at which each of them runs
  std::uint64_t turns_ = 0;
  bool moved_ = false;  ///< whether anything happened in a turn since it was last asked
};

/// All that disturbances() can name.
[[nodiscard]] const std::vector<std::string>& all_disturbances();

}  // namespace touchstone::simulation
