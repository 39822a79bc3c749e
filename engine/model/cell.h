// What is counted, and for whom: a cell is a scope and a segment, and holds only integers that can be added
// and taken away again. Cells form a commutative group under `add` (tests/laws holds them to it), so shards,
// partitions and panes simply add up, and a rolling window is a sum that gains a pane and loses a pane.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model/credit.h"
#include "engine/model/event.h"
#include "engine/model/fixed.h"
#include "engine/model/rules.h"

namespace touchstone {

/// The numbers are part of the format on the wire.
enum class Scope : std::uint8_t {
  kTouchpoint,
  kChannel,
  kStage,
  kAll,
  kChain,     ///< id: a touchpoint or the start; from there, the moves of paths to conversion or lapse (chain.h)
  kMoves,     ///< id: a touchpoint; from there, the next touchpoint or lapse of each customer
  kStay,      ///< id: a stage; how long customers stayed who left it
  kUnmapped,  ///< id `all`; a ranking of channels and types of events that no touchpoint of the map takes (ranking.h)
  kPaths,     ///< id `all`; a ranking of the last touches before a conversion or a lapse
};
inline constexpr std::array<std::string_view, 9> kScopeNames = {"touchpoint", "channel", "stage",    "all",  "chain",
                                                                "moves",      "stay",    "unmapped", "paths"};
/// Whether rows are written of the scope's cells. The others are summed up in the longest window alone.
[[nodiscard]] constexpr bool has_rows(Scope scope) { return scope <= Scope::kAll; }

/// A cell by names, as it goes over the wire and out of the door. Ordered by scope, then by the bytes of the
/// ids.
struct CellKey {
  Scope scope{};
  std::string id;       ///< `all` for the scope all, `(start)` for the start of a chain
  std::string segment;  ///< `all` for all segments together
  friend auto operator<=>(const CellKey&, const CellKey&) = default;
};

/// A cell by the numbers of one Rules. `kAllNumber` stands for `all`, and for the start of a chain.
struct CellNo {
  static constexpr std::uint16_t kAllNumber = 0xFFFF;
  Scope scope;
  std::uint16_t id;
  std::uint16_t segment;
  friend auto operator<=>(const CellNo&, const CellNo&) = default;
};

/// The numbers of a cell as one of 40 bits, in the order of cells; tables that take it spread it themselves.
struct CellNoHash {
  std::size_t operator()(const CellNo& cell) const {
    return (static_cast<std::size_t>(cell.scope) << 32) | (static_cast<std::size_t>(cell.id) << 16) | cell.segment;
  }
};

inline constexpr std::string_view kStartId = "(start)";
/// How the ends of moves are written, where they are: no touchpoint can have these ids.
inline constexpr std::string_view kConversionEnd = "(conversion)";
inline constexpr std::string_view kLapseEnd = "(lapse)";
/// A ranked path has at most so many touches, the last ones.
inline constexpr std::size_t kRankedTouches = 5;

[[nodiscard]] CellKey key_of(const CellNo& cell, const Rules& rules);

/// What one amount of a cell counts. The numbers are part of the format on the wire.
enum class MeasureKind : std::uint8_t {
  kInteractions = 1,
  kConversions = 2,
  kValueWhole = 3,       ///< whole money units; with the fraction apart no realistic sum overflows
  kValueFraction = 4,    ///< the rest, 10^-4 of a unit
  kResponses = 5,        ///< events with a satisfaction
  kSatisfaction = 6,     ///< sum, millionths
  kRatings = 7,          ///< sub: RatingKind
  kRatingSum = 8,        ///< sub: RatingKind; 10^-9 of the kind's own scale
  kPromoters = 9,        ///< nps of 9 and more
  kDetractors = 10,      ///< nps of 6 and less
  kWait = 11,            ///< sub: bucket of quantile.h
  kDuration = 12,        ///< sub: bucket of quantile.h
  kStage = 13,           ///< sub: StageNo; interactions by the event's stage
  kCreditShare = 14,     ///< sub: CreditModel; millionths of a conversion
  kCreditWhole = 15,     ///< sub: CreditModel; whole money units
  kCreditFraction = 16,  ///< sub: CreditModel; 10^-4 of a unit
  kMove = 17,            ///< sub: TouchpointNo moved to, or one of the ends below
  // How ratings are divided, for explaining what changed; only in panes of the finest window.
  kSegmentResponses = 18,     ///< sub: SegmentNo
  kSegmentSatisfaction = 19,  ///< sub: SegmentNo; sum, millionths
  kChannelResponses = 20,     ///< sub: ChannelNo
  kChannelSatisfaction = 21,  ///< sub: ChannelNo; sum, millionths
};
inline constexpr std::uint8_t kLastMeasureKind = 21;
/// Whether a measure only says how another one is divided.
[[nodiscard]] constexpr bool is_division(MeasureKind kind) { return kind >= MeasureKind::kSegmentResponses; }
/// Where a move leads that leads to no touchpoint: ends of a chain's path, and of a customer's moves at a lapse.
inline constexpr std::uint16_t kToConversion = 0xFFFF;
inline constexpr std::uint16_t kToLapse = 0xFFFE;

/// Ordered by kind, then by sub.
struct MeasureKey {
  MeasureKind kind;
  std::uint16_t sub = 0;
  friend constexpr bool operator==(const MeasureKey&, const MeasureKey&) = default;
  friend constexpr auto operator<=>(const MeasureKey& a, const MeasureKey& b) { return a.rank() <=> b.rank(); }

 private:
  /// Both in one number, which is compared faster than one after the other.
  [[nodiscard]] constexpr std::uint32_t rank() const { return (static_cast<std::uint32_t>(kind) << 16) | sub; }
};
[[nodiscard]] constexpr MeasureKey measure_key(MeasureKind kind, std::size_t sub = 0) {
  return {kind, static_cast<std::uint16_t>(sub)};
}

/// The sums of a cell: sorted by key, no zeros, so that equal contents are equal objects.
class Cell {
 public:
  struct Amount {
    MeasureKey key;
    std::int64_t amount;
    friend bool operator==(const Amount&, const Amount&) = default;
  };

  /// Logarithmic where the key is known, and a step where it comes after all others; so amounts that come sorted make a
  /// cell quickly.
  void add(MeasureKey key, std::int64_t amount);
  /// In place where every key of the other is known here, as nearly always.
  void add(const Cell& other);
  void subtract(const Cell& other);

  [[nodiscard]] std::int64_t at(MeasureKey key) const;
  /// Makes room for so many amounts.
  void reserve(std::size_t amounts) { amounts_.reserve(amounts); }

  [[nodiscard]] bool empty() const { return amounts_.empty(); }
  [[nodiscard]] const std::vector<Amount>& amounts() const { return amounts_; }
  friend bool operator==(const Cell&, const Cell&) = default;

 private:
  void combine(const Cell& other, std::int64_t sign);
  std::vector<Amount> amounts_;
};

/// Without what only says how the rest is divided.
[[nodiscard]] Cell undivided(const Cell& cell);

/// Adds money split into whole units and fraction, to a Cell or whatever else amounts are added to.
template <typename Sums>
void add_money(Sums& sums, MeasureKey whole, MeasureKey fraction, std::int64_t money) {
  sums.add(whole, money / kMoneyUnit);
  sums.add(fraction, money % kMoneyUnit);
}
/// Money put together again, 10^-4 of a unit.
[[nodiscard]] WideInt money_of(const Cell& cell, MeasureKey whole, MeasureKey fraction);

}  // namespace touchstone
