// The whole meaning of the windows stage: deltas of cells go in, panes are summed up into rolling windows, and
// each closing says which cells now read differently than before.
//
// Panes are the truth, a running sum per window and cell is a cache of them. Each window keeps panes of the
// width of its own step (a window of size W and step S has W/S of them), because windows nest: work and memory
// do not grow with W over the finest pane. Distinct customers come as edges (presence.h): those after the last
// closing are kept, and the number present is minus their sum.
//
// In the longest window there are also the chains of customers' paths (chain.h), one a segment. They are summed up like
// cells, and where one has changed at a closing, the credit of its touchpoints is solved for anew.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include <boost/unordered/unordered_flat_set.hpp>

#include "engine/model/cell.h"
#include "engine/model/panes.h"
#include "engine/model/presence.h"
#include "engine/model/row.h"
#include "engine/model/settings.h"
#include "engine/model/time.h"

namespace touchstone {

/// One piece of keyed state of a window: what must be written again when it changes.
struct WindowsKey {
  enum class Kind : std::uint8_t { kPane = 1, kEdge = 2, kRow = 3 };
  Kind kind{};
  std::uint8_t window{};
  CellIndex cell{};
  EventTime time{};  ///< pane's beginning or edge's closing; not used for rows
  friend auto operator<=>(const WindowsKey&, const WindowsKey&) = default;
};

/// The groups of cells whose changes are taken together, numbered from 0.
struct CellGroups {
  std::uint32_t count = 1;
  std::function<std::uint32_t(const CellKey&)> of = [](const CellKey&) { return 0U; };
};

/// Not thread-safe; one task owns it.
class Windows {
 public:
  /// Which cells' rows are written here; a chain credits also touchpoints whose cells are elsewhere.
  using Owns = std::function<bool(const CellKey&)>;

  /// Borrows the dictionary, which must outlive it and know every touchpoint that deltas speak of.
  /// One shelf is made for each window.
  Windows(std::vector<WindowSpec> specs, const Dictionary<TouchpointNo>& touchpoints, Owns owns,
          const MakeShelf& make_shelf, CellGroups groups = {});

  [[nodiscard]] std::span<const WindowSpec> specs() const { return specs_; }
  /// The number of a cell, given out when first asked for.
  CellIndex index(const CellKey& cell);
  [[nodiscard]] const CellKey& cell(CellIndex index) const { return *cells_[index].key; }
  [[nodiscard]] std::uint32_t group(CellIndex index) const { return cells_[index].group; }

  /// Adds the sums of a finest pane to every window. False if the finest window had closed over it already: the
  /// pane then counts from the next closings on, and not at all where it has left the window.
  bool add_pane(CellIndex cell, EventTime finest, const Cell& amounts);
  /// Tells every window what distinct customers these visits make present.
  void add_visits(CellIndex cell, const VisitCount& visits);

  /// Which cells a closing may touch; others are ahead of the log while it is read again after a restart.
  using CellFilter = std::function<bool(CellIndex)>;
  using RowSink = std::function<void(const Row&)>;
  /// What a pane of the finest window adds to a cell, as that window takes it in at its closing. Called for the panes
  /// of a cell in the order of time.
  using PaneSink = std::function<void(CellIndex, EventTime begin, const Cell&)>;
  void show_panes_to(PaneSink sink) { pane_sink_ = std::move(sink); }

  /// Closes every window up to the watermark, in the order of the closings' times, then of window sizes, then
  /// of cells, and shows the rows that differ from those before.
  void close_until(EventTime watermark, const CellFilter& may_touch, const RowSink& row);

  /// The input has ended at `highest`: closes up to it, and each window once more, at its first closing after.
  void end(EventTime highest, const CellFilter& may_touch, const RowSink& row);

  /// The last closing of each window.
  [[nodiscard]] std::vector<std::optional<EventTime>> closed() const;

  /// The keys of a group's cells that changed since they were last taken, each once, pane by pane.
  [[nodiscard]] std::vector<WindowsKey> take_changed(std::uint32_t group);
  /// Instead of taking them.
  void drop_changed();

  /// The present value of a key; nothing where it is gone.
  [[nodiscard]] std::optional<Cell> pane(const WindowsKey& key) const;
  [[nodiscard]] std::optional<std::int64_t> edge(const WindowsKey& key) const;
  [[nodiscard]] const Row* last_row(const WindowsKey& key) const;
  /// All last rows, in no particular order.
  void visit_last_rows(const RowSink& row) const;
  /// The sums over the longest window of the cells of moves and stays, in no particular order.
  void visit_moves(const std::function<void(const CellKey&, const Cell&)>& sums) const;

  /// Putting state back: first every piece, then `restored` with the closings as of which each cell is true and
  /// the closings to go on from.
  void restore_pane(const WindowsKey& key, const Cell& amounts);
  void restore_edge(const WindowsKey& key, std::int64_t change);
  void restore_row(const WindowsKey& key, Row row);
  using Closings = std::vector<std::optional<EventTime>>;
  void restored(const Closings& from, const std::function<const Closings&(CellIndex)>& closed_for);

 private:
  struct Current {
    Cell sums;
    std::int64_t customers = 0;
    std::optional<CreditSum> chain_credit;  ///< in the longest window
    std::optional<Row> last;
  };
  /// Changes of distinct customers at one closing, by cell; none of zero. Flat, as there are many for a long window.
  class EdgeCount {
   public:
    EdgeCount(CellIndex cell, std::int32_t of_customers) : change(of_customers), twice_cell_(2 * cell) {}
    [[nodiscard]] CellIndex cell() const { return twice_cell_ / 2; }
    /// Whether its key is among the changed ones.
    [[nodiscard]] bool is_marked() const { return twice_cell_ % 2 != 0; }
    void set_marked(bool marked) { twice_cell_ = 2 * cell() + (marked ? 1 : 0); }
    std::int32_t change;  ///< of the number of customers

   private:
    std::uint32_t twice_cell_;  ///< plus one where it is marked
  };
  using EdgeCounts = std::vector<EdgeCount>;
  using Touched = std::vector<CellIndex>;  ///< perhaps several times, until they are put in order
  struct CellKeyHash {
    std::size_t operator()(const CellKey& cell) const;
  };
  struct KeyHash {
    std::size_t operator()(const WindowsKey& key) const {
      const auto small =
          (std::uint64_t{key.cell} << 16) | (std::uint64_t{key.window} << 8) | static_cast<std::uint64_t>(key.kind);
      return static_cast<std::size_t>(static_cast<std::uint64_t>(millis_of(key.time)) * 0x9E3779B97F4A7C15ULL + small);
    }
  };
  struct Chain {
    std::map<std::string, CellIndex> places;  ///< by id
    std::vector<CellIndex> credited;
  };
  struct Window {
    explicit Window(Panes none) : panes(std::move(none)) {}
    Panes panes;
    std::map<EventTime, EdgeCounts> edges;  ///< by closing, after `closed`
    std::unordered_map<CellIndex, Current> current;
    std::set<CellIndex> disturbed;  ///< changed behind the last closing: read differently at the next one
    std::optional<EventTime> closed;
  };

  void add_edge(CellIndex cell, std::size_t number, EventTime closing, std::int64_t change);
  [[nodiscard]] std::optional<EventTime> next_closing(std::size_t number) const;
  void close(std::size_t number, EventTime at, const CellFilter& may_touch, const RowSink& row);
  void gain_and_lose_panes(std::size_t number, EventTime at, const CellFilter& may_touch, Touched& touched);
  void apply_edges(std::size_t number, EventTime at, const CellFilter& may_touch, Touched& touched);
  void credit_chains(Touched& touched);
  std::vector<CellIndex> credit_chain(const std::string& segment, Chain& chain);
  [[nodiscard]] static Measures measures_of(const Current& current);
  /// By CellKey, each once.
  void put_in_order(Touched& touched);
  void write_rows(std::size_t number, EventTime at, const Touched& touched, const RowSink& row);
  void mark(WindowsKey::Kind kind, std::size_t window, CellIndex cell, EventTime time);
  using Keys = boost::unordered_flat_set<WindowsKey, KeyHash>;
  void unmark(Keys& keys);

  std::vector<WindowSpec> specs_;
  const Dictionary<TouchpointNo>& touchpoints_;
  Owns owns_;
  PaneSink pane_sink_;
  std::vector<Window> windows_;
  std::map<std::string, Chain> chains_;  ///< by segment
  struct KnownCell {
    const CellKey* key;  ///< in numbers_, whose nodes do not move
    std::uint32_t group;
    std::uint32_t rank;  ///< its place in in_order_, once it is there
  };
  std::unordered_map<CellKey, CellIndex, CellKeyHash> numbers_;
  std::vector<KnownCell> cells_;
  std::vector<CellIndex> in_order_;  ///< by CellKey, which is the order of rows; new ones come when it is asked for
  CellGroups groups_;
  std::vector<Keys> changed_;  ///< by group
};

}  // namespace touchstone
