#include "engine/model/delta.h"

#include <algorithm>
#include <tuple>

namespace touchstone {
namespace {

/// The changes of a cell, in a list that is being made in the order of cells, or lately was: `at` only goes forward.
CellDelta& find_or_insert(DeltaSet::Cells& cells, std::size_t& at, const CellNo& cell) {
  while (at < cells.size() && cells[at].first < cell) ++at;
  if (at == cells.size() || cells[at].first != cell) {
    cells.insert(cells.begin() + static_cast<std::ptrdiff_t>(at), {cell, {}});
  }
  return cells[at].second;
}

}  // namespace

CellNo DeltaSet::cell_of(std::uint64_t packed) {
  const std::uint64_t cell = packed >> kCellShift;
  return {static_cast<Scope>(cell >> 32), static_cast<std::uint16_t>(cell >> 16), static_cast<std::uint16_t>(cell)};
}

MeasureKey DeltaSet::measure_of(std::uint64_t packed) {
  return {static_cast<MeasureKind>((packed >> 16) & 0xFF), static_cast<std::uint16_t>(packed)};
}

DeltaSet::Amounts& DeltaSet::of_pane(EventTime pane) {
  if (pane_ < panes_.size() && panes_[pane_].first == pane) return panes_[pane_].second;
  const auto known = std::find_if(panes_.begin(), panes_.end(), [&](const auto& each) { return each.first == pane; });
  pane_ = static_cast<std::size_t>(known - panes_.begin());
  if (known == panes_.end()) panes_.emplace_back(pane, Amounts{});
  return panes_[pane_].second;
}

void DeltaSet::clear() {
  panes_.clear();
  visits_.clear();
  items_.clear();
}

DeltaSet::Cells DeltaSet::take() {
  struct Amount {
    std::uint64_t key;
    EventTime pane;
    std::int64_t amount;
  };
  std::vector<Amount> amounts;
  for (const auto& [pane, sums] : panes_) {
    for (const auto& [key, amount] : sums) {
      if (amount != 0) amounts.push_back({key, pane, amount});
    }
  }
  std::sort(amounts.begin(), amounts.end(), [](const Amount& a, const Amount& b) {
    return std::tuple(a.key >> kCellShift, a.pane, a.key) < std::tuple(b.key >> kCellShift, b.pane, b.key);
  });
  Cells cells;
  std::size_t at = 0;
  for (const auto& [key, pane, amount] : amounts) {
    find_or_insert(cells, at, cell_of(key)).panes[pane].add(measure_of(key), amount);
  }

  std::vector<std::pair<VisitKey, std::int64_t>> visits(visits_.begin(), visits_.end());
  std::sort(visits.begin(), visits.end());
  at = 0;
  for (const auto& [key, count] : visits) {
    if (count == 0) continue;
    const Visit visit{key.pane, key.before == EventTime::max() ? std::nullopt : std::optional(key.before)};
    find_or_insert(cells, at, cell_of(key.cell)).visits.push_back({visit, count});
  }

  at = 0;
  for (auto& [ranking, items] : items_) find_or_insert(cells, at, ranking).items = std::move(items);
  clear();
  return cells;
}

}  // namespace touchstone
