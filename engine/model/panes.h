// The panes of one rolling window. A pane that is still added to holds its cells as they are. Once the window has taken
// it in it is only wanted again when it leaves, so it is put on a shelf then: memory follows the panes that are open,
// and not how many steps the window is long. On the shelf each cell is behind its length, so that one can be read
// without the others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "engine/model/cell.h"
#include "engine/model/shelf.h"
#include "engine/model/time.h"

namespace touchstone {

/// A cell's number within one Windows.
using CellIndex = std::uint32_t;

/// Not thread-safe.
class Panes {
 public:
  explicit Panes(std::unique_ptr<Shelf> shelf) : shelf_(std::move(shelf)) {}
  // Not inline, where g++ takes read_ for uninitialized.
  Panes(Panes&& other) noexcept;
  Panes& operator=(Panes&&) = delete;
  Panes(const Panes&) = delete;
  Panes& operator=(const Panes&) = delete;
  ~Panes();

  /// The sums of a cell in a pane, to be added to; a pane is taken off the shelf for it. Valid until the next call.
  Cell& at(EventTime begin, CellIndex cell);
  /// Puts every open pane that begins before `end` on the shelf.
  void shelve_until(EventTime end);

  /// Nothing where there are no amounts. Cheap when asked for many cells of one pane in a row.
  [[nodiscard]] std::optional<Cell> find(EventTime begin, CellIndex cell) const;
  using Visit = std::function<void(CellIndex, const Cell&)>;
  void visit(EventTime begin, const Visit& show) const;
  /// Takes out the cells that go, and shows them.
  void take_out(EventTime begin, const std::function<bool(CellIndex)>& goes, const Visit& show);

  /// Puts a cell of a pane back as it was, while state is restored: first all, then `restored`, once.
  void restore(EventTime begin, CellIndex cell, const Cell& amounts);
  /// Shows what was put back, pane by pane, and goes on from there.
  void restored(const std::function<void(EventTime, CellIndex, const Cell&)>& show);

  [[nodiscard]] std::optional<EventTime> first() const;
  /// The first one that does not begin before `from`.
  [[nodiscard]] std::optional<EventTime> first_from(EventTime from) const;

 private:
  using Cells = boost::unordered_flat_map<CellIndex, Cell>;
  /// A pane as it lies on the shelf, and where its cells begin in there.
  struct Shelved {
    struct Place {
      CellIndex cell;
      std::uint32_t at;
    };
    EventTime begin;
    std::string packed;
    std::vector<Place> places;  ///< by cell
  };
  [[nodiscard]] const Shelved* read(EventTime begin) const;
  void shelve(EventTime begin, const std::string& packed);

  std::unique_ptr<Shelf> shelf_;
  std::map<EventTime, Cells> open_;
  std::map<EventTime, Shelf::Place> shelved_;  ///< no pane is in both
  std::map<EventTime, std::string> restoring_;
  /// The pane that was last read from the shelf by find().
  mutable std::optional<Shelved> read_;
};

}  // namespace touchstone
