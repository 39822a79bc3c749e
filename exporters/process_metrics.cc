#include "exporters/process_metrics.h"

#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <system_error>

#include <sys/resource.h>
#include <unistd.h>

namespace touchstone {
namespace {

prometheus::MetricFamily single(const std::string& name, const std::string& help, prometheus::MetricType type,
                                double value) {
  prometheus::MetricFamily family{name, help, type, {}};
  prometheus::ClientMetric metric;
  metric.gauge.value = metric.counter.value = value;
  family.metric.push_back(metric);
  return family;
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

/// The field of /proc/self/stat with this number (from 1), counted behind the name, which may hold spaces.
std::optional<double> stat_field(int number) {
  std::ifstream stat("/proc/self/stat");
  stat.ignore(std::numeric_limits<std::streamsize>::max(), ')');
  double value = 0;
  std::string skipped;
  for (int field = 3; field < number; ++field) stat >> skipped;
  if (!(stat >> value)) return std::nullopt;
  return value;
}

std::optional<double> start_time_seconds() {
  const std::optional<double> ticks = stat_field(22);
  std::ifstream stat("/proc/stat");
  std::string word;
  while (stat >> word && word != "btime") {
  }
  double boot = 0;
  if (!ticks || !(stat >> boot)) return std::nullopt;
  return boot + *ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::optional<double> open_files() {
  std::error_code error;
  double count = 0;
  for (auto entry = std::filesystem::directory_iterator("/proc/self/fd", error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    ++count;
  }
  if (error) return std::nullopt;
  return count;
}

}  // namespace

std::vector<prometheus::MetricFamily> process_metrics() {
  using prometheus::MetricType;
  std::vector<prometheus::MetricFamily> families;
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    families.push_back(single("process_cpu_seconds_total", "CPU time of the process, user and system",
                              MetricType::Counter, seconds(usage.ru_utime) + seconds(usage.ru_stime)));
  }
  if (const auto pages = stat_field(24)) {
    families.push_back(single("process_resident_memory_bytes", "Resident memory", MetricType::Gauge,
                              *pages * static_cast<double>(sysconf(_SC_PAGESIZE))));
  }
  if (const auto bytes = stat_field(23)) {
    families.push_back(single("process_virtual_memory_bytes", "Virtual memory", MetricType::Gauge, *bytes));
  }
  if (const auto files = open_files()) {
    families.push_back(single("process_open_fds", "Open file descriptors", MetricType::Gauge, *files));
  }
  if (const auto start = start_time_seconds()) {
    families.push_back(single("process_start_time_seconds", "When the process started, seconds since 1970",
                              MetricType::Gauge, *start));
  }
  return families;
}

}  // namespace touchstone
