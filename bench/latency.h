// How long an event takes from the moment at which it was to be sent until a subscriber can read what was derived from
// it.
//
// Events are sent by a schedule that waits for nothing, and measured from their place in it, so that whoever stands
// still is charged for all that had to wait (G. Tene's "coordinated omission"). The answer is the derived interaction
// with the event's id, read as a subscriber reads it: committed records only. With a metrics page, also how long until
// it counts the event: the n-th event is there when the counter of interactions has reached n.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

#include "bench/journeys.h"
#include "engine/model/result.h"

namespace touchstone::bench {

struct LatencyOptions {
  JourneyStreamOptions stream;
  std::string brokers;
  std::string topic;             ///< events go there, each as a record of its own
  std::string answers;           ///< the topic of interactions
  double rate = 10'000;          ///< events a second, evenly spaced
  std::uint32_t warm_up_s = 40;  ///< sent, but not measured
  std::uint32_t measured_s = 30;
  /// On loopback, of an engine that has counted nothing yet; 0: it is not asked. Asking is work for the engine too, so
  /// answers come a little later than without.
  std::uint16_t metrics_port = 0;
};

/// Milliseconds.
struct Quantiles {
  double p50 = 0;
  double p99 = 0;
  double p999 = 0;
  double longest = 0;
};

/// Of the events that were to be sent after the warm-up.
struct Latency {
  std::size_t asked = 0;
  std::size_t unanswered = 0;  ///< 20 s after the last one was sent
  Quantiles answers;
  std::optional<Quantiles> counted;  ///< in the metrics page, with the time between two questions
  double sent_late = 0;  ///< by how much the schedule was missed at the most: what the sender itself adds, in ms
};

[[nodiscard]] Result<Latency> measure_latency(const LatencyOptions& options);

void print(const Latency& latency, std::ostream& out);

}  // namespace touchstone::bench
