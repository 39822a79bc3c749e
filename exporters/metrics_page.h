// The page that Prometheus scrapes, made anew from one snapshot of the board for each scrape: what a revoked
// partition no longer says vanishes by itself. Labels come from the map and from closed lists only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/flow/board.h"
#include "engine/model/rules.h"
#include "exporters/http_tally.h"

namespace touchstone {

struct MetricsOptions {
  std::vector<std::string> windows;         ///< names of those exported; empty: all
  bool each_segment = true;                 ///< false: only rows over all segments
  std::uint32_t series_max = 100'000;       ///< of rolling windows; beyond it rows are left out, and counted
  std::string version;                      ///< for build_info
  std::uint64_t memory_limit = 0;           ///< of the process; 0: it has none
  std::shared_ptr<const HttpTally> http{};  ///< of the server that shows the page; may be null
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
