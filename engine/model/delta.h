// Changes of cells, combined before they are sent: what came in one batch for one cell and one pane is one
// delta. Adding them up in any order gives the same cells.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "engine/model/cell.h"
#include "engine/model/presence.h"
#include "engine/model/time.h"

namespace touchstone {

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
  std::vector<VisitCount> visits;  ///< by pane, each once
  std::map<EventTime, ItemCounts> items;
};

/// What came for cells since it was last handed over. An event adds some twenty amounts, so these lie in one flat table
/// for each pane, under the cell and the measure as one number; only when they are handed over they become cells.
///
/// Not thread-safe; one task owns it.
class DeltaSet {
 public:
  using Cells = std::vector<std::pair<CellNo, CellDelta>>;
  using Amounts = boost::unordered_flat_map<std::uint64_t, std::int64_t>;

  /// The sums of a cell in a pane, to be added to. Valid until another pane is asked for.
  class Sums {
   public:
    void add(MeasureKey key, std::int64_t amount) { amounts_[cell_ | pack(key)] += amount; }
    void add(const Cell& amounts) {
      for (const Cell::Amount& each : amounts.amounts()) add(each.key, each.amount);
    }

   private:
    friend class DeltaSet;
    Sums(Amounts& amounts, std::uint64_t cell) : amounts_(amounts), cell_(cell) {}
    Amounts& amounts_;
    std::uint64_t cell_;
  };
  Sums sums(const CellNo& cell, EventTime pane) { return {of_pane(pane), pack(cell)}; }

  void count_visit(const CellNo& cell, const VisitCount& visit) {
    visits_[{pack(cell), visit.visit.pane, visit.visit.before.value_or(EventTime::max())}] += visit.count;
  }
  void count_item(const CellNo& ranking, EventTime pane, const std::string& item) { ++items_[ranking][pane][item]; }

  /// Forgets everything.
  void clear();
  /// Hands everything over, by cell, and is empty again.
  [[nodiscard]] Cells take();

 private:
  struct VisitKey {
    std::uint64_t cell;
    EventTime pane;
    EventTime before;  ///< max: none
    friend auto operator<=>(const VisitKey&, const VisitKey&) = default;
  };
  struct VisitHash {
    std::size_t operator()(const VisitKey& key) const {
      constexpr std::size_t kOdd = 0x9E3779B97F4A7C15;
      const auto word = [](EventTime time) { return static_cast<std::size_t>(millis_of(time)); };
      return ((key.cell * kOdd) ^ word(key.pane)) * kOdd ^ word(key.before);
    }
  };

  /// A cell in the upper bits, a measure in the lower ones: numbers are in the order of both.
  static constexpr unsigned kCellShift = 24;
  static std::uint64_t pack(const CellNo& cell) { return std::uint64_t{CellNoHash{}(cell)} << kCellShift; }
  static std::uint64_t pack(MeasureKey key) { return (static_cast<std::uint64_t>(key.kind) << 16) | key.sub; }
  static CellNo cell_of(std::uint64_t packed);
  static MeasureKey measure_of(std::uint64_t packed);

  Amounts& of_pane(EventTime pane);

  std::vector<std::pair<EventTime, Amounts>> panes_;  ///< few; in no order
  std::size_t pane_ = 0;                              ///< the one asked for last
  std::vector<Amounts> spare_;                        ///< empty, kept for their memory
  boost::unordered_flat_map<VisitKey, std::int64_t, VisitHash> visits_;
  std::map<CellNo, std::map<EventTime, ItemCounts>> items_;
};

}  // namespace touchstone
