// Bounded top lists of texts over the longest window: which kinds of events the map does not know, which paths
// customers take most. Counts are kept by step: the window's, or a multiple of it where that has very many. When a step
// closes only its most frequent items stay, so memory is bounded whatever comes, and what is dropped was rare in its
// step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/model/delta.h"
#include "engine/model/settings.h"
#include "engine/model/shelf.h"
#include "engine/model/time.h"

namespace touchstone {

/// Items kept of a step that has closed, and shown of the whole window.
inline constexpr std::size_t kRankedItems = 100;
/// Different items counted in a step that is still open; those that come when it is full are not counted.
inline constexpr std::size_t kOpenItems = 10'000;

/// Steps that a ranking divides its window into, at most.
inline constexpr std::int64_t kRankingSteps = 168;

/// A step's list of one ranking.
struct RankingStep {
  EventTime begin;
  CellKey ranking;  ///< of a scope that ranks
  friend auto operator<=>(const RankingStep&, const RankingStep&) = default;
};

/// The first of the items by count, ties by the bytes of their texts.
[[nodiscard]] std::vector<std::pair<std::string, std::int64_t>> most_frequent(const ItemCounts& items,
                                                                              std::size_t most);

/// Not thread-safe; one task owns it.
class Rankings {
 public:
  Rankings(WindowSpec window, std::unique_ptr<Shelf> shelf);

  /// Counts items of a pane within the window's step. Those of steps that have closed are left out.
  void add(const CellKey& ranking, EventTime pane, const ItemCounts& items);

  /// Which rankings a closing may touch; others are ahead of the log while it is read again after a restart.
  using Filter = std::function<bool(const CellKey&)>;
  /// The window has closed: steps that end by then enter, those that it has left are gone.
  void close(EventTime closing, const Filter& may_touch);

  /// Over the window as it last closed.
  [[nodiscard]] const std::map<CellKey, ItemCounts>& sums() const { return sums_; }

  /// The steps of these rankings that changed since they were last taken.
  [[nodiscard]] std::vector<RankingStep> take_changed(const Filter& of);
  void drop_changed() { changed_.clear(); }
  /// The items of a step; nothing where it is gone.
  [[nodiscard]] std::optional<ItemCounts> items(const RankingStep& step) const;

  /// Putting state back: first every step, then the closing as of which each ranking is true, and the one to go on
  /// from.
  void restore(const RankingStep& step, ItemCounts items);
  using ClosedFor = std::function<std::optional<EventTime>(const CellKey&)>;
  void restored(std::optional<EventTime> closed, const ClosedFor& closed_for);

 private:
  using Lists = std::map<CellKey, ItemCounts>;
  void enter(const RankingStep& step, ItemCounts& items);
  void close_open(EventTime at, const Filter& may_touch);
  void lose_old(EventTime at, const Filter& may_touch);
  [[nodiscard]] Lists take_off(EventTime begin);
  void shelve(EventTime begin, const Lists& lists);

  WindowSpec window_;
  std::unique_ptr<Shelf> shelf_;
  std::optional<EventTime> closed_;
  std::map<EventTime, Lists> open_;            ///< by the step's beginning
  std::map<EventTime, Shelf::Place> shelved_;  ///< steps that have closed; none is in both
  std::map<CellKey, ItemCounts> sums_;
  std::set<RankingStep> changed_;
};

}  // namespace touchstone
