#include "engine/flow/watchdog.h"

#include <algorithm>
#include <utility>

namespace touchstone {
namespace {

/// More than this between two looks was no time of ours.
constexpr std::chrono::seconds kLongestStep{2};

std::string in_seconds(std::chrono::microseconds time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count()) + " s";
}

}  // namespace

Watchdog::Watchdog(WatchdogOptions options, Clock& clock, Board& board)
    : options_(options), clock_(clock), board_(board), last_look_(clock.now()) {}

void Watchdog::watch(std::string worker, std::shared_ptr<Pulse> pulse) {
  board_.set_stalled(worker, false);
  const std::uint64_t beats = pulse->beats();
  watched_.push_back({.name = std::move(worker), .pulse = std::move(pulse), .beats = beats});
}

std::vector<Watchdog::Finding> Watchdog::look() {
  const auto now = clock_.now();
  const auto passed = std::min<std::chrono::microseconds>(now - std::exchange(last_look_, now), kLongestStep);
  std::vector<Finding> found;
  for (Watched& worker : watched_) look_at(worker, passed, found);
  return found;
}

void Watchdog::look_at(Watched& worker, std::chrono::microseconds passed, std::vector<Finding>& found) {
  using State = Watched::State;
  const std::uint64_t beats = worker.pulse->beats();
  if (beats != worker.beats || worker.pulse->ended()) {
    const bool was_still = worker.state != State::kMoving;
    worker.beats = beats;
    worker.state = State::kMoving;
    if (was_still) {
      board_.set_stalled(worker.name, false);
      found.push_back({Finding::Kind::kMovesAgain,
                       "worker " + worker.name + " moves again after " + in_seconds(std::exchange(worker.still, {}))});
    }
    worker.still = {};
    return;
  }
  worker.still += passed;
  const std::string since =
      "worker " + worker.name + " has not moved for " + in_seconds(worker.still) + " while " + worker.pulse->doing();
  if (worker.state == State::kMoving && worker.still >= options_.limit) {
    worker.state = State::kStalled;
    board_.set_stalled(worker.name, true);
    worker.pulse->give_up();
    found.push_back({Finding::Kind::kStalled, since + ": its clients are to be made anew"});
  } else if (worker.state == State::kStalled && worker.still >= options_.limit + options_.grace) {
    worker.state = State::kLost;
    found.push_back({Finding::Kind::kLost, since + ": it cannot be reached any more"});
  }
}

}  // namespace touchstone
