#include "engine/model/rules.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace touchstone {
namespace {

std::vector<Predicate> match_rules(const TouchpointMap& map) {
  std::vector<Predicate> rules;
  for (const Touchpoint& touchpoint : map.touchpoints) rules.push_back(touchpoint.match);
  return rules;
}

std::vector<Predicate> segment_rules(const TouchpointMap& map) {
  std::vector<Predicate> rules;
  for (const Segment& segment : map.segments) rules.push_back(segment.when);
  return rules;
}

}  // namespace

Rules::Rules(TouchpointMap map, Settings settings)
    : map_(std::move(map)),
      settings_(std::move(settings)),
      touchpoint_matcher_(match_rules(map_)),
      segment_matcher_(segment_rules(map_)) {
  for (const std::string& stage : map_.lifecycle.stages) names_.stages.add(stage);
  for (const Segment& segment : map_.segments) names_.segments.add(segment.id);
  names_.segments.add(kOtherId);
  other_segment_ = *names_.segments.find(kOtherId);

  for (const std::string_view channel : kKnownChannels) names_.channels.add(channel);
  for (const Touchpoint& touchpoint : map_.touchpoints) {
    if (touchpoint.channel) names_.channels.add(*touchpoint.channel);
  }
  names_.channels.add(kOtherId);
  other_channel_ = *names_.channels.find(kOtherId);

  for (const Touchpoint& touchpoint : map_.touchpoints) {
    names_.touchpoints.add(touchpoint.id);
    CompiledTouchpoint& compiled = compiled_.emplace_back();
    if (touchpoint.channel) compiled.channel = names_.channels.find(*touchpoint.channel);
    compiled.conversion = touchpoint.conversion;
    compiled.feedback = touchpoint.feedback;
    for (const Move& move : touchpoint.moves) {
      const std::optional<StageNo> to = names_.stages.find(move.to);
      assert(to.has_value());
      compiled.moves.push_back({*to, CompiledPredicate(move.when), move.back});
    }
  }
  names_.touchpoints.add(kUnmappedId);
  unmapped_ = *names_.touchpoints.find(kUnmappedId);
  compiled_.emplace_back();
  assert(compiled_.size() == names_.touchpoints.size());
  assert(!settings_.windows.empty());
}

}  // namespace touchstone
