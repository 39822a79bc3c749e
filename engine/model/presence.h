// Distinct customers, exactly, in any order of arrival.
//
// A visit at t makes its customer present at the closings in (t, t+W] of a window of size W. The union of
// these intervals over all visits is where the customer counts; the cell needs only its edges: +1 where the
// union begins, -1 where it ends. What a visit adds to the union follows from the visit and the one before it in time
// alone, so the cell is told of such pairs, which add up over customers, and makes the edges of each window itself.
//
// A new visit breaks up the pair of its neighbours in time. So the customer keeps, for each cell, the panes visited
// since the watermark and the last one before: no visit that is not late can fall between older ones.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/model/cell.h"
#include "engine/model/settings.h"
#include "engine/model/time.h"

namespace touchstone {

/// A customer's visit to a cell, by panes. Ordered by time.
struct Visit {
  EventTime pane;
  std::optional<EventTime> before;  ///< the visit before it in time, unless no window holds both
  friend auto operator<=>(const Visit&, const Visit&) = default;
};

/// How many customers' visits of the same kind came, or (negative) were broken up.
struct VisitCount {
  Visit visit;
  std::int64_t count{};
  friend bool operator==(const VisitCount&, const VisitCount&) = default;
};

/// Sorts and adds up; none of zero stays.
void combine(std::vector<VisitCount>& visits);

/// Where a visit makes a customer present who was not: from the closing `begin` on, and no longer from `end` on.
/// Nothing where both are the same.
struct PresenceEdges {
  EventTime begin;
  EventTime end;
};
[[nodiscard]] PresenceEdges edges_of(const Visit& visit, const WindowSpec& window);

/// Where one customer was, by cell. Bounded: a cell keeps the panes not older than the watermark, and one.
class Presence {
 public:
  /// A pane in which the customer visited the cell.
  struct Entry {
    CellNo cell{};
    EventTime pane;
    friend auto operator<=>(const Entry&, const Entry&) = default;
  };

  /// Appends what a visit in this pane changes. `watermark` is the one in force after the visit.
  void visit(const CellNo& cell, EventTime pane, EventTime watermark, std::span<const WindowSpec> windows,
             std::vector<VisitCount>& changes);

  /// Drops what has left the longest window.
  void expire(EventTime watermark, std::span<const WindowSpec> windows);

  /// In order.
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  /// Puts one back that was written; quick in their order.
  void put_back(const Entry& entry);
  void clear() { entries_.clear(); }

 private:
  std::vector<Entry> entries_;
};

}  // namespace touchstone
