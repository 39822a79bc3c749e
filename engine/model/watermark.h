// How far event time has come, of one partition and of an input of many.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/model/time.h"

namespace touchstone {

/// The event time of one partition's source: the highest seen so far. The watermark is that less the lateness.
class HighestTime {
 public:
  void see(EventTime time) { highest_ = highest_ ? std::max(*highest_, time) : time; }
  [[nodiscard]] std::optional<EventTime> highest() const { return highest_; }

 private:
  std::optional<EventTime> highest_;
};

/// That an input has ended: at its highest event time (absent: it held no event), in the run that found the end.
struct EndOfInput {
  std::optional<EventTime> highest;
  std::uint64_t session = 0;
};

/// What one source has told of itself.
struct SourceState {
  bool heard = false;             ///< it has told something at least once
  std::optional<EventTime> mark;  ///< its watermark; never goes back
  bool silent = false;            ///< read to its end, and nothing came for the idle time
  friend bool operator==(const SourceState&, const SourceState&) = default;
};

/// The watermark of an input with several sources: the lowest of those that are not silent, a source not yet
/// heard of holding it back; when all are silent the highest of theirs. It never goes back.
class JoinedWatermark {
 public:
  explicit JoinedWatermark(std::size_t sources) : sources_(sources) {}
  JoinedWatermark(std::vector<SourceState> sources, std::optional<EventTime> value)
      : sources_(std::move(sources)), value_(value) {}

  /// Takes over what a source says of itself; a mark lower than the one before is ignored.
  void update(std::size_t source, std::optional<EventTime> mark, bool silent);

  [[nodiscard]] std::optional<EventTime> value() const { return value_; }
  [[nodiscard]] const std::vector<SourceState>& sources() const { return sources_; }

 private:
  std::vector<SourceState> sources_;
  std::optional<EventTime> value_;
};

}  // namespace touchstone
