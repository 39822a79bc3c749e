// An endless stream of events for measuring: the invented shoppers of the demo (app/shopping.h), but of any number of
// customers, most of whom come seldom and some all the time, and with what is true of the stream counted while it is
// made.
//
// Pure: no clock, no input or output; the same options give the same bytes.
#pragma once

#include <cstdint>
#include <map>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

#include "app/dice.h"
#include "app/shopping.h"
#include "engine/model/time.h"

namespace touchstone::bench {

struct JourneyStreamOptions {
  std::uint64_t seed = 1;
  std::uint64_t customers = 100'000;      ///< in all, 1 and more; only those on a visit take memory
  double skew = 1.0;                      ///< exponent of Zipf's law of who comes; 0: all alike
  std::uint32_t events_a_second = 1'000;  ///< in event time
  std::int32_t partitions = 4;            ///< of the topic, by murmur2 of the customer: what is late follows from it
  Millis lateness = std::chrono::seconds{10};  ///< time.lateness, likewise
  Drop drop{"delivery.parcel", 0.45, std::chrono::minutes{10}, std::chrono::minutes{10}, std::chrono::hours{1}};
  double repeated = 0.003;
  Disorder disorder;
};

/// What an engine that reads the stream must find.
struct StreamTruth {
  struct Touchpoint {
    std::uint64_t interactions = 0;  ///< without duplicates
    std::uint64_t rated = 0;  ///< here or from elsewhere about it; a survey's own where it does not say what about
    std::uint64_t rated_in_drop = 0;  ///< of those while the planted drop lasted
  };
  std::uint64_t records = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t late = 0;
  std::uint64_t customers = 0;  ///< who came at least once
  EventTime first{};
  EventTime last{};
  std::map<std::string, Touchpoint, std::less<>> touchpoints;

  [[nodiscard]] std::string json() const;
};

struct StreamRecord {
  std::string customer;  ///< the record's key
  std::string value;
};

/// Numbers from 1 on by Zipf's law, drawn by rejection-inversion (Hörmann and Derflinger 1996), which needs no table.
class Zipf {
 public:
  /// count >= 1, exponent >= 0
  Zipf(std::uint64_t count, double exponent);
  [[nodiscard]] std::uint64_t draw(Dice& dice) const;

 private:
  [[nodiscard]] double integral(double x) const;
  [[nodiscard]] double inverse(double area) const;

  double count_;
  double exponent_;
  double first_;
  double last_;
};

class JourneyStream {
 public:
  JourneyStream(const JourneyStreamOptions& options, EventTime begin);

  StreamRecord next();
  [[nodiscard]] const StreamTruth& truth() const { return truth_; }

 private:
  ScenePlan next_plan(EventTime now);
  std::uint64_t next_visitor();
  std::string write(const Shopper& shopper, Touch touch, EventTime time);
  void note(const Shopper& shopper, const Touch& touch, EventTime time, EventTime now);

  const JourneyStreamOptions options_;
  const EventTime begin_;
  Dice dice_;
  Zipf zipf_;
  Quality quality_;
  std::unordered_map<std::uint64_t, Shopper> visitors_;  ///< those who are on a visit
  std::priority_queue<ScenePlan> plans_;
  std::vector<StreamRecord> recent_;  ///< a ring; what may be sent again
  std::vector<EventTime> highest_;    ///< by partition
  std::vector<bool> came_;            ///< by customer
  std::uint64_t planned_ = 0;
  std::uint64_t events_ = 0;
  StreamTruth truth_;
};

}  // namespace touchstone::bench
