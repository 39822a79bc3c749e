// SIGTERM, SIGINT and SIGHUP as questions that a loop can ask, and the promise that the process ends soon after one of
// the first two.
#pragma once

#include "engine/model/time.h"

namespace touchstone {

/// From its construction on, these signals are noted instead of ending the process. Whatever its threads do, the
/// process ends with exit code 1 when kLongestStop has passed since the first, kLongestHurry since the second, and at
/// the third. One at a time; it stays in force until the process ends.
class Signals {
 public:
  static constexpr std::chrono::seconds kLongestStop{9};
  static constexpr std::chrono::seconds kLongestHurry{4};

  Signals();
  [[nodiscard]] bool stop_requested() const;
  /// A second signal came: what is not done is to be left.
  [[nodiscard]] bool hurry_requested() const;
  /// SIGHUP came since it was last asked: what can be read anew is to be read.
  [[nodiscard]] bool take_reload() const;
  /// The same limit as after a first signal, where the end has another reason.
  void end_soon() const;
  /// Returns after this time, or soon after a signal that is new.
  void wait(Millis time) const;
};

}  // namespace touchstone
