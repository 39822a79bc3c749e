// How the stages are put together: which topics they read and write, and the options of their workers. The same
// for `run`, `replay` and `demo`, which differ only in the log, the tables and the clock they bring.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/pseudonym.h"
#include "app/rules_book.h"
#include "engine/flow/topic_names.h"
#include "engine/flow/worker.h"
#include "engine/model/shelf.h"
#include "ingest/partitioner.h"

namespace touchstone {

/// Whether the stages keep their state in changelogs and tables, or only in memory as `replay` does.
enum class Durability : std::uint8_t { kKept, kInMemory };

struct Topology {
  std::shared_ptr<RulesBook> rules;
  TopicNames topics;
  /// The topics events come in, with the number of their partitions.
  struct Input {
    std::string topic;
    std::int32_t partitions;
  };
  std::vector<Input> inputs;
  bool through_intake = false;
  std::int32_t event_partitions = 1;  ///< of the intake's topic
  std::int32_t delta_partitions = 1;
  std::uint32_t slices = 1;
  Durability durability = Durability::kKept;
  Millis commit{100};
  bool detect_silence = true;
  std::optional<std::uint64_t> to_end;
  std::function<Partition(std::string_view key)> expected_partition;
  MakeShelf make_shelf = memory_shelf;  ///< for what long windows put away
  bool writes_interactions = true;
  /// Puts pseudonyms in the place of ids in derived records; nothing: the ids stand there.
  std::shared_ptr<const PseudonymKey> pseudonym_key;

  /// What the journey stage reads.
  [[nodiscard]] std::vector<std::string> journey_topics() const;
  [[nodiscard]] std::int32_t journey_partitions() const;
};

[[nodiscard]] WorkerOptions intake_worker(const Topology& topology);
[[nodiscard]] WorkerOptions journey_worker(const Topology& topology);
[[nodiscard]] WorkerOptions windows_worker(const Topology& topology);

}  // namespace touchstone
