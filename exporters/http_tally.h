// What the HTTP server counts: written by its threads, read by the metrics page.
#pragma once

#include <atomic>
#include <cstdint>

namespace touchstone {

/// Since the start.
struct HttpCounts {
  std::uint64_t requests = 0;             ///< answered, in whatever way
  std::uint64_t refused_requests = 0;     ///< not understood or beyond a limit
  std::uint64_t unauthorized = 0;         ///< without the token, or with a wrong one
  std::uint64_t open_connections = 0;     ///< now
  std::uint64_t refused_connections = 0;  ///< beyond max_connections while all others were being answered
  std::uint64_t dropped_connections = 0;  ///< ended to make room, having kept the server waiting for longest
  std::uint64_t timeouts = 0;             ///< connections cut off in the middle of a request or response
  std::uint64_t handler_failures = 0;
};

/// Thread-safe.
struct HttpTally {
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> refused_requests{0};
  std::atomic<std::uint64_t> unauthorized{0};
  std::atomic<std::uint64_t> open_connections{0};
  std::atomic<std::uint64_t> refused_connections{0};
  std::atomic<std::uint64_t> dropped_connections{0};
  std::atomic<std::uint64_t> timeouts{0};
  std::atomic<std::uint64_t> handler_failures{0};

  [[nodiscard]] HttpCounts counts() const {
    return {.requests = requests,
            .refused_requests = refused_requests,
            .unauthorized = unauthorized,
            .open_connections = open_connections,
            .refused_connections = refused_connections,
            .dropped_connections = dropped_connections,
            .timeouts = timeouts,
            .handler_failures = handler_failures};
  }
};

}  // namespace touchstone
