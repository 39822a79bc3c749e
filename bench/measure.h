// CPU time of this process, and the one figure that benchmarks here report: CPU seconds per million events. It does
// not depend on how busy the machine is as wall-clock time does; compare figures of one run only.
#pragma once

#include <cstdint>

#include <sys/resource.h>

namespace touchstone::bench {

/// User and system time of the whole process so far, seconds.
inline double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Figure {
  std::uint64_t events = 0;
  double cpu_s = 0;
  [[nodiscard]] double per_million() const { return events == 0 ? 0 : cpu_s / static_cast<double>(events) * 1e6; }
};

}  // namespace touchstone::bench
