// What Prometheus is told of the engine itself: what it refused, how far it is, what went wrong and was mended.
#pragma once

#include <cstdint>

#include "engine/flow/board.h"
#include "exporters/http_tally.h"
#include "exporters/metric_families.h"

namespace touchstone {

/// What the process has read back of its rows and alerts, and who listens to them. Since the start.
struct ChronicleCounts {
  std::uint64_t taken = 0;        ///< records kept
  std::uint64_t refused = 0;      ///< records that are none of ours
  std::uint64_t subscribers = 0;  ///< of the stream, now
  std::uint64_t overruns = 0;     ///< subscribers cut off because too much was waiting for them
};

void add_engine_metrics(const BoardSnapshot& now, MetricFamilies& families);
void add_http_metrics(const HttpCounts& counts, MetricFamilies& families);
void add_chronicle_metrics(const ChronicleCounts& counts, MetricFamilies& families);

}  // namespace touchstone
