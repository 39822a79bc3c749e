// The page that Prometheus scrapes, made anew from one snapshot of the board for each scrape: what a revoked
// partition no longer says vanishes by itself. Labels come from the map and from closed lists only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "engine/flow/board.h"
#include "exporters/engine_metrics.h"
#include "exporters/http_tally.h"
#include "exporters/map_metrics.h"

namespace touchstone {

struct MetricsOptions {
  WindowMetricsOptions windows{};
  std::string version;                           ///< for build_info
  std::uint64_t memory_limit = 0;                ///< of the process; 0: it has none
  std::shared_ptr<const HttpTally> http{};       ///< of the server that shows the page; may be null
  std::function<ChronicleCounts()> chronicle{};  ///< may be empty
};

/// Thread-safe as long as one thread renders at a time (the counter of left-out series is its own).
class MetricsPage {
 public:
  /// Borrows the board.
  MetricsPage(const Board& board, MetricsOptions options);

  /// Prometheus' text format, version 0.0.4.
  [[nodiscard]] std::string render();

 private:
  const Board& board_;
  MetricsOptions options_;
  std::uint64_t left_out_ = 0;
};

}  // namespace touchstone
