// Distinct customers, exactly, in any order of arrival.
//
// A visit at t makes its customer present at the closings in (t, t+W] of a window of size W. The union of
// these intervals over all visits is where the customer counts; the cell needs only its edges: +1 where the
// union begins, -1 where it ends. What a visit adds to the union follows from the visit and the one before it in time
// alone, so the cell is told of such pairs, which add up over customers, and makes the edges of each window itself.
//
// A new visit breaks up the pair of its neighbours in time. So the customer keeps where he was, by panes, as long as a
// visit may still become somebody's neighbour: those since the watermark and, for each cell, the last one before, since
// no visit that is not late can fall between older ones. One entry serves all eight cells of its dimensions.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/model/dimensions.h"
#include "engine/model/settings.h"
#include "engine/model/time.h"

namespace touchstone {

/// A customer's visit to a cell, by panes.
struct Visit {
  EventTime pane;
  std::optional<EventTime> before;  ///< the visit before it in time, unless no window holds both
  friend bool operator==(const Visit&, const Visit&) = default;
};

/// How many customers' visits of the same kind came, or (negative) were broken up.
struct VisitCount {
  Visit visit;
  std::int64_t count{};
  friend bool operator==(const VisitCount&, const VisitCount&) = default;
};

/// Where a visit makes a customer present who was not: from the closing `begin` on, and no longer from `end` on.
/// Nothing where both are the same.
struct PresenceEdges {
  EventTime begin;
  EventTime end;
};
[[nodiscard]] PresenceEdges edges_of(const Visit& visit, const WindowSpec& window);

/// Where one customer was. Bounded: for each cell the panes not older than the watermark and one, and up to a quarter
/// more that wait to be dropped.
class Presence {
 public:
  struct Entry {
    EventTime pane;
    Dimensions at;
    friend auto operator<=>(const Entry&, const Entry&) = default;
  };

  /// Shows what a visit in this pane changes, as `show(which of cells_of(at), VisitCount)`, in the order of the cells.
  /// `watermark` is the one in force after the visit.
  template <typename Show>
  void visit(const Dimensions& at, EventTime pane, EventTime watermark, std::span<const WindowSpec> windows,
             const Show& show) {
    const Neighbours near = neighbours(at, pane);
    if (near.present == kEveryCell) return;
    const Millis longest = windows.back().size + windows.back().step;
    const auto pair = [&](EventTime now, bool has_before, EventTime before) {
      return Visit{now, has_before && now - before <= longest ? std::optional(before) : std::nullopt};
    };
    for (std::size_t cell = 0; cell < kCellsOfOne; ++cell) {
      const auto is = [&](CellMask mask) { return is_in(mask, cell); };
      if (is(near.present)) continue;
      show(cell, VisitCount{pair(pane, is(near.preceded), near.before[cell]), 1});
      if (!is(near.followed)) continue;
      show(cell, VisitCount{pair(near.after[cell], is(near.preceded), near.before[cell]), -1});
      show(cell, VisitCount{pair(near.after[cell], true, pane), 1});
    }
    remember({pane, at}, floor_to(watermark, windows.front().step));
  }

  /// Drops what has left the longest window.
  void expire(EventTime watermark, std::span<const WindowSpec> windows);

  /// By pane.
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  /// Puts one back that was written; quick in their order.
  void put_back(const Entry& entry);
  void clear() { entries_.clear(); }

 private:
  /// The visits of each cell next to a pane in time.
  struct Neighbours {
    CellMask present = 0;                       ///< visited in that pane already
    CellMask preceded = 0;                      ///< which of `before` are set
    CellMask followed = 0;                      ///< which of `after` are
    std::array<EventTime, kCellsOfOne> before;  // NOLINT(cppcoreguidelines-pro-type-member-init): see the masks
    std::array<EventTime, kCellsOfOne> after;
  };
  [[nodiscard]] Neighbours neighbours(const Dimensions& at, EventTime pane) const;
  void remember(const Entry& entry, EventTime settled);
  void prune(EventTime settled);

  std::vector<Entry> entries_;
};

}  // namespace touchstone
