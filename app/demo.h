// `touchstone demo`: the whole engine on a Kafka inside this process, with invented traffic or a shipped data
// set.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>

namespace touchstone {

struct DemoOptions {
  std::string map;    ///< a file; empty: that of the data set, or the retail map that the invented traffic is made for
  std::string data;   ///< a data set's name or directory, with events.ndjson.gz and map.yaml; empty: invented traffic
  bool once = false;  ///< ends by itself within a minute
  double rate = 200;  ///< events a second of the invented traffic
  std::uint64_t seed = 1;
};

/// Runs until SIGINT or SIGTERM, or with `once` for about half a minute. Returns the exit code; errors go to
/// standard error.
int demo(const DemoOptions& options, std::ostream& out);

}  // namespace touchstone
