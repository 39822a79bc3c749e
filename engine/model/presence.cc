#include "engine/model/presence.h"

#include <algorithm>
#include <optional>

namespace touchstone {
namespace {

/// The first closing of a window at which a visit in this pane counts.
EventTime first_closing(EventTime pane, const WindowSpec& window) { return first_after(pane, window.step); }

using EdgeSink = std::function<void(const Edge&)>;

/// Two neighbouring visits whose intervals meet share one presence: the end of the earlier interval and the
/// beginning of the later one fall away. sign -1 undoes that.
void join(std::size_t number, const WindowSpec& window, EventTime earlier, EventTime later, std::int64_t sign,
          const EdgeSink& edge) {
  const EventTime end = first_closing(earlier, window) + window.size;
  const EventTime begin = first_closing(later, window);
  if (begin >= end) return;
  edge({number, end, sign});
  edge({number, begin, -sign});
}

}  // namespace

void Presence::visit(const CellNo& cell, EventTime pane, EventTime watermark, std::span<const WindowSpec> windows,
                     const EdgeSink& edge) {
  auto entry = std::lower_bound(cells_.begin(), cells_.end(), cell,
                                [](const auto& known, const CellNo& wanted) { return known.first < wanted; });
  if (entry == cells_.end() || entry->first != cell) entry = cells_.insert(entry, {cell, {}});
  Panes& panes = entry->second;

  const auto at = std::lower_bound(panes.begin(), panes.end(), pane);
  if (at != panes.end() && *at == pane) return;
  const std::optional<EventTime> before = at == panes.begin() ? std::nullopt : std::optional(*(at - 1));
  const std::optional<EventTime> after = at == panes.end() ? std::nullopt : std::optional(*at);
  for (std::size_t number = 0; number < windows.size(); ++number) {
    const WindowSpec& window = windows[number];
    const EventTime begin = first_closing(pane, window);
    edge({number, begin, 1});
    edge({number, begin + window.size, -1});
    if (before && after) join(number, window, *before, *after, -1, edge);
    if (before) join(number, window, *before, pane, 1, edge);
    if (after) join(number, window, pane, *after, 1, edge);
  }
  panes.insert(at, pane);

  // Of the panes before the watermark's only the last can still be a neighbour.
  const EventTime oldest = floor_to(watermark, windows.front().step);
  const auto settled = std::lower_bound(panes.begin(), panes.end(), oldest);
  if (settled - panes.begin() > 1) panes.erase(panes.begin(), settled - 1);
}

void Presence::expire(EventTime watermark, std::span<const WindowSpec> windows) {
  const WindowSpec& longest = windows.back();
  std::erase_if(cells_, [&](const auto& entry) {
    return first_closing(entry.second.back(), longest) + longest.size <= floor_to(watermark, longest.step);
  });
}

}  // namespace touchstone
