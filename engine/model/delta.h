// Changes of cells, combined before they are sent: what came in one batch for one cell and one pane is one
// delta. Adding them up in any order gives the same cells.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/model/cell.h"
#include "engine/model/presence.h"
#include "engine/model/time.h"

namespace touchstone {

/// Items of a ranking and how often each came.
using ItemCounts = std::map<std::string, std::int64_t>;

/// The changes of one cell: sums by finest pane, visits of distinct customers; of a ranking, items by finest pane.
struct CellDelta {
  std::map<EventTime, Cell> panes;
  std::vector<VisitCount> visits;  ///< combined when they are handed over
  std::map<EventTime, ItemCounts> items;
};

/// Not thread-safe; one task owns it.
class DeltaSet {
 public:
  /// What has come together for a cell, to be added to. Valid until the next call.
  CellDelta& of(const CellNo& cell) { return deltas_[cell]; }
  /// The sums of a cell in a pane, to be added to.
  Cell& cell(const CellNo& cell, EventTime pane) { return deltas_[cell].panes[pane]; }

  void count_item(const CellNo& ranking, EventTime pane, const std::string& item) {
    ++deltas_[ranking].items[pane][item];
  }

  /// Forgets everything.
  void clear() { deltas_.clear(); }

  /// By cell, in no particular order.
  [[nodiscard]] const auto& cells() const { return deltas_; }
  /// Hands everything over and is empty again.
  [[nodiscard]] auto take() {
    for (auto& [cell, delta] : deltas_) combine(delta.visits);
    return std::exchange(deltas_, {});
  }

 private:
  struct Hash {
    std::size_t operator()(const CellNo& cell) const {
      const std::uint64_t packed =
          (static_cast<std::uint64_t>(cell.scope) << 32) | (static_cast<std::uint64_t>(cell.id) << 16) | cell.segment;
      return std::hash<std::uint64_t>{}(packed * 0x9E3779B97F4A7C15ULL);
    }
  };
  std::unordered_map<CellNo, CellDelta, Hash> deltas_;
};

}  // namespace touchstone
