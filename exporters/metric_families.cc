#include "exporters/metric_families.h"

#include <utility>

#include <prometheus/text_serializer.h>

namespace touchstone {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily metric_family(std::string_view name, std::string_view help, MetricType type) {
  return {"touchstone_" + std::string(name), std::string(help), type, {}};
}

void add_metric(MetricFamily& to, MetricLabels labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.counter.value = metric.gauge.value = value;
  to.metric.push_back(std::move(metric));
}

void MetricFamilies::keep(std::vector<MetricFamily> families) {
  for (MetricFamily& each : families) {
    if (!each.metric.empty()) families_.push_back(std::move(each));
  }
}

void MetricFamilies::counter(std::string_view name, std::string_view help, std::uint64_t value) {
  MetricFamily one = metric_family(name, help, MetricType::Counter);
  add_metric(one, {}, static_cast<double>(value));
  keep({std::move(one)});
}

void MetricFamilies::gauge(std::string_view name, std::string_view help, double value) {
  MetricFamily one = metric_family(name, help, MetricType::Gauge);
  add_metric(one, {}, value);
  keep({std::move(one)});
}

std::string MetricFamilies::text() const { return prometheus::TextSerializer().Serialize(families_); }

}  // namespace touchstone
