#include "engine/model/watermark.h"

#include <cassert>

namespace touchstone {

void JoinedWatermark::update(std::size_t source, std::optional<EventTime> mark, bool silent) {
  assert(source < sources_.size());
  SourceState& state = sources_[source];
  state.heard = true;
  state.silent = silent;
  if (mark && (!state.mark || *mark > *state.mark)) state.mark = mark;

  std::optional<EventTime> lowest;
  std::optional<EventTime> highest;
  bool all_silent = true;
  for (const SourceState& each : sources_) {
    if (each.mark) highest = highest ? std::max(*highest, *each.mark) : *each.mark;
    if (each.silent) continue;
    all_silent = false;
    if (!each.heard || !each.mark) return;
    lowest = lowest ? std::min(*lowest, *each.mark) : *each.mark;
  }
  const std::optional<EventTime> now = all_silent ? highest : lowest;
  if (now && (!value_ || *now > *value_)) value_ = now;
}

}  // namespace touchstone
