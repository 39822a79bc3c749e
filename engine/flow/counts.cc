#include "engine/flow/counts.h"

#include <algorithm>

namespace touchstone {
namespace {

template <typename Map>
void add_all(Map& to, const Map& from) {
  for (const auto& [key, amount] : from) to[key] += amount;
}

}  // namespace

std::uint64_t Counts::records() const {
  std::uint64_t sum = duplicates + forgotten;
  for (const auto& [labels, count] : interactions) sum += count;
  for (const std::uint64_t count : dead_letters) sum += count;
  return sum;
}

void Counts::add(const Counts& other) {
  if (!rules) rules = other.rules;
  add_all(interactions, other.interactions);
  add_all(conversions, other.conversions);
  add_all(transitions, other.transitions);
  add_all(credit_millionths, other.credit_millionths);
  add_all(ratings, other.ratings);
  for (const auto& [key, from] : other.satisfaction) {
    SatisfactionCounts& to = satisfaction[key];
    for (std::size_t i = 0; i < kSatisfactionBuckets; ++i) to.buckets[i] += from.buckets[i];
    to.sum_millionths += from.sum_millionths;
  }
  for (std::size_t i = 0; i < kReasonCount; ++i) dead_letters[i] += other.dead_letters[i];
  late_events += other.late_events;
  late_for_windows += other.late_for_windows;
  duplicates += other.duplicates;
  forgotten += other.forgotten;
  key_mismatches += other.key_mismatches;
  wrong_partition += other.wrong_partition;
  rows += other.rows;
}

void Counts::count(const Observation& seen) {
  ++interactions[{seen.touchpoint, seen.channel, seen.segment, seen.stage}];
  if (seen.late) ++late_events;
  for (const Transition& transition : seen.transitions) count(transition);
  if (seen.satisfaction) {
    SatisfactionCounts& histogram = satisfaction[{seen.satisfaction->rates, seen.segment}];
    constexpr std::int64_t kWidth = kMillion / static_cast<std::int64_t>(kSatisfactionBuckets);
    const std::int64_t at = std::max<std::int64_t>(0, (seen.satisfaction->millionths + kWidth - 1) / kWidth - 1);
    ++histogram.buckets[static_cast<std::size_t>(at)];
    histogram.sum_millionths += static_cast<std::uint64_t>(seen.satisfaction->millionths);
    for (std::size_t kind = 0; kind < kRatingKinds; ++kind) {
      if (seen.ratings[kind]) ++ratings[{seen.satisfaction->rates, seen.segment, static_cast<RatingKind>(kind)}];
    }
  }
  if (!seen.conversion) return;
  ++conversions[seen.segment];
  for (std::size_t model = 0; model < kCreditModels; ++model) {
    for (const Credit& credit : seen.conversion->credit[model]) {
      credit_millionths[{static_cast<CreditModel>(model), credit.touchpoint, seen.segment}] += credit.share;
    }
  }
}

void Counts::count(const Transition& transition) {
  StagePlace from;
  if (transition.from_lapsed) {
    from.kind = StagePlace::Kind::kLapsed;
  } else if (transition.from) {
    from = {StagePlace::Kind::kStage, *transition.from};
  }
  const StagePlace to =
      transition.to ? StagePlace{StagePlace::Kind::kStage, *transition.to} : StagePlace{StagePlace::Kind::kLapsed, {}};
  ++transitions[{from, to, transition.segment}];
}

}  // namespace touchstone
