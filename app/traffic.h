// Invented customers of the retail map, for the demo: journeys from the advertisement to the recommendation,
// with what real traffic has as well: events that come late or out of order, some twice, some broken,
// customers who ask to be forgotten, and a touchpoint that becomes worse for a while.
//
// Pure: no clock, no input or output; the same options and the same times give the same bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "app/dice.h"
#include "app/shopping.h"
#include "engine/model/time.h"

namespace touchstone {

struct TrafficOptions {
  std::uint64_t seed = 1;
  std::size_t customers = 1'200;  ///< at the same time; about 6 for each event a second
  Drop drop;
  double repeated = 0.003;  ///< share of records that are sent a second time
  double broken = 0.002;    ///< share that is no valid event
  Disorder disorder;
};

struct TrafficRecord {
  enum class Kind : std::uint8_t { kEvent, kRepeated, kBroken, kForget };
  Kind kind = Kind::kEvent;
  std::string customer;              ///< the record's key
  std::optional<std::string> value;  ///< none: a request to forget the customer
};

class Traffic {
 public:
  Traffic(const TrafficOptions& options, EventTime start);

  /// What happens at `now`, which must not go back. Exactly one record a call, so the caller sets the rate.
  TrafficRecord next(EventTime now);

 private:
  /// Somebody who does not come back, and asks to be forgotten.
  struct Leaver {
    EventTime due;
    std::string customer;
  };

  TrafficRecord act(EventTime now);
  ScenePlan next_plan(EventTime now);
  void plan(std::size_t shopper, Scene scene, EventTime due);
  void end_visit(std::size_t shopper, EventTime now);
  std::string write(const Shopper& shopper, const Touch& touch, EventTime now);
  std::string write_broken(const Shopper& shopper, EventTime now);
  Shopper stranger();

  TrafficOptions options_;
  Dice dice_;
  Quality quality_;
  std::vector<Shopper> shoppers_;
  std::vector<std::size_t> idle_;
  std::priority_queue<ScenePlan> plans_;
  std::deque<Leaver> leavers_;         ///< by time
  std::vector<TrafficRecord> recent_;  ///< a ring; what may be sent again
  std::uint64_t planned_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t strangers_ = 0;
};

}  // namespace touchstone
