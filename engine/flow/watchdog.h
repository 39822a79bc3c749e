// Notices workers that no longer move: a call that does not come back, a disk that does not answer.
//
//   moving --limit without a beat--> stalled --a beat--> moving
//                                    stalled --grace without a beat--> lost
//
// A stalled worker is told to give up what it waits for; it then makes its clients anew. One that is lost cannot be
// helped from outside: the process has to end, and nothing is lost by that.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/flow/board.h"
#include "engine/flow/ports.h"
#include "engine/flow/pulse.h"

namespace touchstone {

struct WatchdogOptions {
  Millis limit{60'000};  ///< without a beat: stalled
  Millis grace{60'000};  ///< after that: lost
};

/// One thread owns it, another one than those it watches.
class Watchdog {
 public:
  /// Borrows clock and board.
  Watchdog(WatchdogOptions options, Clock& clock, Board& board);

  /// `worker`: its name on the board.
  void watch(std::string worker, std::shared_ptr<Pulse> pulse);

  struct Finding {
    enum class Kind : std::uint8_t { kStalled, kMovesAgain, kLost };
    Kind kind;
    std::string message;  ///< one sentence
  };
  /// To be called every few hundred milliseconds. Only time that passes in small steps counts, so that a process that
  /// was stopped as a whole, or a machine that slept, finds nobody stalled. Tells each change once.
  std::vector<Finding> look();

 private:
  struct Watched {
    std::string name;
    std::shared_ptr<Pulse> pulse;
    std::uint64_t beats;
    std::chrono::microseconds still{};
    enum class State : std::uint8_t { kMoving, kStalled, kLost } state = State::kMoving;
  };
  void look_at(Watched& worker, std::chrono::microseconds passed, std::vector<Finding>& found);

  const WatchdogOptions options_;
  Clock& clock_;
  Board& board_;
  std::vector<Watched> watched_;
  std::chrono::microseconds last_look_;
};

}  // namespace touchstone
