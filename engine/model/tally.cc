// The counting half of journey.h: from an observation to the cells it counts in.
#include <array>

#include "engine/model/journey.h"
#include "engine/model/quantile.h"

namespace touchstone {
namespace {

constexpr MeasureKey key(MeasureKind kind, std::size_t sub = 0) {
  return {kind, static_cast<std::uint16_t>(sub)};
}

/// The cells of a touchpoint, a channel, a stage and the whole, each for the segment and for all.
std::array<CellNo, 8> cells_of(TouchpointNo touchpoint, ChannelNo channel, StageNo stage, SegmentNo segment) {
  const std::array<std::pair<Scope, std::uint16_t>, 4> scopes = {{{Scope::kTouchpoint, touchpoint.value()},
                                                                  {Scope::kChannel, channel.value()},
                                                                  {Scope::kStage, stage.value()},
                                                                  {Scope::kAll, CellNo::kAllNumber}}};
  std::array<CellNo, 8> cells{};
  for (std::size_t i = 0; i < scopes.size(); ++i) {
    cells[2 * i] = {scopes[i].first, scopes[i].second, segment.value()};
    cells[2 * i + 1] = {scopes[i].first, scopes[i].second, CellNo::kAllNumber};
  }
  return cells;
}

Cell interaction_amounts(const Observation& seen) {
  Cell amounts;
  amounts.add(key(MeasureKind::kInteractions), 1);
  if (seen.conversion) amounts.add(key(MeasureKind::kConversions), 1);
  if (seen.value) {
    add_money(amounts, key(MeasureKind::kValueWhole), key(MeasureKind::kValueFraction), *seen.value);
  }
  if (seen.wait_ms) amounts.add(key(MeasureKind::kWait, bucket_of(*seen.wait_ms)), 1);
  if (seen.duration_ms) amounts.add(key(MeasureKind::kDuration, bucket_of(*seen.duration_ms)), 1);
  return amounts;
}

Cell rating_amounts(const Observation& seen) {
  constexpr std::int64_t kOne = power_of_ten(kRatingDecimals);
  Cell amounts;
  amounts.add(key(MeasureKind::kResponses), 1);
  amounts.add(key(MeasureKind::kSatisfaction), seen.satisfaction->millionths);
  for (std::size_t kind = 0; kind < kRatingKinds; ++kind) {
    if (!seen.ratings[kind]) continue;
    amounts.add(key(MeasureKind::kRatings, kind), 1);
    amounts.add(key(MeasureKind::kRatingSum, kind), *seen.ratings[kind]);
  }
  if (const auto nps = seen.ratings[static_cast<std::size_t>(RatingKind::kNps)]) {
    if (*nps >= 9 * kOne) amounts.add(key(MeasureKind::kPromoters), 1);
    if (*nps <= 6 * kOne) amounts.add(key(MeasureKind::kDetractors), 1);
  }
  return amounts;
}

void tally_credit(const Observation& seen, EventTime pane, DeltaSet& deltas) {
  for (std::size_t model = 0; model < kCreditModels; ++model) {
    for (const Credit& credit : seen.conversion->credit[model]) {
      for (const std::uint16_t segment : {seen.segment.value(), CellNo::kAllNumber}) {
        Cell& cell = deltas.cell({Scope::kTouchpoint, credit.touchpoint.value(), segment}, pane);
        cell.add(key(MeasureKind::kCreditShare, model), credit.share);
        add_money(cell, key(MeasureKind::kCreditWhole, model), key(MeasureKind::kCreditFraction, model),
                  credit.value);
      }
    }
  }
}

}  // namespace

void tally(const Observation& seen, EventTime time, EventTime watermark, const Rules& rules, Customer& customer,
           DeltaSet& deltas) {
  const EventTime pane = floor_to(time, rules.pane());
  const Cell amounts = interaction_amounts(seen);
  for (const CellNo& cell : cells_of(seen.touchpoint, seen.channel, seen.stage, seen.segment)) {
    Cell& sums = deltas.cell(cell, pane);
    sums.add(amounts);
    if (cell.scope == Scope::kTouchpoint) sums.add(key(MeasureKind::kStage, seen.stage.value()), 1);
    customer.presence.visit(cell, pane, watermark, rules.settings().windows,
                            [&](const Edge& edge) { deltas.add_edge(cell, edge); });
  }
  if (seen.satisfaction) {
    const Cell ratings = rating_amounts(seen);
    const Satisfaction& about = *seen.satisfaction;
    for (const CellNo& cell : cells_of(about.rates, about.channel, seen.stage, seen.segment)) {
      deltas.cell(cell, pane).add(ratings);
    }
  }
  if (seen.conversion) tally_credit(seen, pane, deltas);
}

}  // namespace touchstone
