// The metric families of one scrape, as they are collected. All names begin with "touchstone_".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <prometheus/metric_family.h>

namespace touchstone {

using MetricLabels = std::vector<prometheus::ClientMetric::Label>;

[[nodiscard]] prometheus::MetricFamily metric_family(std::string_view name, std::string_view help,
                                                     prometheus::MetricType type);
/// A counter or a gauge.
void add_metric(prometheus::MetricFamily& to, MetricLabels labels, double value);

/// Prometheus knows no other numbers.
template <typename Number>
double as_double(Number value) {
  return static_cast<double>(value);
}

class MetricFamilies {
 public:
  /// Those that have a metric.
  void keep(std::vector<prometheus::MetricFamily> families);
  /// A family of one metric without labels.
  void counter(std::string_view name, std::string_view help, std::uint64_t value);
  void gauge(std::string_view name, std::string_view help, double value);

  /// Prometheus' text format.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<prometheus::MetricFamily> families_;
};

}  // namespace touchstone
