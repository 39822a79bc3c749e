#include "engine/flow/delta_sender.h"

#include <utility>

#include "engine/wire/records.h"

namespace touchstone {
namespace {

/// What one record may hold, in amounts, visits and items: of some ten bytes mostly and of some hundred at the most, so
/// that it stays well below the largest record that the topic takes.
constexpr std::size_t kAmountsInRecord = 20'000;

std::size_t amounts_of(const CellDelta& delta) {
  std::size_t amounts = delta.visits.size();
  for (const auto& [pane, cell] : delta.panes) amounts += cell.amounts().size() + 1;
  for (const auto& [pane, items] : delta.items) amounts += items.size();
  return amounts;
}

}  // namespace

void DeltaSender::send(const DeltaSet::Cells& cells, Output& out) {
  parts_.resize(static_cast<std::size_t>(options_.partitions));
  for (const auto& [cell, delta] : cells) {
    const Address& address = address_of(cell);
    if (cell.scope != Scope::kChain) {
      add(address.partition, address.key, delta, out);
      continue;
    }
    // Any partition may have touchpoints that the chain credits.
    for (std::int32_t target = 0; target < options_.partitions; ++target) {
      add(Partition(target), address.key, delta, out);
    }
  }
  for (std::int32_t target = 0; target < options_.partitions; ++target) finish(Partition(target), out);
}

void DeltaSender::send(const SourceState& state, const std::optional<EndOfInput>& end, Output& out) const {
  DeltaHead all = head();
  all.has_mark = true;
  all.mark = state.mark;
  all.silent = state.silent;
  all.end = end;
  for (std::int32_t target = 0; target < options_.partitions; ++target) {
    push(Partition(target), encode_deltas(all, 0, {}), out);
  }
}

const DeltaSender::Address& DeltaSender::address_of(const CellNo& cell) {
  const auto [known, added] = addresses_.try_emplace(cell);
  if (added) {
    const CellKey key = key_of(cell, rules_);
    ByteWriter bytes;
    write_cell_key(bytes, key);
    known->second = {partition_of_cell(key, options_.partitions), bytes.take()};
  }
  return known->second;
}

void DeltaSender::add(Partition target, std::string_view key, const CellDelta& delta, Output& out) {
  const std::size_t amounts = amounts_of(delta);
  if (parts_[static_cast<std::size_t>(target.value())].amounts + amounts > kAmountsInRecord) finish(target, out);
  if (amounts > kAmountsInRecord) return add_in_pieces(target, key, delta, out);
  write(target, key, delta, amounts);
}

void DeltaSender::write(Partition target, std::string_view key, const CellDelta& delta, std::size_t amounts) {
  Part& part = parts_[static_cast<std::size_t>(target.value())];
  write_delta(part.written, key, delta, rules_.names());
  ++part.cells;
  part.amounts += amounts;
}

// Additions may come in any number of parts.
void DeltaSender::add_in_pieces(Partition target, std::string_view key, const CellDelta& delta, Output& out) {
  CellDelta piece;
  std::size_t amounts = 0;
  const auto send_piece = [&] {
    write(target, key, std::exchange(piece, {}), std::exchange(amounts, 0));
    finish(target, out);
  };
  const auto make_room = [&](std::size_t wanted) {
    if (amounts > 0 && amounts + wanted > kAmountsInRecord) send_piece();
    amounts += wanted;
  };
  for (const auto& [pane, cell] : delta.panes) {
    make_room(cell.amounts().size() + 1);
    piece.panes[pane] = cell;
  }
  for (const VisitCount& visits : delta.visits) {
    make_room(1);
    piece.visits.push_back(visits);
  }
  for (const auto& [pane, items] : delta.items) {
    for (const auto& [item, count] : items) {
      make_room(1);
      piece.items[pane][item] = count;
    }
  }
  send_piece();
}

void DeltaSender::finish(Partition target, Output& out) {
  Part& part = parts_[static_cast<std::size_t>(target.value())];
  if (part.cells == 0) return;
  push(target, encode_deltas(head(), part.cells, part.written.bytes()), out);
  part.written.clear();
  part.cells = part.amounts = 0;
}

DeltaHead DeltaSender::head() const {
  DeltaHead head;
  head.source = options_.source.value();
  head.sources = options_.sources;
  return head;
}

void DeltaSender::push(Partition target, std::string value, Output& out) const {
  out.records.push_back({options_.topic, target, std::nullopt, std::move(value), {}});
}

}  // namespace touchstone
