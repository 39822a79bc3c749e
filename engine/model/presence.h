// Distinct customers, exactly, in any order of arrival.
//
// A visit at t makes its customer present at the closings in (t, t+W] of a window of size W. The union of
// these intervals over all visits is where the customer counts; the cell is told only its edges: +1 where the
// union begins, -1 where it ends. A new visit changes the union only between its neighbours in time, so the
// customer keeps, for each cell, the panes visited since the watermark and the last one before: no visit that
// is not late can fall between older ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "engine/model/cell.h"
#include "engine/model/settings.h"
#include "engine/model/time.h"

namespace touchstone {

/// A change of the number of customers present, from a closing of a window on.
struct Edge {
  std::size_t window;  ///< number in Settings::windows
  EventTime closing;
  std::int64_t change;
};

/// Where one customer was, by cell. Bounded: a cell keeps the panes not older than the watermark, and one.
class Presence {
 public:
  /// One cell's visited panes (their beginnings), ascending.
  using Panes = std::vector<EventTime>;

  /// Counts a visit at the pane beginning at `pane` and shows the edges that it changes. `watermark` is the
  /// one in force after the visit.
  void visit(const CellNo& cell, EventTime pane, EventTime watermark, std::span<const WindowSpec> windows,
             const std::function<void(const Edge&)>& edge);

  /// Drops cells whose last visit has left the longest window.
  void expire(EventTime watermark, std::span<const WindowSpec> windows);

  [[nodiscard]] const std::vector<std::pair<CellNo, Panes>>& cells() const { return cells_; }
  /// Puts a cell back as it was written; cells must come in order.
  void restore(CellNo cell, Panes panes) { cells_.emplace_back(cell, std::move(panes)); }

 private:
  std::vector<std::pair<CellNo, Panes>> cells_;  ///< sorted by cell
};

}  // namespace touchstone
