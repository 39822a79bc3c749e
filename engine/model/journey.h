// The whole meaning of one event for one customer, as one function without I/O, clock or randomness: what it
// touched, under which channel, segment and stage, what it rates, whom a conversion credits.
//
//   (nobody) --first event--> stage --move--> stage ...        each arrow is one transition
//                               |  ^
//               lapse, at due() |  | next event, back to the stage held
//                               v  |
//                              lapsed
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/model/customer.h"
#include "engine/model/delta.h"
#include "engine/model/event.h"
#include "engine/model/rules.h"

namespace touchstone {

/// A change of stage. No stage stands for `lapsed` in `to`; in `from` for nobody or, with `from_lapsed`, lapsed.
struct Transition {
  EventTime time;
  SegmentNo segment;
  std::optional<StageNo> from;
  bool from_lapsed = false;
  std::optional<StageNo> to;
  TouchpointNo cause;
};

/// A rating brought to one scale, and what it rates.
struct Satisfaction {
  std::int64_t millionths = 0;  ///< 0..1,000,000
  TouchpointNo rates;
  ChannelNo channel;  ///< the rating counts under this channel
};

/// A conversion with its path and the credit by each model.
struct ObservedConversion {
  std::vector<PathTouch> path;  ///< empty: the converting touchpoint alone is credited
  std::array<std::vector<Credit>, kCreditModels> credit;
};

/// How long a customer was in a stage before leaving it.
struct Stay {
  StageNo stage;
  std::int64_t length_ms;  ///< 0 where events out of order would make it negative
};

/// Longer types are cut where they are ranked.
inline constexpr std::size_t kUnmappedTypeBytes = 64;

/// What one accepted event means.
struct Observation {
  TouchpointNo touchpoint;
  ChannelNo channel;
  SegmentNo segment;
  StageNo stage;
  std::optional<StageNo> stage_before;
  std::optional<TouchpointNo> touchpoint_before;  ///< of the customer's event before in the log
  std::optional<Stay> stay;                       ///< in the stage left by this event's move
  std::optional<std::int64_t> value;              ///< 10^-4 of the money unit
  std::optional<std::int64_t> wait_ms;
  std::optional<std::int64_t> duration_ms;
  std::array<std::optional<std::int64_t>, kRatingKinds> ratings{};  ///< 10^-9 of the kind's own scale
  std::optional<Satisfaction> satisfaction;
  std::vector<Transition> transitions;
  std::optional<ObservedConversion> conversion;
  std::string unmapped_type;  ///< of an unmapped event: its type, cut to kUnmappedTypeBytes
  bool late = false;
};

/// What it means that a customer lapses.
struct Lapse {
  Transition transition;
  std::vector<PathTouch> path;  ///< the last touches since the conversion or lapse before, of any age
  Stay stay;                    ///< in the stage held
};

/// Where an event stands before its customer is known: touchpoint, and what it says about the segment.
struct Placement {
  TouchpointNo touchpoint;
  ChannelNo channel;
  std::optional<SegmentNo> segment;  ///< named by the event or found by a rule; else the remembered one counts
};

[[nodiscard]] Placement place(const Event& event, const Rules& rules);

/// What the event means for this customer, who is changed by it; nothing when it is a duplicate, which changes
/// nothing. `late`: older than its partition's watermark.
[[nodiscard]] std::optional<Observation> observe(Customer& customer, const Event& event, const Rules& rules, bool late);

/// The customer has lapsed, at the due time. The customer must have started and not be lapsed.
[[nodiscard]] Lapse lapse(Customer& customer, const Rules& rules);

/// Adds what a timely observation counts to the cells it counts in, and the customer's presence. `watermark` is
/// that of the partition after this event.
void tally(const Observation& seen, EventTime time, EventTime watermark, const Rules& rules, Customer& customer,
           DeltaSet& deltas);

/// Adds what a timely lapse counts.
void tally(const Lapse& lapse, const Rules& rules, DeltaSet& deltas);

}  // namespace touchstone
