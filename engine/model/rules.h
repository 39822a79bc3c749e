// The domain configuration, compiled: the map with a number for everything it names, its rules ready to be
// matched, and the settings. Built once from validated values, immutable, shared by every thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/model/matcher.h"
#include "engine/model/settings.h"
#include "engine/model/strong.h"
#include "engine/model/touchpoint_map.h"

namespace touchstone {

/// Numbers within one Rules. They never leave the process: bytes on disk and on the wire carry
/// ids, or the numbers of a state's own (wire/numbering.h).
using TouchpointNo = Strong<struct TouchpointTag, std::uint16_t>;
using ChannelNo = Strong<struct ChannelTag, std::uint16_t>;
using SegmentNo = Strong<struct SegmentTag, std::uint16_t>;
using StageNo = Strong<struct StageTag, std::uint16_t>;

/// Ids in a fixed order, found by number or by text.
template <typename Number>
class Dictionary {
 public:
  /// Appends an id unless it is there already.
  void add(std::string_view id) {
    const auto [entry, added] = numbers_.try_emplace(std::string(id), static_cast<std::uint16_t>(ids_.size()));
    if (added) ids_.push_back(entry->first);
  }
  [[nodiscard]] std::optional<Number> find(std::string_view id) const {
    const auto found = numbers_.find(id);
    if (found == numbers_.end()) return std::nullopt;
    return Number(found->second);
  }
  [[nodiscard]] const std::string& id(Number number) const { return ids_[number.value()]; }
  [[nodiscard]] std::size_t size() const { return ids_.size(); }

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  std::unordered_map<std::string, std::uint16_t, TextHash, std::equal_to<>> numbers_;
  std::vector<std::string> ids_;
};

/// Everything a map names.
struct Names {
  Dictionary<TouchpointNo> touchpoints;  ///< in map order, then `unmapped`
  Dictionary<ChannelNo> channels;        ///< the known ones, the map's, then `other`
  Dictionary<SegmentNo> segments;        ///< in map order, then `other`
  Dictionary<StageNo> stages;            ///< in lifecycle order
};

struct CompiledMove {
  StageNo to;
  CompiledPredicate when;
  bool back{};
};

/// What the journey stage needs of a touchpoint; `unmapped` has one too.
struct CompiledTouchpoint {
  std::optional<ChannelNo> channel;
  bool conversion = false;
  bool feedback = false;
  std::vector<CompiledMove> moves;
};

class Rules {
 public:
  /// Both must have been validated; anything wrong here is a bug.
  Rules(TouchpointMap map, Settings settings);

  [[nodiscard]] const TouchpointMap& map() const { return map_; }
  [[nodiscard]] const Settings& settings() const { return settings_; }

  [[nodiscard]] const Names& names() const { return names_; }
  [[nodiscard]] const Dictionary<TouchpointNo>& touchpoints() const { return names_.touchpoints; }
  [[nodiscard]] const Dictionary<ChannelNo>& channels() const { return names_.channels; }
  [[nodiscard]] const Dictionary<SegmentNo>& segments() const { return names_.segments; }
  [[nodiscard]] const Dictionary<StageNo>& stages() const { return names_.stages; }

  [[nodiscard]] const CompiledTouchpoint& touchpoint(TouchpointNo number) const { return compiled_[number.value()]; }
  [[nodiscard]] TouchpointNo unmapped() const { return unmapped_; }
  [[nodiscard]] ChannelNo other_channel() const { return other_channel_; }
  [[nodiscard]] SegmentNo other_segment() const { return other_segment_; }
  [[nodiscard]] const Matcher& touchpoint_matcher() const { return touchpoint_matcher_; }
  [[nodiscard]] const Matcher& segment_matcher() const { return segment_matcher_; }
  /// The width of the finest pane: the smallest step, which divides every other one.
  [[nodiscard]] Millis pane() const { return settings_.windows.front().step; }

 private:
  TouchpointMap map_;
  Settings settings_;
  Names names_;
  TouchpointNo unmapped_;
  ChannelNo other_channel_;
  SegmentNo other_segment_;
  std::vector<CompiledTouchpoint> compiled_;
  Matcher touchpoint_matcher_;
  Matcher segment_matcher_;
};

}  // namespace touchstone
