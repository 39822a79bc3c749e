// All that is remembered of one customer. Bounded: touches by journey.max_touches and their order in time, ids
// by duplicates.ids, presence by the map's size.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/model/credit.h"
#include "engine/model/presence.h"
#include "engine/model/rules.h"
#include "engine/model/time.h"

namespace touchstone {

/// A touch that a later conversion may credit.
struct RememberedTouch {
  PathTouch touch;
  /// Touches that came after it in the log and are not older in time; with max_touches of them it can never be
  /// credited again, whatever comes.
  std::uint32_t overtaken = 0;
};

/// A touch that a later survey may rate.
struct RateableTouch {
  TouchpointNo touchpoint;
  ChannelNo channel;
  EventTime time;
};

/// An id accepted earlier, by its 128-bit hash (XXH3).
struct AcceptedId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  EventTime time;
};

[[nodiscard]] AcceptedId accepted_id(std::string_view id, EventTime time);

struct Customer {
  bool started = false;  ///< false until the first event is through
  bool lapsed = false;
  StageNo stage;                     ///< held, also while lapsed
  EventTime stage_since{};           ///< when it was entered, or returned to from a lapse
  std::optional<SegmentNo> segment;  ///< the one remembered
  EventTime highest{};               ///< highest event time
  TouchpointNo last_touchpoint;      ///< of the last event in the log, whatever it is
  std::int64_t conversions = 0;
  std::vector<RememberedTouch> touches;  ///< since the last conversion or lapse, in the order of the log
  std::vector<RateableTouch> rateable;   ///< in the order of the log, each later in time than the next
  std::vector<AcceptedId> ids;           ///< the last accepted, oldest first
  Presence presence;

  /// As it was made, with the memory it has.
  void clear();

  /// Event time at which the customer lapses, unless something comes.
  [[nodiscard]] EventTime due(const Rules& rules) const { return highest + rules.map().lifecycle.lapse_after; }
};

/// No list of touches grows beyond this many times journey.max_touches, whatever the order of times.
inline constexpr std::size_t kTouchesFactor = 8;

void remember_touch(Customer& customer, const PathTouch& touch, const Settings& settings);
void remember_rateable(Customer& customer, const RateableTouch& touch, const Settings& settings);
void remember_id(Customer& customer, const AcceptedId& id, const Settings& settings);
[[nodiscard]] bool is_duplicate(const Customer& customer, const AcceptedId& id, const Settings& settings);

/// The touches a conversion at this time may credit, in the order of the log.
[[nodiscard]] std::vector<PathTouch> path_at(const Customer& customer, EventTime conversion, const Settings& settings);

/// The last touches, of any age, in the order of the log.
[[nodiscard]] std::vector<PathTouch> last_touches(const Customer& customer, const Settings& settings);

}  // namespace touchstone
