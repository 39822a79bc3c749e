// The counting half of journey.h: from an observation to the cells it counts in.
#include <algorithm>
#include <array>
#include <span>

#include "engine/model/dimensions.h"
#include "engine/model/journey.h"
#include "engine/model/quantile.h"

namespace touchstone {
namespace {

Cell interaction_amounts(const Observation& seen) {
  Cell amounts;
  amounts.add(measure_key(MeasureKind::kInteractions), 1);
  if (seen.conversion) amounts.add(measure_key(MeasureKind::kConversions), 1);
  if (seen.value) {
    add_money(amounts, measure_key(MeasureKind::kValueWhole), measure_key(MeasureKind::kValueFraction), *seen.value);
  }
  if (seen.wait_ms) amounts.add(measure_key(MeasureKind::kWait, bucket_of(*seen.wait_ms)), 1);
  if (seen.duration_ms) amounts.add(measure_key(MeasureKind::kDuration, bucket_of(*seen.duration_ms)), 1);
  return amounts;
}

Cell rating_amounts(const Observation& seen) {
  constexpr std::int64_t kOne = power_of_ten(kRatingDecimals);
  Cell amounts;
  amounts.add(measure_key(MeasureKind::kResponses), 1);
  amounts.add(measure_key(MeasureKind::kSatisfaction), seen.satisfaction->millionths);
  for (std::size_t kind = 0; kind < kRatingKinds; ++kind) {
    if (!seen.ratings[kind]) continue;
    amounts.add(measure_key(MeasureKind::kRatings, kind), 1);
    amounts.add(measure_key(MeasureKind::kRatingSum, kind), *seen.ratings[kind]);
  }
  if (const auto nps = seen.ratings[static_cast<std::size_t>(RatingKind::kNps)]) {
    if (*nps >= 9 * kOne) amounts.add(measure_key(MeasureKind::kPromoters), 1);
    if (*nps <= 6 * kOne) amounts.add(measure_key(MeasureKind::kDetractors), 1);
  }
  return amounts;
}

/// How a rating divides the cells it counts in: those of all segments by segment, those that are not about one channel
/// by channel.
Cell divided(const Cell& ratings, const CellNo& cell, const Observation& seen, const Rules& rules) {
  const std::int64_t sum = seen.satisfaction->millionths;
  Cell amounts = ratings;
  if (cell.segment == CellNo::kAllNumber) {
    amounts.add(measure_key(MeasureKind::kSegmentResponses, seen.segment.value()), 1);
    amounts.add(measure_key(MeasureKind::kSegmentSatisfaction, seen.segment.value()), sum);
  }
  const bool of_one_channel =
      cell.scope == Scope::kChannel ||
      (cell.scope == Scope::kTouchpoint && rules.touchpoint(seen.satisfaction->rates).channel.has_value());
  if (!of_one_channel) {
    const std::uint16_t channel = seen.satisfaction->channel.value();
    amounts.add(measure_key(MeasureKind::kChannelResponses, channel), 1);
    amounts.add(measure_key(MeasureKind::kChannelSatisfaction, channel), sum);
  }
  return amounts;
}

/// The segment's cell, and the one of all segments.
template <typename Add>
void for_segment_and_all(SegmentNo segment, const Add& add) {
  add(segment.value());
  add(CellNo::kAllNumber);
}

void tally_credit(const Observation& seen, EventTime pane, DeltaSet& deltas) {
  for (std::size_t model = 0; model < kCreditModels; ++model) {
    for (const Credit& credit : seen.conversion->credit[model]) {
      for_segment_and_all(seen.segment, [&](std::uint16_t number) {
        DeltaSet::Sums cell = deltas.sums({Scope::kTouchpoint, credit.touchpoint.value(), number}, pane);
        cell.add(measure_key(MeasureKind::kCreditShare, model), credit.share);
        add_money(cell, measure_key(MeasureKind::kCreditWhole, model), measure_key(MeasureKind::kCreditFraction, model),
                  credit.value);
      });
    }
  }
}

/// The last touches of a path and its end, as one text: `page>call>(conversion)`. No id holds these characters.
std::string path_text(std::span<const PathTouch> path, std::uint16_t end, const Rules& rules) {
  std::string text;
  for (const PathTouch& touch : path.last(std::min(path.size(), kRankedTouches))) {
    text += rules.touchpoints().id(touch.touchpoint) + ">";
  }
  return text + std::string(end == kToConversion ? kConversionEnd : kLapseEnd);
}

/// A path that has ended: one move from place to place each.
void tally_path(std::span<const PathTouch> path, std::uint16_t end, std::int64_t value, SegmentNo segment,
                EventTime pane, const Rules& rules, DeltaSet& deltas) {
  const std::string text = path_text(path, end, rules);
  for_segment_and_all(segment, [&](std::uint16_t number) {
    deltas.count_item({Scope::kPaths, CellNo::kAllNumber, number}, pane, text);
  });
  if (!rules.settings().has_longest) return;
  for_segment_and_all(segment, [&](std::uint16_t number) {
    std::uint16_t from = CellNo::kAllNumber;
    for (const PathTouch& touch : path) {
      deltas.sums({Scope::kChain, from, number}, pane)
          .add(measure_key(MeasureKind::kMove, touch.touchpoint.value()), 1);
      from = touch.touchpoint.value();
    }
    DeltaSet::Sums last = deltas.sums({Scope::kChain, from, number}, pane);
    last.add(measure_key(MeasureKind::kMove, end), 1);
    add_money(last, measure_key(MeasureKind::kValueWhole), measure_key(MeasureKind::kValueFraction), value);
  });
}

void tally_move(TouchpointNo from, std::uint16_t to, SegmentNo segment, EventTime pane, DeltaSet& deltas) {
  for_segment_and_all(segment, [&](std::uint16_t number) {
    deltas.sums({Scope::kMoves, from.value(), number}, pane).add(measure_key(MeasureKind::kMove, to), 1);
  });
}

void tally_stay(const Stay& stay, SegmentNo segment, EventTime pane, DeltaSet& deltas) {
  for_segment_and_all(segment, [&](std::uint16_t number) {
    deltas.sums({Scope::kStay, stay.stage.value(), number}, pane)
        .add(measure_key(MeasureKind::kDuration, bucket_of(stay.length_ms)), 1);
  });
}

void tally_conversion(const Observation& seen, EventTime pane, const Rules& rules, DeltaSet& deltas) {
  tally_credit(seen, pane, deltas);
  // A conversion without touches before it is the path of its own touchpoint.
  std::vector<PathTouch> path = seen.conversion->path;
  if (path.empty()) path.push_back({seen.touchpoint, {}});
  tally_path(path, kToConversion, seen.value.value_or(0), seen.segment, pane, rules, deltas);
}

}  // namespace

void tally(const Observation& seen, EventTime time, EventTime watermark, const Rules& rules, Customer& customer,
           DeltaSet& deltas) {
  const EventTime pane = floor_to(time, rules.pane());
  const Dimensions at{seen.touchpoint, seen.channel, seen.stage, seen.segment};
  const std::array<CellNo, kCellsOfOne> cells = cells_of(at);
  const Cell amounts = interaction_amounts(seen);
  for (const CellNo& cell : cells) {
    DeltaSet::Sums sums = deltas.sums(cell, pane);
    sums.add(amounts);
    if (cell.scope == Scope::kTouchpoint) sums.add(measure_key(MeasureKind::kStage, seen.stage.value()), 1);
  }
  customer.presence.visit(at, pane, watermark, rules.settings().windows,
                          [&](std::size_t cell, const VisitCount& change) { deltas.count_visit(cells[cell], change); });
  if (seen.satisfaction) {
    const Cell ratings = rating_amounts(seen);
    const Satisfaction& about = *seen.satisfaction;
    for (const CellNo& cell : cells_of({about.rates, about.channel, seen.stage, seen.segment})) {
      deltas.sums(cell, pane).add(divided(ratings, cell, seen, rules));
    }
  }
  if (seen.conversion) tally_conversion(seen, pane, rules, deltas);
  if (seen.touchpoint_before) {
    tally_move(*seen.touchpoint_before, seen.touchpoint.value(), seen.segment, pane, deltas);
  }
  if (seen.stay) tally_stay(*seen.stay, seen.segment, pane, deltas);
  if (seen.touchpoint == rules.unmapped()) {
    deltas.count_item({Scope::kUnmapped, CellNo::kAllNumber, CellNo::kAllNumber}, pane,
                      rules.channels().id(seen.channel) + " " + seen.unmapped_type);
  }
}

void tally(const Lapse& lapse, const Rules& rules, DeltaSet& deltas) {
  const auto& [time, segment, from, from_lapsed, to, cause] = lapse.transition;
  const EventTime pane = floor_to(time, rules.pane());
  if (!lapse.path.empty()) tally_path(lapse.path, kToLapse, 0, segment, pane, rules, deltas);
  tally_move(cause, kToLapse, segment, pane, deltas);
  tally_stay(lapse.stay, segment, pane, deltas);
}

}  // namespace touchstone
