// How often the detectors of longer waits, of fewer conversions and of silence are wrong, and how late: on invented
// streams with daily cycles and hours that differ more than chance allows. Of satisfaction: detection.h.
#pragma once

#include <ostream>

#include "bench/detection.h"

namespace touchstone::bench {

/// Prints what was measured. False: there were more false alarms than allowed.
[[nodiscard]] bool measure_kinds(const DetectionOptions& options, std::ostream& out);

}  // namespace touchstone::bench
