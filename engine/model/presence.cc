#include "engine/model/presence.h"

#include <algorithm>
#include <bit>

#include <boost/unordered/unordered_flat_set.hpp>

namespace touchstone {
namespace {

/// The first closing of a window at which a visit in this pane counts.
EventTime first_closing(EventTime pane, const WindowSpec& window) { return first_after(pane, window.step); }

}  // namespace

PresenceEdges edges_of(const Visit& visit, const WindowSpec& window) {
  const EventTime begin = first_closing(visit.pane, window);
  const EventTime end = begin + window.size;
  if (!visit.before) return {begin, end};
  // Where the intervals of both visits meet they share one presence.
  return {std::max(begin, first_closing(*visit.before, window) + window.size), end};
}

Presence::Neighbours Presence::neighbours(const Dimensions& at, EventTime pane) const {
  Neighbours near;
  const auto set = [](CellMask cells, EventTime time, std::array<EventTime, kCellsOfOne>& times) {
    for (std::size_t cell = 0; cell < kCellsOfOne; ++cell) {
      if (is_in(cells, cell)) times[cell] = time;
    }
  };
  // From the latest on, so that of those after the pane the nearest is the last one seen, and of those before the
  // first.
  for (auto entry = entries_.rbegin(); entry != entries_.rend() && near.preceded != kEveryCell; ++entry) {
    const CellMask common = common_cells(entry->at, at);
    if (entry->pane == pane) {
      near.present |= common;
    } else if (entry->pane > pane) {
      near.followed |= common;
      set(common, entry->pane, near.after);
    } else {
      const auto fresh = static_cast<CellMask>(common & ~near.preceded);
      near.preceded |= fresh;
      set(fresh, entry->pane, near.before);
    }
  }
  return near;
}

void Presence::remember(const Entry& entry, EventTime settled) {
  put_back(entry);
  // Looking for what is not needed any more goes over all of them, so it waits until a part of them is new.
  constexpr std::size_t kBetween = 8;
  const std::size_t between = std::max(kBetween, std::bit_floor(entries_.size()) / 4);
  if (entries_.size() % between == 0) prune(settled);
}

// Of the visits before `settled` only the last one to a cell can still be a neighbour.
void Presence::prune(EventTime settled) {
  const auto open =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& each) { return each.pane >= settled; });
  boost::unordered_flat_set<CellNo, CellNoHash> visited_later;
  auto kept = open;
  for (auto entry = open; entry != entries_.begin();) {
    --entry;
    bool is_last = false;
    for (const CellNo& cell : cells_of(entry->at)) is_last |= visited_later.insert(cell).second;
    if (is_last) *--kept = *entry;
  }
  entries_.erase(entries_.begin(), kept);
}

void Presence::expire(EventTime watermark, std::span<const WindowSpec> windows) {
  const WindowSpec& longest = windows.back();
  const EventTime closed = floor_to(watermark, longest.step);
  const auto left = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return first_closing(entry.pane, longest) + longest.size > closed;
  });
  entries_.erase(entries_.begin(), left);
}

void Presence::put_back(const Entry& entry) {
  if (entries_.empty() || entries_.back() < entry) {
    entries_.push_back(entry);
    return;
  }
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), entry);
  if (*at != entry) entries_.insert(at, entry);
}

}  // namespace touchstone
