#include "engine/model/journey.h"

#include <algorithm>
#include <cassert>
#include <ranges>

#include "engine/model/fixed.h"

namespace touchstone {
namespace {

std::optional<std::int64_t> fixed_field(const Event& event, Field field, int decimals) {
  const std::optional<double> number = number_of(event[field]);
  if (!number) return std::nullopt;
  return to_fixed(*number, decimals);
}

TouchpointNo touchpoint_of(const Event& event, const Facts& facts, const Rules& rules) {
  if (const auto named = rules.touchpoints().find(text_of(event[Field::kTouchpoint]));
      named && *named != rules.unmapped()) {
    return *named;
  }
  const auto matched = rules.touchpoint_matcher().first_match(facts);
  return matched ? TouchpointNo(static_cast<std::uint16_t>(*matched)) : rules.unmapped();
}

std::optional<SegmentNo> segment_of(const Event& event, const Facts& facts, const Rules& rules) {
  if (const auto named = rules.segments().find(text_of(event[Field::kSegment]));
      named && *named != rules.other_segment()) {
    return named;
  }
  const auto matched = rules.segment_matcher().first_match(facts);
  if (!matched) return std::nullopt;
  return SegmentNo(static_cast<std::uint16_t>(*matched));
}

/// The rating in its own scale (10^-9) brought to 0..1 (millionths).
std::int64_t satisfaction_millionths(RatingKind kind, std::int64_t rating) {
  constexpr std::int64_t kOne = power_of_ten(kRatingDecimals);
  constexpr std::int64_t kToMillionths = power_of_ten(kRatingDecimals - kMillionthDecimals);
  struct Scale {
    std::int64_t lowest;
    std::int64_t width;
  };
  const auto scale = [&]() -> Scale {
    switch (kind) {
      case RatingKind::kCsat:
      case RatingKind::kStars:
        return {1, 4};
      case RatingKind::kNps:
        return {0, 10};
      case RatingKind::kCes:
        return {1, 6};
      case RatingKind::kSentiment:
        return {-1, 2};
    }
    return {0, 1};
  }();
  return static_cast<std::int64_t>(
      divide_rounded(WideInt{rating} - scale.lowest * kOne, WideInt{scale.width} * kToMillionths));
}

/// What a rating of this event rates, and under which channel.
Satisfaction rated_by(const Event& event, const Observation& seen, const Customer& customer, const Rules& rules) {
  Satisfaction satisfaction{0, seen.touchpoint, seen.channel};
  if (const auto about = rules.touchpoints().find(text_of(event[Field::kAbout])); about && *about != rules.unmapped()) {
    satisfaction.rates = *about;
    satisfaction.channel = rules.touchpoint(*about).channel.value_or(rules.other_channel());
    return satisfaction;
  }
  if (!rules.touchpoint(seen.touchpoint).feedback) return satisfaction;
  for (const auto& touch : std::views::reverse(customer.rateable)) {
    if (event.time - touch.time > rules.settings().rating_within) continue;
    satisfaction.rates = touch.touchpoint;
    satisfaction.channel = touch.channel;
    break;
  }
  return satisfaction;
}

void read_amounts(const Event& event, Observation& seen) {
  seen.value = fixed_field(event, Field::kValue, kMoneyDecimals);
  seen.wait_ms = fixed_field(event, Field::kWaitS, kSecondsDecimals);
  seen.duration_ms = fixed_field(event, Field::kDurationS, kSecondsDecimals);
  for (std::size_t i = 0; i < kRatingKinds; ++i) {
    seen.ratings[i] = fixed_field(event, field_of(static_cast<RatingKind>(i)), kRatingDecimals);
  }
}

void rate(const Event& event, const Customer& customer, const Rules& rules, Observation& seen) {
  for (std::size_t i = 0; i < kRatingKinds; ++i) {
    if (!seen.ratings[i]) continue;
    seen.satisfaction = rated_by(event, seen, customer, rules);
    seen.satisfaction->millionths = satisfaction_millionths(static_cast<RatingKind>(i), *seen.ratings[i]);
    return;
  }
}

/// The stage after the touchpoint's moves: the first one whose guard holds is taken, backwards only if it says so.
StageNo stage_after(const Facts& facts, StageNo before, TouchpointNo touchpoint, const Rules& rules) {
  for (const CompiledMove& move : rules.touchpoint(touchpoint).moves) {
    if (!move.when.holds(facts)) continue;
    return move.to < before && !move.back ? before : move.to;
  }
  return before;
}

Stay stay_until(const Customer& customer, EventTime time) {
  return {customer.stage, std::max<std::int64_t>(0, (time - customer.stage_since).count())};
}

void move(const Event& event, Customer& customer, const Rules& rules, Observation& seen) {
  const StageNo before = customer.stage;
  Facts facts{event};
  facts.stage = std::string_view(rules.stages().id(before));
  facts.conversions = customer.conversions + (rules.touchpoint(seen.touchpoint).conversion ? 1 : 0);
  if (seen.satisfaction) {
    facts.satisfaction = static_cast<double>(seen.satisfaction->millionths) / static_cast<double>(kMillion);
  }
  seen.stage = stage_after(facts, before, seen.touchpoint, rules);

  Transition change{event.time, seen.segment, std::nullopt, false, std::nullopt, seen.touchpoint};
  if (!customer.started) {
    change.to = seen.stage;
    seen.transitions.push_back(change);
    customer.stage_since = event.time;
  } else {
    seen.stage_before = before;
    if (customer.lapsed) {
      change.from_lapsed = true;
      change.to = before;
      seen.transitions.push_back(change);
      customer.stage_since = event.time;
    }
    if (seen.stage != before) {
      seen.stay = stay_until(customer, event.time);
      customer.stage_since = event.time;
      change.from_lapsed = false;
      change.from = before;
      change.to = seen.stage;
      seen.transitions.push_back(change);
    }
  }
  customer.lapsed = false;
  customer.stage = seen.stage;
}

void convert(const Event& event, Customer& customer, const Rules& rules, Observation& seen) {
  ObservedConversion& conversion = seen.conversion.emplace();
  conversion.path = path_at(customer, event.time, rules.settings());
  std::vector<PathTouch> credited = conversion.path;
  if (credited.empty()) credited.push_back({seen.touchpoint, event.time});
  for (std::size_t model = 0; model < kCreditModels; ++model) {
    conversion.credit[model] = split_credit(static_cast<CreditModel>(model), credited,
                                            {event.time, seen.value.value_or(0)}, rules.settings().decay_half_life);
  }
  ++customer.conversions;
  customer.touches.clear();
}

/// The beginning of a UTF-8 text, of whole characters.
std::string cut(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return std::string(text);
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return std::string(text.substr(0, bytes));
}

void remember(const Event& event, const Observation& seen, const Rules& rules, Customer& customer) {
  const CompiledTouchpoint& touchpoint = rules.touchpoint(seen.touchpoint);
  if (seen.touchpoint != rules.unmapped() && !touchpoint.feedback) {
    if (!touchpoint.conversion) remember_touch(customer, {seen.touchpoint, event.time}, rules.settings());
    remember_rateable(customer, {seen.touchpoint, seen.channel, event.time}, rules.settings());
  }
  customer.highest = customer.started ? std::max(customer.highest, event.time) : event.time;
  customer.last_touchpoint = seen.touchpoint;
  customer.started = true;
}

}  // namespace

Placement place(const Event& event, const Rules& rules) {
  const Facts facts{event};
  Placement placement;
  placement.touchpoint = touchpoint_of(event, facts, rules);
  placement.channel = rules.other_channel();
  if (const auto fixed = rules.touchpoint(placement.touchpoint).channel) {
    placement.channel = *fixed;
  } else if (const auto known = rules.channels().find(text_of(event[Field::kChannel]))) {
    placement.channel = *known;
  }
  placement.segment = segment_of(event, facts, rules);
  return placement;
}

std::optional<Observation> observe(Customer& customer, const Event& event, const Rules& rules, bool late) {
  if (const std::string_view id = text_of(event[Field::kId]); !id.empty()) {
    const AcceptedId accepted = accepted_id(id, event.time);
    if (is_duplicate(customer, accepted, rules.settings())) return std::nullopt;
    remember_id(customer, accepted, rules.settings());
  }
  const Placement placement = place(event, rules);
  if (placement.segment) customer.segment = placement.segment;

  std::optional<Observation> result(std::in_place);
  Observation& seen = *result;
  seen.late = late;
  if (customer.started) seen.touchpoint_before = customer.last_touchpoint;
  seen.touchpoint = placement.touchpoint;
  seen.channel = placement.channel;
  seen.segment = customer.segment.value_or(rules.other_segment());
  read_amounts(event, seen);
  rate(event, customer, rules, seen);
  move(event, customer, rules, seen);
  if (rules.touchpoint(seen.touchpoint).conversion) convert(event, customer, rules, seen);
  if (seen.touchpoint == rules.unmapped()) seen.unmapped_type = cut(text_of(event[Field::kType]), kUnmappedTypeBytes);
  remember(event, seen, rules, customer);
  return result;
}

Lapse lapse(Customer& customer, const Rules& rules) {
  assert(customer.started && !customer.lapsed);
  const EventTime at = customer.due(rules);
  Lapse result{{at, customer.segment.value_or(rules.other_segment()), customer.stage, false, std::nullopt,
                customer.last_touchpoint},
               last_touches(customer, rules.settings()),
               stay_until(customer, at)};
  customer.lapsed = true;
  customer.touches.clear();
  return result;
}

}  // namespace touchstone
