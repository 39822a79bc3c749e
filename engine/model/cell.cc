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

namespace {

constexpr auto kBefore = [](const Cell::Amount& known, const MeasureKey& wanted) { return known.key < wanted; };

/// The first amount from `at` on whose key is not before the wanted one. The next key of an addend is mostly near by.
template <typename Amounts>
Amounts next_from(Amounts at, Amounts end, MeasureKey wanted) {
  constexpr int kNear = 4;
  for (int step = 0; step < kNear; ++step, ++at) {
    if (at == end || !(at->key < wanted)) return at;
  }
  return std::lower_bound(at, end, wanted, kBefore);
}

}  // namespace

void Cell::add(MeasureKey key, std::int64_t amount) {
  if (amount == 0) return;
  if (amounts_.empty() || amounts_.back().key < key) {
    amounts_.push_back({key, amount});
    return;
  }
  const auto at = std::lower_bound(amounts_.begin(), amounts_.end(), key, kBefore);
  if (at->key != key) {
    amounts_.insert(at, {key, amount});
    return;
  }
  at->amount += amount;
  if (at->amount == 0) amounts_.erase(at);
}

void Cell::add(const Cell& other) { combine(other, 1); }

void Cell::subtract(const Cell& other) { combine(other, -1); }

void Cell::combine(const Cell& other, std::int64_t sign) {
  if (amounts_.empty() && sign > 0) {
    amounts_ = other.amounts_;
    return;
  }
  struct Unknown {
    std::ptrdiff_t before;  ///< which of ours it belongs
    const Amount* theirs;
  };
  std::vector<Unknown> unknown;
  bool zeros = false;
  auto at = amounts_.begin();
  for (const Amount& theirs : other.amounts_) {
    at = next_from(at, amounts_.end(), theirs.key);
    if (at != amounts_.end() && at->key == theirs.key) {
      at->amount += sign * theirs.amount;
      zeros |= at->amount == 0;
      ++at;
    } else {
      if (unknown.empty()) unknown.reserve(other.amounts_.size());
      unknown.push_back({at - amounts_.begin(), &theirs});
    }
  }
  // From the back, so that every amount is moved once, and those between two unknown ones together.
  std::ptrdiff_t end = std::ssize(amounts_);
  amounts_.resize(amounts_.size() + unknown.size());
  for (auto free = amounts_.end(); !unknown.empty(); unknown.pop_back()) {
    const auto [before, theirs] = unknown.back();
    free = std::move_backward(amounts_.begin() + before, amounts_.begin() + end, free);
    *--free = {theirs->key, sign * theirs->amount};
    end = before;
  }
  if (zeros) std::erase_if(amounts_, [](const Amount& each) { return each.amount == 0; });
}

std::int64_t Cell::at(MeasureKey key) const {
  const auto at = std::lower_bound(amounts_.begin(), amounts_.end(), key, kBefore);
  return at == amounts_.end() || at->key != key ? 0 : at->amount;
}

Cell undivided(const Cell& cell) {
  Cell plain;
  plain.reserve(cell.amounts().size());
  for (const Cell::Amount& each : cell.amounts()) {
    if (!is_division(each.key.kind)) plain.add(each.key, each.amount);
  }
  return plain;
}

WideInt money_of(const Cell& cell, MeasureKey whole, MeasureKey fraction) {
  return WideInt{cell.at(whole)} * kMoneyUnit + cell.at(fraction);
}

}  // namespace touchstone
