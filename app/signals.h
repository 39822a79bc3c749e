// SIGTERM and SIGINT as a question that a loop can ask.
#pragma once

#include "engine/model/time.h"

namespace touchstone {

/// From its construction on, both signals are noted instead of ending the process; a second one ends it. One at a
/// time; it stays in force until the process ends.
class Signals {
 public:
  Signals();
  [[nodiscard]] bool stop_requested() const;
  /// Returns after this time, or soon after a signal.
  void wait(Millis time) const;
};

}  // namespace touchstone
