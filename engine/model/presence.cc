#include "engine/model/presence.h"

#include <algorithm>

namespace touchstone {
namespace {

/// The first closing of a window at which a visit in this pane counts.
EventTime first_closing(EventTime pane, const WindowSpec& window) { return first_after(pane, window.step); }

}  // namespace

void combine(std::vector<VisitCount>& visits) {
  std::sort(visits.begin(), visits.end(), [](const VisitCount& a, const VisitCount& b) { return a.visit < b.visit; });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < visits.size();) {
    VisitCount sum = visits[i];
    for (++i; i < visits.size() && visits[i].visit == sum.visit; ++i) sum.count += visits[i].count;
    if (sum.count != 0) visits[kept++] = sum;
  }
  visits.resize(kept);
}

PresenceEdges edges_of(const Visit& visit, const WindowSpec& window) {
  const EventTime begin = first_closing(visit.pane, window);
  const EventTime end = begin + window.size;
  if (!visit.before) return {begin, end};
  // Where the intervals of both visits meet they share one presence.
  return {std::max(begin, first_closing(*visit.before, window) + window.size), end};
}

void Presence::visit(const CellNo& cell, EventTime pane, EventTime watermark, std::span<const WindowSpec> windows,
                     std::vector<VisitCount>& changes) {
  const Entry entry{cell, pane};
  auto at = std::lower_bound(entries_.begin(), entries_.end(), entry);
  if (at != entries_.end() && *at == entry) return;
  const bool has_after = at != entries_.end() && at->cell == cell;
  const bool has_before = at != entries_.begin() && (at - 1)->cell == cell;

  const WindowSpec& longest = windows.back();
  const auto pair = [&](EventTime now, bool has_one_before, EventTime before) {
    const bool apart = !has_one_before || now - before > longest.size + longest.step;
    return Visit{now, apart ? std::nullopt : std::optional(before)};
  };
  const EventTime before = has_before ? (at - 1)->pane : EventTime{};
  changes.push_back({pair(pane, has_before, before), 1});
  if (has_after) {
    changes.push_back({pair(at->pane, has_before, before), -1});
    changes.push_back({pair(at->pane, true, pane), 1});
  }
  at = entries_.insert(at, entry);

  // Of the panes before the watermark's only the last can still be a neighbour.
  const EventTime oldest = floor_to(watermark, windows.front().step);
  const auto first = std::lower_bound(entries_.begin(), at, Entry{cell, EventTime::min()});
  auto settled = first;
  while (settled != entries_.end() && settled->cell == cell && settled->pane < oldest) ++settled;
  if (settled - first > 1) entries_.erase(first, settled - 1);
}

void Presence::expire(EventTime watermark, std::span<const WindowSpec> windows) {
  const WindowSpec& longest = windows.back();
  const EventTime closed = floor_to(watermark, longest.step);
  std::erase_if(entries_,
                [&](const Entry& entry) { return first_closing(entry.pane, longest) + longest.size <= closed; });
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
