// The panes of one rolling window. A pane that is still added to holds its cells as they are; once the window has taken
// it in, it is only read again when it leaves, so it is packed into bytes then: most of a long window is packed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/model/cell.h"
#include "engine/model/time.h"

namespace touchstone {

/// A cell's number within one Windows.
using CellIndex = std::uint32_t;

/// The cells of one pane in few bytes. Immutable but for cells that are taken out.
class PackedPane {
 public:
  explicit PackedPane(const std::unordered_map<CellIndex, Cell>& cells);

  [[nodiscard]] std::optional<Cell> find(CellIndex cell) const;
  void visit(const std::function<void(CellIndex, const Cell&)>& show) const;
  void erase_if(const std::function<bool(CellIndex)>& gone);
  [[nodiscard]] bool empty() const { return entries_.empty(); }

 private:
  struct Entry {
    CellIndex cell;
    std::uint32_t begin;  ///< in bytes_; its amounts end by themselves
  };
  [[nodiscard]] Cell unpack(const Entry& entry) const;

  std::vector<Entry> entries_;  ///< by cell
  std::string bytes_;
};

/// Not thread-safe.
class Panes {
 public:
  /// The sums of a cell in a pane, to be added to; a packed pane is unpacked for it.
  Cell& at(EventTime begin, CellIndex cell);
  /// Packs a pane, if it is there.
  void pack(EventTime begin);

  /// Nothing where there are no amounts.
  [[nodiscard]] std::optional<Cell> find(EventTime begin, CellIndex cell) const;
  using Visit = std::function<void(CellIndex, const Cell&)>;
  void visit(EventTime begin, const Visit& show) const;
  /// All panes, by their beginnings.
  void visit_all(const std::function<void(EventTime, CellIndex, const Cell&)>& show) const;
  void erase_if(EventTime begin, const std::function<bool(CellIndex)>& gone);

  [[nodiscard]] std::optional<EventTime> first() const;
  /// The first one that does not begin before `from`.
  [[nodiscard]] std::optional<EventTime> first_from(EventTime from) const;

 private:
  std::map<EventTime, std::unordered_map<CellIndex, Cell>> open_;
  std::map<EventTime, PackedPane> packed_;  ///< no pane is in both
};

}  // namespace touchstone
