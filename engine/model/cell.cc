#include "engine/model/cell.h"

#include <algorithm>

namespace touchstone {

CellKey key_of(const CellNo& cell, const Rules& rules) {
  CellKey key{cell.scope, std::string(kAllId), std::string(kAllId)};
  switch (cell.scope) {
    case Scope::kTouchpoint:
    case Scope::kMoves:
      key.id = rules.touchpoints().id(TouchpointNo(cell.id));
      break;
    case Scope::kChannel:
      key.id = rules.channels().id(ChannelNo(cell.id));
      break;
    case Scope::kStage:
    case Scope::kStay:
      key.id = rules.stages().id(StageNo(cell.id));
      break;
    case Scope::kAll:
    case Scope::kUnmapped:
    case Scope::kPaths:
      break;
    case Scope::kChain:
      key.id = cell.id == CellNo::kAllNumber ? std::string(kStartId) : rules.touchpoints().id(TouchpointNo(cell.id));
      break;
  }
  if (cell.segment != CellNo::kAllNumber) key.segment = rules.segments().id(SegmentNo(cell.segment));
  return key;
}

void Cell::add(MeasureKey key, std::int64_t amount) {
  if (amount == 0) return;
  const auto at = std::lower_bound(amounts_.begin(), amounts_.end(), key,
                                   [](const Amount& known, const MeasureKey& wanted) { return known.key < wanted; });
  if (at == amounts_.end() || at->key != key) {
    amounts_.insert(at, {key, amount});
    return;
  }
  at->amount += amount;
  if (at->amount == 0) amounts_.erase(at);
}

void Cell::add(const Cell& other) { combine(other, 1); }

void Cell::subtract(const Cell& other) { combine(other, -1); }

void Cell::combine(const Cell& other, std::int64_t sign) {
  // The few amounts of an event into the many of a sum; else both are merged.
  constexpr std::size_t kFew = 4;
  if (other.amounts_.size() <= kFew) {
    for (const Amount& amount : other.amounts_) add(amount.key, sign * amount.amount);
    return;
  }
  std::vector<Amount> sum;
  sum.reserve(amounts_.size() + other.amounts_.size());
  auto ours = amounts_.begin();
  auto theirs = other.amounts_.begin();
  while (ours != amounts_.end() || theirs != other.amounts_.end()) {
    if (theirs == other.amounts_.end() || (ours != amounts_.end() && ours->key < theirs->key)) {
      sum.push_back(*ours++);
    } else if (ours == amounts_.end() || theirs->key < ours->key) {
      sum.push_back({theirs->key, sign * theirs->amount});
      ++theirs;
    } else {
      const std::int64_t total = ours->amount + sign * theirs->amount;
      if (total != 0) sum.push_back({ours->key, total});
      ++ours;
      ++theirs;
    }
  }
  amounts_ = std::move(sum);
}

std::int64_t Cell::at(MeasureKey key) const {
  const auto at = std::lower_bound(amounts_.begin(), amounts_.end(), key,
                                   [](const Amount& known, const MeasureKey& wanted) { return known.key < wanted; });
  return at == amounts_.end() || at->key != key ? 0 : at->amount;
}

Cell undivided(const Cell& cell) {
  Cell plain;
  for (const Cell::Amount& each : cell.amounts()) {
    if (!is_division(each.key.kind)) plain.add(each.key, each.amount);
  }
  return plain;
}

void add_money(Cell& cell, MeasureKey whole, MeasureKey fraction, std::int64_t money) {
  cell.add(whole, money / kMoneyUnit);
  cell.add(fraction, money % kMoneyUnit);
}

WideInt money_of(const Cell& cell, MeasureKey whole, MeasureKey fraction) {
  return WideInt{cell.at(whole)} * kMoneyUnit + cell.at(fraction);
}

}  // namespace touchstone
