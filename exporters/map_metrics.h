// What Prometheus is told of customers: interactions, conversions, credit and ratings as counters, the rolling windows,
// stages and alerts as gauges. Labels come from the map and from closed lists only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/flow/board.h"
#include "exporters/metric_families.h"

namespace touchstone {

/// Which of the rolling windows' rows are exported.
struct WindowMetricsOptions {
  std::vector<std::string> windows;    ///< by name; empty: all
  bool each_segment = true;            ///< false: only rows over all segments
  std::uint32_t series_max = 100'000;  ///< beyond it series are left out, and counted
};

/// Returns how many series went beyond the limit.
std::uint64_t add_map_metrics(const BoardSnapshot& now, const WindowMetricsOptions& options, MetricFamilies& families);

}  // namespace touchstone
