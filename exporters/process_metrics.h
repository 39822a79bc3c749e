// What the process costs the machine, as Prometheus' client libraries name it. Read from /proc; what cannot be
// read is left out.
#pragma once

#include <vector>

#include <prometheus/metric_family.h>

namespace touchstone {

[[nodiscard]] std::vector<prometheus::MetricFamily> process_metrics();

}  // namespace touchstone
