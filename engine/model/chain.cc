#include "engine/model/chain.h"

#include <cmath>
#include <unordered_map>

#include <Eigen/LU>

namespace touchstone {
namespace {

using Index = Eigen::Index;

/// The chain in numbers, places being numbered as the rows are.
struct Probabilities {
  Eigen::MatrixXd stay;           ///< I - Q
  Eigen::VectorXd to_conversion;  ///< in one move
  Index start = -1;
};

std::int64_t moves_in(const Cell& cell) {
  std::int64_t moves = 0;
  for (const Cell::Amount& amount : cell.amounts()) {
    if (amount.key.kind == MeasureKind::kMove) moves += amount.amount;
  }
  return moves;
}

Probabilities probabilities_of(std::span<const ChainRow> rows) {
  std::unordered_map<std::uint16_t, Index> places;
  for (const ChainRow& row : rows) places.emplace(row.from, static_cast<Index>(places.size()));
  const auto size = static_cast<Index>(rows.size());
  Probabilities chain{Eigen::MatrixXd::Identity(size, size), Eigen::VectorXd::Zero(size), -1};
  if (const auto start = places.find(CellNo::kAllNumber); start != places.end()) chain.start = start->second;
  for (Index from = 0; from < size; ++from) {
    const Cell& cell = *rows[static_cast<std::size_t>(from)].moves;
    const auto all = static_cast<double>(moves_in(cell));
    for (const auto& [key, count] : cell.amounts()) {
      if (key.kind != MeasureKind::kMove || key.sub == kToLapse) continue;
      const double probability = static_cast<double>(count) / all;
      if (key.sub == kToConversion) {
        chain.to_conversion(from) = probability;
      } else if (const auto to = places.find(key.sub); to != places.end()) {
        chain.stay(from, to->second) -= probability;
      }
    }
  }
  return chain;
}

/// By place; zero for the start.
Eigen::VectorXd removal_effects(const Probabilities& chain) {
  const Eigen::MatrixXd visits = chain.stay.partialPivLu().inverse();
  const Eigen::VectorXd converts = visits * chain.to_conversion;
  Eigen::VectorXd effects = Eigen::VectorXd::Zero(converts.size());
  for (Index place = 0; place < effects.size(); ++place) {
    if (place == chain.start) continue;
    effects(place) = visits(chain.start, place) / visits(place, place) * converts(place) / converts(chain.start);
  }
  return effects;
}

/// The part of a whole, to the nearest integer.
template <typename Integer>
Integer part_of(Integer whole, double part, double sum) {
  return static_cast<Integer>(
      std::roundl(static_cast<long double>(whole) * static_cast<long double>(part) / static_cast<long double>(sum)));
}

}  // namespace

std::vector<ChainCredit> removal_credit(std::span<const ChainRow> rows) {
  std::int64_t conversions = 0;
  WideInt value = 0;
  for (const ChainRow& row : rows) {
    conversions += row.moves->at({MeasureKind::kMove, kToConversion});
    value += money_of(*row.moves, {MeasureKind::kValueWhole, 0}, {MeasureKind::kValueFraction, 0});
  }
  if (conversions == 0) return {};
  const Probabilities chain = probabilities_of(rows);
  if (chain.start < 0) return {};
  const Eigen::VectorXd effects = removal_effects(chain);
  const double sum = effects.sum();

  std::vector<ChainCredit> credits;
  for (std::size_t place = 0; place < rows.size(); ++place) {
    const double effect = effects(static_cast<Index>(place));
    const ChainCredit credit{rows[place].from, part_of(conversions * kMillion, effect, sum),
                             part_of(value, effect, sum)};
    if (credit.conversions != 0 || credit.value != 0) credits.push_back(credit);
  }
  return credits;
}

}  // namespace touchstone
