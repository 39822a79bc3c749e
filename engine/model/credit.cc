#include "engine/model/credit.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "engine/model/fixed.h"

namespace touchstone {
namespace {

using Weights = std::vector<std::uint64_t>;

Weights position_weights(std::size_t touches) {
  if (touches <= 2) return Weights(touches, 1);
  // 40 % : 20 % spread over n-2 : 40 %, in whole numbers.
  Weights weights(touches, 1);
  weights.front() = weights.back() = 2 * (touches - 2);
  return weights;
}

Weights decay_weights(std::span<const PathTouch> path, EventTime at, Millis half_life) {
  // Only ratios count, so ages are taken from the youngest touch, and weights kept to 2^-60 of its own: even the
  // largest value splits to its last digit. Whole numbers keep equal ages exactly equal.
  constexpr long double kScale = static_cast<long double>(std::uint64_t{1} << 60);
  std::vector<std::int64_t> ages;
  for (const PathTouch& touch : path)
    ages.push_back(std::max(std::int64_t{0}, std::int64_t{(at - touch.time).count()}));
  const std::int64_t youngest = *std::min_element(ages.begin(), ages.end());
  Weights weights;
  for (const std::int64_t age : ages) {
    const auto half_lives = static_cast<long double>(age - youngest) / static_cast<long double>(half_life.count());
    weights.push_back(static_cast<std::uint64_t>(std::llround(std::exp2(-half_lives) * kScale)));
  }
  return weights;
}

Weights distinct_weights(std::span<const PathTouch> path) {
  Weights weights;
  for (auto touch = path.begin(); touch != path.end(); ++touch) {
    const bool seen = std::any_of(path.begin(), touch,
                                  [&](const PathTouch& earlier) { return earlier.touchpoint == touch->touchpoint; });
    weights.push_back(seen ? 0 : 1);
  }
  return weights;
}

Weights weights_of(CreditModel model, std::span<const PathTouch> path, EventTime at, Millis half_life) {
  Weights weights(path.size(), 0);
  switch (model) {
    case CreditModel::kFirst:
      weights.front() = 1;
      return weights;
    case CreditModel::kLast:
      weights.back() = 1;
      return weights;
    case CreditModel::kLinear:
      return Weights(path.size(), 1);
    case CreditModel::kPosition:
      return position_weights(path.size());
    case CreditModel::kDecay:
      return decay_weights(path, at, half_life);
    case CreditModel::kShapley:
      return distinct_weights(path);
    case CreditModel::kMarkov:
      break;  // not of one path alone
  }
  assert(false);
  return weights;
}

}  // namespace

std::vector<Credit> split_credit(CreditModel model, std::span<const PathTouch> path, const Conversion& conversion,
                                 Millis decay_half_life) {
  assert(!path.empty());
  const Weights weights = weights_of(model, path, conversion.time, decay_half_life);
  const std::vector<std::int64_t> shares = split_by_largest_remainder(kMillion, weights);
  const std::vector<std::int64_t> values = split_by_largest_remainder(conversion.value, weights);

  std::vector<Credit> credits;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (shares[i] == 0 && values[i] == 0) continue;
    auto known = std::find_if(credits.begin(), credits.end(),
                              [&](const Credit& credit) { return credit.touchpoint == path[i].touchpoint; });
    if (known == credits.end()) known = credits.insert(known, Credit{path[i].touchpoint, 0, 0});
    known->share += shares[i];
    known->value += values[i];
  }
  return credits;
}

}  // namespace touchstone
