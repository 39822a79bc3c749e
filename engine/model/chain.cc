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

/// Inverts a lower triangular matrix in its place, by halves: with B under A and beside C, what comes under the inverse
/// of A is -C^-1 B A^-1. Nearly all of it is then products of matrices, and the empty half is never touched.
void invert_lower(Eigen::Ref<Eigen::MatrixXd> lower) {
  constexpr Index kSmall = 32;
  const Index size = lower.rows();
  if (size <= kSmall) {
    lower = Eigen::MatrixXd(lower.triangularView<Eigen::Lower>().solve(Eigen::MatrixXd::Identity(size, size)));
    return;
  }
  const Index half = size / 2;
  auto first = lower.topLeftCorner(half, half);
  auto second = lower.bottomRightCorner(size - half, size - half);
  invert_lower(first);
  invert_lower(second);
  auto below = lower.bottomLeftCorner(size - half, half);
  const Eigen::MatrixXd product = second.triangularView<Eigen::Lower>() * below;
  below = -(product * first.triangularView<Eigen::Lower>());
}

/// By place; zero for the start. Of the inverse only its row of the start and its diagonal are wanted: they come of the
/// inverses of both triangles, which take half of the work of the whole.
Eigen::VectorXd removal_effects(const Probabilities& chain) {
  const Eigen::PartialPivLU<Eigen::MatrixXd> solved(chain.stay);
  const Eigen::VectorXd converts = solved.solve(chain.to_conversion);
  const Index size = converts.size();
  Eigen::MatrixXd lower = solved.matrixLU().triangularView<Eigen::UnitLower>();
  invert_lower(lower);
  lower = lower * solved.permutationP();
  // As the transpose of the inverse, so that both are read along their columns.
  Eigen::MatrixXd upper = solved.matrixLU().triangularView<Eigen::Upper>().transpose();
  invert_lower(upper);
  const Eigen::VectorXd from_start = lower.transpose() * upper.col(chain.start);

  Eigen::VectorXd effects = Eigen::VectorXd::Zero(size);
  for (Index place = 0; place < size; ++place) {
    if (place == chain.start) continue;
    const double visits = lower.col(place).dot(upper.col(place));
    effects(place) = from_start(place) / visits * converts(place) / converts(chain.start);
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
