#include "engine/model/panes.h"

#include <algorithm>

namespace touchstone {
namespace {

/// Base 128, least significant first; small numbers of either sign take one byte.
void pack_number(std::int64_t number, std::string& out) {
  auto left = (static_cast<std::uint64_t>(number) << 1) ^ static_cast<std::uint64_t>(number >> 63);
  for (; left >= 0x80; left >>= 7) out.push_back(static_cast<char>(left | 0x80));
  out.push_back(static_cast<char>(left));
}

std::int64_t unpack_number(const std::string& bytes, std::size_t& at) {
  std::uint64_t read = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes[at++]);
    read |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return static_cast<std::int64_t>((read >> 1) ^ (~(read & 1) + 1));
  }
}

template <typename Map>
std::optional<EventTime> earlier_key(const Map& map, typename Map::const_iterator found,
                                     std::optional<EventTime> other) {
  if (found == map.end()) return other;
  return other ? std::min(*other, found->first) : found->first;
}

}  // namespace

PackedPane::PackedPane(const std::unordered_map<CellIndex, Cell>& cells) {
  entries_.reserve(cells.size());
  for (const auto& [cell, amounts] : cells) {
    if (!amounts.empty()) entries_.push_back({cell, 0});
  }
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) { return a.cell < b.cell; });
  for (Entry& entry : entries_) {
    entry.begin = static_cast<std::uint32_t>(bytes_.size());
    const auto& amounts = cells.at(entry.cell).amounts();
    pack_number(static_cast<std::int64_t>(amounts.size()), bytes_);
    for (const auto& [key, amount] : amounts) {
      pack_number(static_cast<std::int64_t>(key.kind), bytes_);
      pack_number(key.sub, bytes_);
      pack_number(amount, bytes_);
    }
  }
  bytes_.shrink_to_fit();
}

Cell PackedPane::unpack(const Entry& entry) const {
  Cell cell;
  std::size_t at = entry.begin;
  for (std::int64_t left = unpack_number(bytes_, at); left > 0; --left) {
    const auto kind = static_cast<MeasureKind>(unpack_number(bytes_, at));
    const auto sub = static_cast<std::uint16_t>(unpack_number(bytes_, at));
    cell.add({kind, sub}, unpack_number(bytes_, at));
  }
  return cell;
}

std::optional<Cell> PackedPane::find(CellIndex cell) const {
  const auto found = std::lower_bound(entries_.begin(), entries_.end(), cell,
                                      [](const Entry& entry, CellIndex wanted) { return entry.cell < wanted; });
  if (found == entries_.end() || found->cell != cell) return std::nullopt;
  return unpack(*found);
}

void PackedPane::visit(const std::function<void(CellIndex, const Cell&)>& show) const {
  for (const Entry& entry : entries_) show(entry.cell, unpack(entry));
}

void PackedPane::erase_if(const std::function<bool(CellIndex)>& gone) {
  std::erase_if(entries_, [&](const Entry& entry) { return gone(entry.cell); });
}

Cell& Panes::at(EventTime begin, CellIndex cell) {
  auto& open = open_[begin];
  if (const auto packed = packed_.find(begin); packed != packed_.end()) {
    packed->second.visit([&](CellIndex each, const Cell& amounts) { open.emplace(each, amounts); });
    packed_.erase(packed);
  }
  return open[cell];
}

void Panes::pack(EventTime begin) {
  const auto open = open_.find(begin);
  if (open == open_.end()) return;
  PackedPane packed(open->second);
  open_.erase(open);
  if (!packed.empty()) packed_.emplace(begin, std::move(packed));
}

std::optional<Cell> Panes::find(EventTime begin, CellIndex cell) const {
  if (const auto packed = packed_.find(begin); packed != packed_.end()) return packed->second.find(cell);
  const auto open = open_.find(begin);
  if (open == open_.end()) return std::nullopt;
  const auto found = open->second.find(cell);
  if (found == open->second.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

void Panes::visit(EventTime begin, const Visit& show) const {
  if (const auto packed = packed_.find(begin); packed != packed_.end()) packed->second.visit(show);
  const auto open = open_.find(begin);
  if (open == open_.end()) return;
  for (const auto& [cell, amounts] : open->second) show(cell, amounts);
}

void Panes::visit_all(const std::function<void(EventTime, CellIndex, const Cell&)>& show) const {
  const auto of = [&](EventTime begin) {
    return [&show, begin](CellIndex cell, const Cell& amounts) { show(begin, cell, amounts); };
  };
  for (const auto& [begin, packed] : packed_) packed.visit(of(begin));
  for (const auto& [begin, cells] : open_) {
    for (const auto& [cell, amounts] : cells) show(begin, cell, amounts);
  }
}

void Panes::erase_if(EventTime begin, const std::function<bool(CellIndex)>& gone) {
  if (const auto packed = packed_.find(begin); packed != packed_.end()) {
    packed->second.erase_if(gone);
    if (packed->second.empty()) packed_.erase(packed);
  }
  const auto open = open_.find(begin);
  if (open == open_.end()) return;
  std::erase_if(open->second, [&](const auto& entry) { return gone(entry.first); });
  if (open->second.empty()) open_.erase(open);
}

std::optional<EventTime> Panes::first() const {
  return earlier_key(packed_, packed_.begin(), earlier_key(open_, open_.begin(), std::nullopt));
}

std::optional<EventTime> Panes::first_from(EventTime from) const {
  return earlier_key(packed_, packed_.lower_bound(from), earlier_key(open_, open_.lower_bound(from), std::nullopt));
}

}  // namespace touchstone
