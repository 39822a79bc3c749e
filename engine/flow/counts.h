// What the stages count for the outside, by the numbers of one Rules: only the map and closed lists give labels,
// so the number of series is bounded by the map. Counts of a batch are added to the board when it is committed.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "engine/model/event.h"
#include "engine/model/journey.h"
#include "engine/model/rules.h"

namespace touchstone {

/// A stage, or one of the two places outside the lifecycle.
struct StagePlace {
  enum class Kind : std::uint8_t { kNobody, kStage, kLapsed };
  Kind kind = Kind::kNobody;
  StageNo stage{};
  friend auto operator<=>(const StagePlace&, const StagePlace&) = default;
};

/// How many customers there are, by where they stand and their segment.
using StageCustomers = std::map<std::pair<StagePlace, SegmentNo>, std::int64_t>;

/// Upper bounds of the satisfaction histogram are 0.1, 0.2, … 1.0.
inline constexpr std::size_t kSatisfactionBuckets = 10;

struct SatisfactionCounts {
  std::array<std::uint64_t, kSatisfactionBuckets> buckets{};  ///< not cumulative
  std::uint64_t sum_millionths = 0;
};

struct Counts {
  /// By whose numbers the maps below count; nothing: they are empty.
  std::shared_ptr<const Rules> rules;

  struct Interaction {
    TouchpointNo touchpoint;
    ChannelNo channel;
    SegmentNo segment;
    StageNo stage;
    friend auto operator<=>(const Interaction&, const Interaction&) = default;
  };
  struct Move {
    StagePlace from;
    StagePlace to;
    SegmentNo segment;
    friend auto operator<=>(const Move&, const Move&) = default;
  };
  struct CreditTo {
    CreditModel model{};
    TouchpointNo touchpoint;
    SegmentNo segment;
    friend auto operator<=>(const CreditTo&, const CreditTo&) = default;
  };
  struct Rating {
    TouchpointNo touchpoint;
    SegmentNo segment;
    RatingKind kind{};
    friend auto operator<=>(const Rating&, const Rating&) = default;
  };
  struct Rated {
    TouchpointNo touchpoint;
    SegmentNo segment;
    friend auto operator<=>(const Rated&, const Rated&) = default;
  };

  std::map<Interaction, std::uint64_t> interactions;
  std::map<SegmentNo, std::uint64_t> conversions;
  std::map<Move, std::uint64_t> transitions;
  std::map<CreditTo, std::int64_t> credit_millionths;
  std::map<Rating, std::uint64_t> ratings;
  std::map<Rated, SatisfactionCounts> satisfaction;
  std::array<std::uint64_t, kReasonCount> dead_letters{};
  std::uint64_t late_events = 0;
  std::uint64_t late_for_windows = 0;  ///< interactions whose finest window had closed without them
  std::uint64_t duplicates = 0;
  std::uint64_t forgotten = 0;        ///< customers dropped on request
  std::uint64_t key_mismatches = 0;   ///< records whose key is not their customer
  std::uint64_t wrong_partition = 0;  ///< records not where input.partitioner would put them
  std::uint64_t rows = 0;             ///< rows of closed windows written

  /// Input records that came to something: interactions, duplicates, dead letters, forgotten customers.
  [[nodiscard]] std::uint64_t records() const;

  /// By the numbers of the same rules.
  void add(const Counts& other);
  void count(const Observation& seen);
  void count(const Transition& transition);
};

}  // namespace touchstone
