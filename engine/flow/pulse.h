// What a worker shows of its moving, and how it is told to hurry: the only thing that a worker and those who look
// after it share.
#pragma once

#include <atomic>
#include <cstdint>

namespace touchstone {

/// The worker's thread asks; it beats, and so do those that load state for it. Any thread may read, and may tell it to
/// hurry.
class Pulse {
 public:
  /// Something moved: a record was read or written, a call came back. Costs about a nanosecond; of beats at the same
  /// time only one may count, which is enough to see that something moves.
  void beat() { beats_.store(beats_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t beats() const { return beats_.load(std::memory_order_relaxed); }

  /// What it is about to do, for a message to a person; a literal.
  void begin(const char* what) {
    doing_.store(what, std::memory_order_relaxed);
    beat();
  }
  [[nodiscard]] const char* doing() const { return doing_.load(std::memory_order_relaxed); }

  /// The worker has left: that it no longer beats is no trouble.
  void end() { ended_ = true; }
  [[nodiscard]] bool ended() const { return ended_; }

  /// Whatever is repeated with patience is to be given up now, and its clients to be made anew.
  void give_up() { given_up_ = true; }
  /// Whether that was asked since the last time; the worker answers by rebuilding.
  [[nodiscard]] bool take_given_up() { return given_up_.exchange(false); }
  /// All of its patience is at its end for good: it is to leave.
  void leave() { leaving_ = true; }

  /// Asked between two attempts of anything.
  [[nodiscard]] bool hurried() const { return given_up_ || leaving_; }

 private:
  std::atomic<std::uint64_t> beats_{0};
  std::atomic<const char*> doing_{"starting"};
  std::atomic<bool> ended_{false};
  std::atomic<bool> given_up_{false};
  std::atomic<bool> leaving_{false};
};

}  // namespace touchstone
