// Writes the demo's events into the input topic, never further ahead of the engine than the mock broker
// keeps: it drops what was not read in time, 5 MiB a partition.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "app/event_source.h"
#include "engine/flow/board.h"
#include "engine/model/settings.h"
#include "ingest/kafka_output.h"

namespace touchstone {

struct FeederOptions {
  KafkaConnection kafka;
  std::string topic;
  std::int32_t partitions = 1;
  std::string deltas_topic;  ///< between the stages, where records must not pile up either
  std::vector<WindowSpec> windows;
};

/// One thread owns it. Knows how far the engine is from the board: what went in against what came out as
/// interactions, duplicates, dead letters and forgotten customers.
class Feeder {
 public:
  /// Borrows the board.
  static Result<std::unique_ptr<Feeder>> open(FeederOptions options, const Board& board);

  /// Writes what is due, as far as the engine has kept up; at most one batch.
  Result<void> feed(EventSource& source, EventTime now);

  [[nodiscard]] std::uint64_t fed() const { return fed_; }
  /// True if the engine has committed everything that was fed, and closed every window that can be closed
  /// with it.
  [[nodiscard]] bool all_processed() const;

 private:
  /// How far the engine is.
  struct Progress {
    BoardSnapshot board;
    std::int64_t unread_events = 0;
    std::int64_t unread_deltas = 0;  ///< records of the fullest partition
  };

  Feeder(FeederOptions options, const Board& board, std::unique_ptr<KafkaOutput> output);
  [[nodiscard]] Progress progress() const;
  [[nodiscard]] bool all_closed(const BoardSnapshot& board) const;

  FeederOptions options_;
  const Board& board_;
  std::unique_ptr<KafkaOutput> output_;
  std::uint64_t fed_ = 0;
  std::chrono::steady_clock::time_point full_since_{};  ///< when the engine was last found to be too far behind
};

}  // namespace touchstone
