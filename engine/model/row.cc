#include "engine/model/row.h"

#include <span>

#include "engine/model/quantile.h"

namespace touchstone {
namespace {

/// The amounts of a cell in their order, each looked at once: what is asked for must come in that order too.
class InOrder {
 public:
  explicit InOrder(const Cell& cell) : rest_(cell.amounts()) {}

  std::int64_t at(MeasureKey key) {
    skip_to(key);
    return rest_.empty() || rest_.front().key != key ? 0 : rest_.front().amount;
  }
  std::int64_t at(MeasureKind kind, std::size_t sub = 0) { return at(measure_key(kind, sub)); }
  template <std::size_t kCount>
  std::array<std::int64_t, kCount> each(MeasureKind kind) {
    std::array<std::int64_t, kCount> amounts{};
    for (std::size_t sub = 0; sub < kCount; ++sub) amounts[sub] = at(kind, sub);
    return amounts;
  }
  std::span<const Cell::Amount> all(MeasureKind kind) {
    skip_to(measure_key(kind));
    const auto of_kind = rest_;
    while (!rest_.empty() && rest_.front().key.kind == kind) rest_ = rest_.subspan(1);
    return of_kind.first(of_kind.size() - rest_.size());
  }

 private:
  void skip_to(MeasureKey key) {
    while (!rest_.empty() && rest_.front().key < key) rest_ = rest_.subspan(1);
  }
  std::span<const Cell::Amount> rest_;
};

Mean rating_mean(RatingKind kind, std::int64_t count, std::int64_t sum, std::int64_t nps_balance) {
  if (kind == RatingKind::kNps) {
    return {count, static_cast<std::int64_t>(divide_rounded(WideInt{nps_balance} * 100 * kMillion, count))};
  }
  constexpr std::int64_t kToMillionths = power_of_ten(kRatingDecimals - kMillionthDecimals);
  return {count, static_cast<std::int64_t>(divide_rounded(sum, WideInt{count} * kToMillionths))};
}

std::optional<Lengths> lengths(std::span<const Cell::Amount> amounts) {
  std::vector<BucketCount> buckets;
  buckets.reserve(amounts.size());
  std::int64_t count = 0;
  for (const Cell::Amount& amount : amounts) {
    buckets.push_back({amount.key.sub, amount.amount});
    count += amount.amount;
  }
  if (count == 0) return std::nullopt;
  return Lengths{count, quantile_ms(buckets, 50), quantile_ms(buckets, 90), quantile_ms(buckets, 99)};
}

}  // namespace

Measures measure(const Cell& sums, std::int64_t customers) {
  const auto money = [](std::int64_t whole, std::int64_t fraction) { return WideInt{whole} * kMoneyUnit + fraction; };
  InOrder amounts(sums);
  Measures measures;
  measures.interactions = amounts.at(MeasureKind::kInteractions);
  measures.customers = customers;
  measures.conversions = amounts.at(MeasureKind::kConversions);
  const std::int64_t value_whole = amounts.at(MeasureKind::kValueWhole);
  measures.value = money(value_whole, amounts.at(MeasureKind::kValueFraction));
  const std::int64_t responses = amounts.at(MeasureKind::kResponses);
  const std::int64_t satisfaction = amounts.at(MeasureKind::kSatisfaction);
  if (responses != 0) {
    measures.satisfaction = Mean{responses, static_cast<std::int64_t>(divide_rounded(satisfaction, responses))};
  }
  const auto ratings = amounts.each<kRatingKinds>(MeasureKind::kRatings);
  const auto rating_sums = amounts.each<kRatingKinds>(MeasureKind::kRatingSum);
  const std::int64_t promoters = amounts.at(MeasureKind::kPromoters);
  const std::int64_t nps_balance = promoters - amounts.at(MeasureKind::kDetractors);
  for (std::size_t kind = 0; kind < kRatingKinds; ++kind) {
    if (ratings[kind] == 0) continue;
    measures.ratings[kind] = rating_mean(static_cast<RatingKind>(kind), ratings[kind], rating_sums[kind], nps_balance);
  }
  measures.wait = lengths(amounts.all(MeasureKind::kWait));
  measures.duration = lengths(amounts.all(MeasureKind::kDuration));
  for (const Cell::Amount& stage : amounts.all(MeasureKind::kStage)) {
    measures.stages.push_back({StageNo(stage.key.sub), stage.amount});
  }
  const auto shares = amounts.each<kCreditModels>(MeasureKind::kCreditShare);
  const auto whole = amounts.each<kCreditModels>(MeasureKind::kCreditWhole);
  const auto fractions = amounts.each<kCreditModels>(MeasureKind::kCreditFraction);
  for (std::size_t model = 0; model < kCreditModels; ++model) {
    const WideInt value = money(whole[model], fractions[model]);
    if (shares[model] == 0 && value == 0) continue;
    measures.credit.push_back({static_cast<CreditModel>(model), shares[model], value});
  }
  return measures;
}

}  // namespace touchstone
