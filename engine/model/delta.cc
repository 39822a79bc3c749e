#include "engine/model/delta.h"

#include <algorithm>

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
  if (known != panes_.end()) return known->second;
  Amounts& fresh = panes_.emplace_back(pane, Amounts{}).second;
  if (!spare_.empty()) {
    fresh = std::move(spare_.back());
    spare_.pop_back();
  }
  return fresh;
}

void DeltaSet::clear() {
  constexpr std::size_t kSpare = 4;
  constexpr std::size_t kLargest = std::size_t{1} << 16;  // what was needed only once is not kept
  for (auto& [pane, amounts] : panes_) {
    if (spare_.size() == kSpare || amounts.bucket_count() > kLargest) continue;
    amounts.clear();
    spare_.push_back(std::move(amounts));
  }
  panes_.clear();
  if (visits_.bucket_count() > kLargest) {
    visits_ = {};
  } else {
    visits_.clear();
  }
  items_.clear();
}

DeltaSet::Cells DeltaSet::take() {
  std::sort(panes_.begin(), panes_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  /// By cell, pane and measure, all in one comparison of two words.
  struct Amount {
    std::uint64_t cell;
    std::uint64_t pane_and_key;
    std::int64_t amount;
    bool operator<(const Amount& other) const {
      return cell != other.cell ? cell < other.cell : pane_and_key < other.pane_and_key;
    }
  };
  constexpr std::uint64_t kKeyBits = (std::uint64_t{1} << kCellShift) - 1;
  std::vector<Amount> amounts;
  for (std::size_t pane = 0; pane < panes_.size(); ++pane) {
    for (const auto& [packed, amount] : panes_[pane].second) {
      if (amount != 0) amounts.push_back({packed & ~kKeyBits, pane << kCellShift | (packed & kKeyBits), amount});
    }
  }
  std::sort(amounts.begin(), amounts.end());
  Cells cells;
  std::size_t at = 0;
  for (const auto& [cell, pane_and_key, amount] : amounts) {
    const EventTime pane = panes_[pane_and_key >> kCellShift].first;
    find_or_insert(cells, at, cell_of(cell)).panes[pane].add(measure_of(pane_and_key), amount);
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
