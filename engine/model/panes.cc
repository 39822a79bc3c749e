#include "engine/model/panes.h"

#include <algorithm>
#include <utility>

#include "engine/model/packing.h"

namespace touchstone {
namespace {

// pane = *cell; cell = index length amounts; amounts = count *amount; amount = kind sub amount
void pack_cell(CellIndex cell, const Cell& amounts, std::string& out) {
  pack_number(cell, out);
  const std::size_t begin = out.size();
  pack_number(static_cast<std::int64_t>(amounts.amounts().size()), out);
  for (const auto& [key, amount] : amounts.amounts()) {
    pack_number(static_cast<std::int64_t>(key.kind), out);
    pack_number(key.sub, out);
    pack_number(amount, out);
  }
  std::string length;
  pack_number(static_cast<std::int64_t>(out.size() - begin), length);
  out.insert(begin, length);
}

Cell unpack_amounts(Unpacker& in) {
  Cell cell;
  std::int64_t left = in.number();
  cell.reserve(static_cast<std::size_t>(left));
  for (; left > 0; --left) {
    const auto kind = static_cast<MeasureKind>(in.number());
    const auto sub = static_cast<std::uint16_t>(in.number());
    cell.add({kind, sub}, in.number());
  }
  return cell;
}

void unpack_cells(std::string_view bytes, const Panes::Visit& show) {
  for (Unpacker in(bytes); !in.done();) {
    const auto index = static_cast<CellIndex>(in.number());
    (void)in.number();  // the length
    show(index, unpack_amounts(in));
  }
}

template <typename Map>
std::optional<EventTime> earlier_key(const Map& map, typename Map::const_iterator found,
                                     std::optional<EventTime> other) {
  if (found == map.end()) return other;
  return other ? std::min(*other, found->first) : found->first;
}

}  // namespace

Panes::Panes(Panes&& other) noexcept = default;
Panes::~Panes() = default;

Cell& Panes::at(EventTime begin, CellIndex cell) {
  auto& open = open_[begin];
  if (const auto shelved = shelved_.find(begin); shelved != shelved_.end()) {
    unpack_cells(shelf_->get(shelved->second), [&](CellIndex each, const Cell& amounts) { open[each] = amounts; });
    shelf_->drop(shelved->second);
    shelved_.erase(shelved);
    read_.reset();
  }
  return open[cell];
}

void Panes::shelve(EventTime begin, const std::string& packed) {
  if (!packed.empty()) shelved_.emplace(begin, shelf_->put(packed));
}

void Panes::shelve_until(EventTime end) {
  std::string packed;
  while (!open_.empty() && open_.begin()->first < end) {
    const auto open = open_.begin();
    packed.clear();
    std::vector<const Cells::value_type*> cells;
    for (const auto& each : open->second) {
      if (!each.second.empty()) cells.push_back(&each);
    }
    std::sort(cells.begin(), cells.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
    for (const auto* each : cells) pack_cell(each->first, each->second, packed);
    shelve(open->first, packed);
    open_.erase(open);
  }
}

const Panes::Shelved* Panes::read(EventTime begin) const {
  if (read_ && read_->begin == begin) return &*read_;
  const auto shelved = shelved_.find(begin);
  if (shelved == shelved_.end()) return nullptr;
  if (!read_) read_.emplace();
  read_->begin = begin;
  read_->packed = shelf_->get(shelved->second);
  read_->places.clear();
  for (Unpacker in(read_->packed); !in.done();) {
    const auto cell = static_cast<CellIndex>(in.number());
    const auto length = static_cast<std::size_t>(in.number());
    read_->places.push_back({cell, static_cast<std::uint32_t>(in.at())});
    in.skip(length);
  }
  const auto by_cell = [](const Shelved::Place& a, const Shelved::Place& b) { return a.cell < b.cell; };
  // In order but for what was put back.
  if (!std::is_sorted(read_->places.begin(), read_->places.end(), by_cell)) {
    std::sort(read_->places.begin(), read_->places.end(), by_cell);
  }
  return &*read_;
}

std::optional<Cell> Panes::find(EventTime begin, CellIndex cell) const {
  if (const auto open = open_.find(begin); open != open_.end()) {
    const auto found = open->second.find(cell);
    if (found == open->second.end() || found->second.empty()) return std::nullopt;
    return found->second;
  }
  const Shelved* shelved = read(begin);
  if (shelved == nullptr) return std::nullopt;
  const auto found =
      std::lower_bound(shelved->places.begin(), shelved->places.end(), cell,
                       [](const Shelved::Place& place, CellIndex wanted) { return place.cell < wanted; });
  if (found == shelved->places.end() || found->cell != cell) return std::nullopt;
  Unpacker in(shelved->packed, found->at);
  return unpack_amounts(in);
}

void Panes::visit(EventTime begin, const Visit& show) const {
  if (const auto shelved = shelved_.find(begin); shelved != shelved_.end()) {
    unpack_cells(shelf_->get(shelved->second), show);
    return;
  }
  const auto open = open_.find(begin);
  if (open == open_.end()) return;
  for (const auto& [cell, amounts] : open->second) show(cell, amounts);
}

void Panes::take_out(EventTime begin, const std::function<bool(CellIndex)>& goes, const Visit& show) {
  if (const auto shelved = shelved_.find(begin); shelved != shelved_.end()) {
    std::string kept;
    unpack_cells(shelf_->get(shelved->second), [&](CellIndex cell, const Cell& amounts) {
      if (goes(cell)) {
        show(cell, amounts);
      } else {
        pack_cell(cell, amounts, kept);
      }
    });
    shelf_->drop(shelved->second);
    shelved_.erase(shelved);
    read_.reset();
    shelve(begin, kept);
    return;
  }
  const auto open = open_.find(begin);
  if (open == open_.end()) return;
  boost::unordered::erase_if(open->second, [&](const auto& entry) {
    if (!goes(entry.first)) return false;
    show(entry.first, entry.second);
    return true;
  });
  if (open->second.empty()) open_.erase(open);
}

void Panes::restore(EventTime begin, CellIndex cell, const Cell& amounts) {
  pack_cell(cell, amounts, restoring_[begin]);
}

void Panes::restored(const std::function<void(EventTime, CellIndex, const Cell&)>& show) {
  for (const auto& [begin, packed] : restoring_) {
    unpack_cells(packed, [&, at = begin](CellIndex cell, const Cell& amounts) { show(at, cell, amounts); });
    shelve(begin, packed);
  }
  restoring_.clear();
}

std::optional<EventTime> Panes::first() const {
  return earlier_key(shelved_, shelved_.begin(), earlier_key(open_, open_.begin(), std::nullopt));
}

std::optional<EventTime> Panes::first_from(EventTime from) const {
  return earlier_key(shelved_, shelved_.lower_bound(from), earlier_key(open_, open_.lower_bound(from), std::nullopt));
}

}  // namespace touchstone
