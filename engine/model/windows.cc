#include "engine/model/windows.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <string_view>
#include <tuple>
#include <utility>

#include <xxhash.h>

#include "engine/model/chain.h"

namespace touchstone {
namespace {

/// Where a cell's edge is in a list by cell, or where it belongs.
template <typename Edges>
auto find_edge(Edges& edges, CellIndex cell) {
  return std::lower_bound(edges.begin(), edges.end(), cell,
                          [](const auto& edge, CellIndex wanted) { return edge.cell() < wanted; });
}

/// An edge in lists by closing; null where there is none.
template <typename Closings>
auto* find_edge_of(Closings& closings, const WindowsKey& key) {
  const auto edges = closings.find(key.time);
  if (edges == closings.end()) return static_cast<decltype(edges->second.data())>(nullptr);
  const auto found = find_edge(edges->second, key.cell);
  return found == edges->second.end() || found->cell() != key.cell ? nullptr : &*found;
}

std::int32_t checked_count(std::int64_t change) {
  assert(change >= std::numeric_limits<std::int32_t>::min() && change <= std::numeric_limits<std::int32_t>::max());
  return static_cast<std::int32_t>(change);
}

}  // namespace

Windows::Windows(std::vector<WindowSpec> specs, const Dictionary<TouchpointNo>& touchpoints, Owns owns,
                 const MakeShelf& make_shelf, CellGroups groups)
    : specs_(std::move(specs)),
      touchpoints_(touchpoints),
      owns_(std::move(owns)),
      groups_(std::move(groups)),
      changed_(groups_.count) {
  for (std::size_t number = 0; number < specs_.size(); ++number) windows_.emplace_back(Panes(make_shelf()));
}

std::size_t Windows::CellKeyHash::operator()(const CellKey& cell) const {
  const std::uint64_t id = XXH3_64bits_withSeed(cell.id.data(), cell.id.size(), static_cast<XXH64_hash_t>(cell.scope));
  return XXH3_64bits_withSeed(cell.segment.data(), cell.segment.size(), id);
}

CellIndex Windows::index(const CellKey& cell) {
  const auto [entry, added] = numbers_.try_emplace(cell, static_cast<CellIndex>(cells_.size()));
  if (!added) return entry->second;
  cells_.push_back({&entry->first, groups_.of(cell), 0});
  if (cell.scope == Scope::kChain) chains_[cell.segment].places.emplace(cell.id, entry->second);
  return entry->second;
}

void Windows::mark(WindowsKey::Kind kind, std::size_t window, CellIndex cell, EventTime time) {
  changed_[group(cell)].insert({kind, static_cast<std::uint8_t>(window), cell, time});
}

bool Windows::add_pane(CellIndex cell, EventTime finest, const Cell& amounts) {
  const std::size_t first = has_rows(this->cell(cell).scope) ? 0 : windows_.size() - 1;
  const bool divided = !amounts.empty() && is_division(amounts.amounts().back().key.kind);
  const Cell plain = divided ? undivided(amounts) : Cell{};
  for (std::size_t number = first; number < windows_.size(); ++number) {
    const WindowSpec& spec = specs_[number];
    Window& window = windows_[number];
    const EventTime begin = floor_to(finest, spec.step);
    const bool closed_over = window.closed && begin < *window.closed;
    if (closed_over && begin + spec.step + spec.size <= *window.closed) continue;
    const Cell& counted = divided && number > 0 ? plain : amounts;
    window.panes.at(begin, cell).add(counted);
    mark(WindowsKey::Kind::kPane, number, cell, begin);
    if (closed_over) {
      window.current[cell].sums.add(counted);
      window.disturbed.insert(cell);
    }
  }
  const Window& finest_window = windows_.front();
  return !finest_window.closed || floor_to(finest, specs_.front().step) >= *finest_window.closed;
}

void Windows::add_visits(CellIndex cell, const VisitCount& visits) {
  for (std::size_t number = 0; number < windows_.size(); ++number) {
    const PresenceEdges edges = edges_of(visits.visit, specs_[number]);
    if (edges.begin == edges.end) continue;
    add_edge(cell, number, edges.begin, visits.count);
    add_edge(cell, number, edges.end, -visits.count);
  }
}

void Windows::add_edge(CellIndex cell, std::size_t number, EventTime closing, std::int64_t change) {
  Window& window = windows_[number];
  if (window.closed && closing <= *window.closed) {
    window.current[cell].customers += change;
    window.disturbed.insert(cell);
    return;
  }
  EdgeCounts& edges = window.edges[closing];
  auto at = find_edge(edges, cell);
  if (at == edges.end() || at->cell() != cell) at = edges.insert(at, {cell, 0});
  // Many changes come between two takings: only the first one is looked for among the keys.
  if (!at->is_marked()) mark(WindowsKey::Kind::kEdge, number, cell, closing);
  at->set_marked(true);
  at->change = checked_count(at->change + change);
  if (at->change == 0) edges.erase(at);
  if (edges.empty()) window.edges.erase(closing);
}

std::optional<EventTime> Windows::next_closing(std::size_t number) const {
  const WindowSpec& spec = specs_[number];
  const Window& window = windows_[number];
  std::optional<EventTime> next;
  const auto consider = [&](EventTime at) {
    if (window.closed && at <= *window.closed) return;
    next = next ? std::min(*next, at) : at;
  };
  if (const auto oldest = window.panes.first()) {
    const auto entering = window.closed ? window.panes.first_from(*window.closed) : oldest;
    if (entering) consider(*entering + spec.step);
    consider(*oldest + spec.step + spec.size);
  }
  if (!window.edges.empty()) consider(window.edges.begin()->first);
  if (!window.disturbed.empty()) consider(*window.closed + spec.step);
  return next;
}

void Windows::close_until(EventTime watermark, const CellFilter& may_touch, const RowSink& row) {
  for (;;) {
    std::optional<EventTime> soonest;
    for (std::size_t number = 0; number < windows_.size(); ++number) {
      const std::optional<EventTime> at = next_closing(number);
      if (at && *at <= watermark && (!soonest || *at < *soonest)) soonest = at;
    }
    if (!soonest) break;
    for (std::size_t number = 0; number < windows_.size(); ++number) {
      if (next_closing(number) == soonest) close(number, *soonest, may_touch, row);
    }
  }
  for (std::size_t number = 0; number < windows_.size(); ++number) {
    std::optional<EventTime>& closed = windows_[number].closed;
    const EventTime reached = floor_to(watermark, specs_[number].step);
    closed = closed ? std::max(*closed, reached) : reached;
  }
}

void Windows::end(EventTime highest, const CellFilter& may_touch, const RowSink& row) {
  close_until(highest, may_touch, row);
  std::vector<std::pair<EventTime, std::size_t>> last;
  for (std::size_t number = 0; number < windows_.size(); ++number) {
    const EventTime at = first_after(highest, specs_[number].step);
    if (at > *windows_[number].closed) last.emplace_back(at, number);
  }
  std::sort(last.begin(), last.end());
  for (const auto& [at, number] : last) close(number, at, may_touch, row);
}

void Windows::close(std::size_t number, EventTime at, const CellFilter& may_touch, const RowSink& row) {
  Window& window = windows_[number];
  Touched touched;
  std::erase_if(window.disturbed, [&](CellIndex cell) {
    const bool touches = may_touch(cell);
    if (touches) touched.push_back(cell);
    return touches;
  });
  gain_and_lose_panes(number, at, may_touch, touched);
  apply_edges(number, at, may_touch, touched);
  window.closed = at;
  if (number + 1 == windows_.size()) credit_chains(touched);
  put_in_order(touched);
  write_rows(number, at, touched, row);
}

// New cells come one after another and seldom last, so they are merged in when the order is asked for.
void Windows::put_in_order(Touched& touched) {
  const auto by_key = [&](CellIndex a, CellIndex b) { return cell(a) < cell(b); };
  if (const std::size_t known = in_order_.size(); known < cells_.size()) {
    for (std::size_t index = known; index < cells_.size(); ++index) in_order_.push_back(static_cast<CellIndex>(index));
    const auto fresh = in_order_.begin() + static_cast<std::ptrdiff_t>(known);
    std::sort(fresh, in_order_.end(), by_key);
    std::inplace_merge(in_order_.begin(), fresh, in_order_.end(), by_key);
    for (std::size_t rank = 0; rank < in_order_.size(); ++rank) {
      cells_[in_order_[rank]].rank = static_cast<std::uint32_t>(rank);
    }
  }
  std::sort(touched.begin(), touched.end(), [&](CellIndex a, CellIndex b) { return cells_[a].rank < cells_[b].rank; });
  touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
}

void Windows::gain_and_lose_panes(std::size_t number, EventTime at, const CellFilter& may_touch, Touched& touched) {
  const WindowSpec& spec = specs_[number];
  Window& window = windows_[number];
  const EventTime entering = at - spec.step;
  window.panes.visit(entering, [&](CellIndex cell, const Cell& amounts) {
    if (!may_touch(cell)) return;
    window.current[cell].sums.add(amounts);
    touched.push_back(cell);
    if (number == 0 && pane_sink_) pane_sink_(cell, entering, amounts);
  });
  window.panes.shelve_until(at);
  const EventTime leaving = entering - spec.size;
  window.panes.take_out(leaving, may_touch, [&](CellIndex cell, const Cell& amounts) {
    window.current[cell].sums.subtract(amounts);
    touched.push_back(cell);
    mark(WindowsKey::Kind::kPane, number, cell, leaving);
  });
}

void Windows::apply_edges(std::size_t number, EventTime at, const CellFilter& may_touch, Touched& touched) {
  Window& window = windows_[number];
  const auto due = window.edges.find(at);
  if (due == window.edges.end()) return;
  for (const EdgeCount& edge : due->second) {
    const CellIndex cell = edge.cell();
    if (!may_touch(cell)) continue;
    window.current[cell].customers += edge.change;
    touched.push_back(cell);
    mark(WindowsKey::Kind::kEdge, number, cell, at);
  }
  // Edges of cells that may not be touched here are of closings those cells have behind them.
  window.edges.erase(due);
}

void Windows::credit_chains(Touched& touched) {
  std::set<std::string_view> segments;
  std::erase_if(touched, [&](CellIndex index) {
    const CellKey& key = cell(index);
    if (key.scope == Scope::kChain) segments.insert(key.segment);
    return !has_rows(key.scope);
  });
  for (const std::string_view segment : segments) {
    const auto chain = chains_.find(std::string(segment));
    const std::vector<CellIndex> credited = credit_chain(chain->first, chain->second);
    touched.insert(touched.end(), credited.begin(), credited.end());
  }
}

/// Solves the chain as it now stands. Returns the cells whose credit may have changed.
std::vector<CellIndex> Windows::credit_chain(const std::string& segment, Chain& chain) {
  auto& current = windows_.back().current;
  std::vector<ChainRow> rows;
  for (const auto& [id, index] : chain.places) {
    const auto found = current.find(index);
    if (found == current.end() || found->second.sums.empty()) continue;
    const auto touchpoint = touchpoints_.find(id);
    rows.push_back({touchpoint ? touchpoint->value() : CellNo::kAllNumber, &found->second.sums});
  }
  const std::vector<ChainCredit> credits = removal_credit(rows);

  std::vector<CellIndex> affected = std::exchange(chain.credited, {});
  for (const CellIndex index : affected) current[index].chain_credit.reset();
  for (const ChainCredit& credit : credits) {
    const CellKey key{Scope::kTouchpoint, touchpoints_.id(TouchpointNo(credit.touchpoint)), segment};
    if (!owns_(key)) continue;
    const CellIndex credited = index(key);
    current[credited].chain_credit = CreditSum{CreditModel::kMarkov, credit.conversions, credit.value};
    chain.credited.push_back(credited);
    affected.push_back(credited);
  }
  return affected;
}

Measures Windows::measures_of(const Current& current) {
  Measures measures = measure(current.sums, current.customers);
  if (current.chain_credit) measures.credit.push_back(*current.chain_credit);
  return measures;
}

void Windows::write_rows(std::size_t number, EventTime at, const Touched& touched, const RowSink& row) {
  static const Measures kZero{};
  for (const CellIndex index : touched) {
    Current& current = windows_[number].current[index];
    Measures now = measures_of(current);
    if (now == (current.last ? current.last->measures : kZero)) continue;
    if (!current.last) current.last = Row{number, at, cell(index), {}};
    current.last->end = at;
    current.last->measures = std::move(now);
    mark(WindowsKey::Kind::kRow, number, index, EventTime{});
    row(*current.last);
  }
}

Windows::Closings Windows::closed() const {
  Closings closings;
  for (const Window& window : windows_) closings.push_back(window.closed);
  return closings;
}

// Pane by pane, since one that is on the shelf is read whole.
std::vector<WindowsKey> Windows::take_changed(std::uint32_t group) {
  std::vector<WindowsKey> keys(changed_[group].begin(), changed_[group].end());
  unmark(changed_[group]);
  std::sort(keys.begin(), keys.end(), [](const WindowsKey& a, const WindowsKey& b) {
    return std::tie(a.kind, a.window, a.time, a.cell) < std::tie(b.kind, b.window, b.time, b.cell);
  });
  return keys;
}

void Windows::drop_changed() {
  for (Keys& keys : changed_) unmark(keys);
}

void Windows::unmark(Keys& keys) {
  for (const WindowsKey& key : keys) {
    if (key.kind != WindowsKey::Kind::kEdge) continue;
    if (EdgeCount* edge = find_edge_of(windows_[key.window].edges, key)) edge->set_marked(false);
  }
  keys.clear();
}

std::optional<Cell> Windows::pane(const WindowsKey& key) const {
  return windows_[key.window].panes.find(key.time, key.cell);
}

std::optional<std::int64_t> Windows::edge(const WindowsKey& key) const {
  const EdgeCount* edge = find_edge_of(windows_[key.window].edges, key);
  return edge == nullptr ? std::nullopt : std::optional<std::int64_t>(edge->change);
}

const Row* Windows::last_row(const WindowsKey& key) const {
  const Window& window = windows_[key.window];
  const auto found = window.current.find(key.cell);
  return found == window.current.end() || !found->second.last ? nullptr : &*found->second.last;
}

void Windows::visit_last_rows(const RowSink& row) const {
  for (const Window& window : windows_) {
    for (const auto& [cell, current] : window.current) {
      if (current.last) row(*current.last);
    }
  }
}

void Windows::visit_moves(const std::function<void(const CellKey&, const Cell&)>& sums) const {
  for (const auto& [index, current] : windows_.back().current) {
    const CellKey& key = cell(index);
    if (!has_rows(key.scope) && key.scope != Scope::kChain && !current.sums.empty()) sums(key, current.sums);
  }
}

void Windows::restore_pane(const WindowsKey& key, const Cell& amounts) {
  windows_[key.window].panes.restore(key.time, key.cell, amounts);
}

void Windows::restore_edge(const WindowsKey& key, std::int64_t change) {
  EdgeCounts& edges = windows_[key.window].edges[key.time];
  edges.insert(find_edge(edges, key.cell), {key.cell, checked_count(change)});
}

void Windows::restore_row(const WindowsKey& key, Row row) {
  windows_[key.window].current[key.cell].last = std::move(row);
}

void Windows::restored(const Closings& from, const std::function<const Closings&(CellIndex)>& closed_for) {
  static const Measures kZero{};
  for (std::size_t number = 0; number < windows_.size(); ++number) {
    Window& window = windows_[number];
    window.closed = from[number];
    window.panes.restored([&](EventTime begin, CellIndex cell, const Cell& amounts) {
      const std::optional<EventTime>& closed = closed_for(cell)[number];
      if (closed && begin < *closed) window.current[cell].sums.add(amounts);
    });
    for (const auto& [closing, cells] : window.edges) {
      for (const EdgeCount& edge : cells) window.current[edge.cell()].customers -= edge.change;
    }
  }
  for (auto& [segment, chain] : chains_) credit_chain(segment, chain);
  // What came behind the last closing shows as a difference from the last row.
  for (Window& window : windows_) {
    if (!window.closed) continue;
    for (const auto& [index, current] : window.current) {
      if (!has_rows(cell(index).scope)) continue;
      if (measures_of(current) != (current.last ? current.last->measures : kZero)) window.disturbed.insert(index);
    }
  }
  drop_changed();
}

}  // namespace touchstone
