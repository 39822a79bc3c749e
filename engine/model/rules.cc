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
  for (const std::string& stage : map_.lifecycle.stages) stages_.add(stage);
  for (const Segment& segment : map_.segments) segments_.add(segment.id);
  segments_.add(kOtherId);
  other_segment_ = *segments_.find(kOtherId);

  for (const std::string_view channel : kKnownChannels) channels_.add(channel);
  for (const Touchpoint& touchpoint : map_.touchpoints) {
    if (touchpoint.channel) channels_.add(*touchpoint.channel);
  }
  channels_.add(kOtherId);
  other_channel_ = *channels_.find(kOtherId);

  for (const Touchpoint& touchpoint : map_.touchpoints) {
    touchpoints_.add(touchpoint.id);
    CompiledTouchpoint& compiled = compiled_.emplace_back();
    if (touchpoint.channel) compiled.channel = channels_.find(*touchpoint.channel);
    compiled.conversion = touchpoint.conversion;
    compiled.feedback = touchpoint.feedback;
    for (const Move& move : touchpoint.moves) {
      const std::optional<StageNo> to = stages_.find(move.to);
      assert(to.has_value());
      compiled.moves.push_back({*to, CompiledPredicate(move.when), move.back});
    }
  }
  touchpoints_.add(kUnmappedId);
  unmapped_ = *touchpoints_.find(kUnmappedId);
  compiled_.emplace_back();
  assert(compiled_.size() == touchpoints_.size());
  assert(!settings_.windows.empty());
}

}  // namespace touchstone
