// Changes of cells, combined before they are sent: what came in one batch for one cell and one pane is one
// delta. Adding them up in any order gives the same cells.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "engine/model/cell.h"
#include "engine/model/presence.h"
#include "engine/model/time.h"

namespace touchstone {

/// Its value in one number; tables that take it spread it themselves.
struct CellNoHash {
  std::size_t operator()(const CellNo& cell) const {
    return (static_cast<std::size_t>(cell.scope) << 32) | (static_cast<std::size_t>(cell.id) << 16) | cell.segment;
  }
};

/// Items of a ranking and how often each came.
using ItemCounts = std::map<std::string, std::int64_t>;

/// Sums by finest pane, in the order of time. A batch spans few panes, the last of them mostly, so that they are looked
/// for from there.
class PaneSums {
 public:
  /// Those of a pane, to be added to. Valid until another pane is asked for.
  Cell& operator[](EventTime pane) {
    auto at = sums_.end();
    while (at != sums_.begin() && (at - 1)->first >= pane) --at;
    if (at == sums_.end() || at->first != pane) at = sums_.insert(at, {pane, {}});
    return at->second;
  }
  [[nodiscard]] std::size_t size() const { return sums_.size(); }
  [[nodiscard]] auto begin() const { return sums_.begin(); }
  [[nodiscard]] auto end() const { return sums_.end(); }

 private:
  std::vector<std::pair<EventTime, Cell>> sums_;
};

/// The changes of one cell: sums, visits of distinct customers; of a ranking, items by finest pane.
struct CellDelta {
  PaneSums panes;
  std::vector<VisitCount> visits;  ///< combined when they are handed over
  std::map<EventTime, ItemCounts> items;
};

/// Not thread-safe; one task owns it.
class DeltaSet {
 public:
  using Cells = std::deque<std::pair<CellNo, CellDelta>>;

  /// What has come together for a cell, to be added to. Valid until everything is handed over or forgotten.
  CellDelta& of(const CellNo& cell) {
    const auto [known, added] = index_.try_emplace(cell, nullptr);
    if (added) known->second = &cells_.emplace_back(cell, CellDelta{}).second;
    return *known->second;
  }
  /// The sums of a cell in a pane, to be added to.
  Cell& cell(const CellNo& cell, EventTime pane) { return of(cell).panes[pane]; }

  void count_item(const CellNo& ranking, EventTime pane, const std::string& item) { ++of(ranking).items[pane][item]; }

  /// Forgets everything.
  void clear() {
    index_.clear();
    cells_.clear();
  }

  /// Each once, in no particular order.
  [[nodiscard]] const Cells& cells() const { return cells_; }
  /// Hands everything over and is empty again.
  [[nodiscard]] Cells take() {
    for (auto& [cell, delta] : cells_) combine(delta.visits);
    index_.clear();
    return std::exchange(cells_, {});
  }

 private:
  boost::unordered_flat_map<CellNo, CellDelta*, CellNoHash> index_;
  Cells cells_;  ///< which do not move
};

}  // namespace touchstone
