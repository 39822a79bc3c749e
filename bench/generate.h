// The load generator: a stream of invented journeys (journeys.h) to a file or to Kafka, at a rate or as fast as it
// goes, and beside it what is true of the stream.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "bench/journeys.h"
#include "engine/model/result.h"

namespace touchstone::bench {

struct GenerateOptions {
  JourneyStreamOptions stream;
  std::uint64_t records = 100'000;
  std::string begin = "now";  ///< event time of the first record: an RFC 3339 time, or now
  std::string out;            ///< a file of lines, `-` the standard output; else to Kafka
  bool keyed = false;         ///< lines begin with the key and a tab
  std::string truth;          ///< a file for what is true of it; empty: nowhere
  std::string brokers;
  std::string topic;
  double rate = 0;  ///< records a second of the wall clock; 0: as fast as it goes
};

/// Says on `log` how many records it wrote, and how quickly. To Kafka in transactions of 100 ms, so that a stream that
/// was broken off holds no half of one; each record is sent at the time it is due, however late the one before was.
[[nodiscard]] Result<void> generate(const GenerateOptions& options, std::ostream& log);

}  // namespace touchstone::bench
