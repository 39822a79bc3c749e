// What an interaction is counted by, and the cells that follow from it.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>

#include "engine/model/cell.h"
#include "engine/model/rules.h"

namespace touchstone {

struct Dimensions {
  TouchpointNo touchpoint;
  ChannelNo channel;
  StageNo stage;
  SegmentNo segment;
  friend auto operator<=>(const Dimensions&, const Dimensions&) = default;
};

/// A bit for each of the cells, in the order of cells_of().
using CellMask = std::uint8_t;
inline constexpr std::size_t kCellsOfOne = 8;
inline constexpr CellMask kEveryCell = 0xFF;
[[nodiscard]] constexpr bool is_in(CellMask mask, std::size_t cell) { return ((unsigned{mask} >> cell) & 1U) != 0; }

/// Of the touchpoint, the channel, the stage and the whole: each for the segment, and for all segments.
[[nodiscard]] constexpr std::array<CellNo, kCellsOfOne> cells_of(const Dimensions& at) {
  constexpr std::uint16_t kAll = CellNo::kAllNumber;
  const std::uint16_t segment = at.segment.value();
  return {{{Scope::kTouchpoint, at.touchpoint.value(), segment},
           {Scope::kTouchpoint, at.touchpoint.value(), kAll},
           {Scope::kChannel, at.channel.value(), segment},
           {Scope::kChannel, at.channel.value(), kAll},
           {Scope::kStage, at.stage.value(), segment},
           {Scope::kStage, at.stage.value(), kAll},
           {Scope::kAll, kAll, segment},
           {Scope::kAll, kAll, kAll}}};
}

/// Which cells of the one are cells of the other too.
[[nodiscard]] constexpr CellMask common_cells(const Dimensions& a, const Dimensions& b) {
  constexpr unsigned kOfAllSegments = 0b10101010;
  const unsigned alike = (a.touchpoint == b.touchpoint ? 0b00000011U : 0U) |
                         (a.channel == b.channel ? 0b00001100U : 0U) | (a.stage == b.stage ? 0b00110000U : 0U) |
                         0b11000000U;
  return static_cast<CellMask>(a.segment == b.segment ? alike : alike & kOfAllSegments);
}

}  // namespace touchstone
