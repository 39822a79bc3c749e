#include "engine/model/journey_reading.h"

#include <algorithm>

namespace touchstone {
namespace {

bool comes_first(const NextStep& a, const NextStep& b, const Rules& rules) {
  if (a.count != b.count) return a.count > b.count;
  if (!a.to || !b.to) return a.to.has_value();
  return rules.touchpoints().id(*a.to) < rules.touchpoints().id(*b.to);
}

StepsFrom steps_from(TouchpointNo from, const Cell& sums, const Rules& rules) {
  StepsFrom steps{from, 0, {}};
  for (const auto& [key, count] : sums.amounts()) {
    if (key.kind != MeasureKind::kMove) continue;
    const bool lapsed = key.sub == kToLapse;
    if (!lapsed && key.sub >= rules.touchpoints().size()) continue;
    steps.count += count;
    steps.next.push_back({lapsed ? std::nullopt : std::optional(TouchpointNo(key.sub)), count, 0});
  }
  for (NextStep& step : steps.next)
    step.probability = static_cast<double>(step.count) / static_cast<double>(steps.count);
  std::sort(steps.next.begin(), steps.next.end(),
            [&](const NextStep& a, const NextStep& b) { return comes_first(a, b, rules); });
  return steps;
}

}  // namespace

JourneyReading read_journeys(const Rules& rules, const std::map<CellKey, Cell>& sums, const std::string& segment) {
  JourneyReading reading;
  for (std::size_t number = 0; number < rules.touchpoints().size(); ++number) {
    const TouchpointNo touchpoint(static_cast<std::uint16_t>(number));
    const auto found = sums.find({Scope::kMoves, rules.touchpoints().id(touchpoint), segment});
    if (found != sums.end()) reading.steps.push_back(steps_from(touchpoint, found->second, rules));
  }
  for (std::size_t number = 0; number < rules.stages().size(); ++number) {
    const StageNo stage(static_cast<std::uint16_t>(number));
    const auto found = sums.find({Scope::kStay, rules.stages().id(stage), segment});
    if (found == sums.end()) continue;
    if (const auto lengths = measure(found->second, 0).duration) reading.stays.push_back({stage, *lengths});
  }
  return reading;
}

std::map<std::pair<std::string, std::string>, std::int64_t> lapses_by_touchpoint(const std::map<CellKey, Cell>& sums) {
  std::map<std::pair<std::string, std::string>, std::int64_t> lapses;
  for (const auto& [key, cell] : sums) {
    const std::int64_t count = cell.at({MeasureKind::kMove, kToLapse});
    if (key.scope == Scope::kMoves && count > 0) lapses[{key.id, key.segment}] = count;
  }
  return lapses;
}

}  // namespace touchstone
