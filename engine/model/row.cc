#include "engine/model/row.h"

#include "engine/model/quantile.h"

namespace touchstone {
namespace {

std::optional<Mean> rating_mean(const Cell& sums, RatingKind kind) {
  const std::int64_t count = sums.at(measure_key(MeasureKind::kRatings, static_cast<std::size_t>(kind)));
  if (count == 0) return std::nullopt;
  if (kind == RatingKind::kNps) {
    const std::int64_t balance =
        sums.at(measure_key(MeasureKind::kPromoters)) - sums.at(measure_key(MeasureKind::kDetractors));
    return Mean{count, static_cast<std::int64_t>(divide_rounded(WideInt{balance} * 100 * kMillion, count))};
  }
  constexpr std::int64_t kToMillionths = power_of_ten(kRatingDecimals - kMillionthDecimals);
  const std::int64_t sum = sums.at(measure_key(MeasureKind::kRatingSum, static_cast<std::size_t>(kind)));
  return Mean{count, static_cast<std::int64_t>(divide_rounded(sum, WideInt{count} * kToMillionths))};
}

std::optional<Lengths> lengths(const Cell& sums, MeasureKind kind) {
  std::vector<BucketCount> buckets;
  std::int64_t count = 0;
  for (const Cell::Amount& amount : sums.amounts()) {
    if (amount.key.kind != kind) continue;
    buckets.push_back({amount.key.sub, amount.amount});
    count += amount.amount;
  }
  if (count == 0) return std::nullopt;
  return Lengths{count, quantile_ms(buckets, 50), quantile_ms(buckets, 90), quantile_ms(buckets, 99)};
}

void measure_credit(const Cell& sums, Measures& measures) {
  for (std::size_t model = 0; model < kCreditModels; ++model) {
    const std::int64_t conversions = sums.at(measure_key(MeasureKind::kCreditShare, model));
    const WideInt value =
        money_of(sums, measure_key(MeasureKind::kCreditWhole, model), measure_key(MeasureKind::kCreditFraction, model));
    if (conversions == 0 && value == 0) continue;
    measures.credit.push_back({static_cast<CreditModel>(model), conversions, value});
  }
}

}  // namespace

Measures measure(const Cell& sums, std::int64_t customers) {
  Measures measures;
  measures.interactions = sums.at(measure_key(MeasureKind::kInteractions));
  measures.customers = customers;
  measures.conversions = sums.at(measure_key(MeasureKind::kConversions));
  measures.value = money_of(sums, measure_key(MeasureKind::kValueWhole), measure_key(MeasureKind::kValueFraction));
  if (const std::int64_t responses = sums.at(measure_key(MeasureKind::kResponses)); responses != 0) {
    measures.satisfaction =
        Mean{responses,
             static_cast<std::int64_t>(divide_rounded(sums.at(measure_key(MeasureKind::kSatisfaction)), responses))};
  }
  for (std::size_t kind = 0; kind < kRatingKinds; ++kind) {
    measures.ratings[kind] = rating_mean(sums, static_cast<RatingKind>(kind));
  }
  measures.wait = lengths(sums, MeasureKind::kWait);
  measures.duration = lengths(sums, MeasureKind::kDuration);
  for (const Cell::Amount& amount : sums.amounts()) {
    if (amount.key.kind != MeasureKind::kStage) continue;
    measures.stages.push_back({StageNo(amount.key.sub), amount.amount});
  }
  measure_credit(sums, measures);
  return measures;
}

}  // namespace touchstone
