#include "exporters/map_metrics.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/model/fixed.h"

namespace touchstone {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr double kMillionths = static_cast<double>(kMillion);

std::string place_name(const StagePlace& place, const Rules& rules) {
  switch (place.kind) {
    case StagePlace::Kind::kNobody:
      return {};
    case StagePlace::Kind::kLapsed:
      return std::string(kLapsedId);
    case StagePlace::Kind::kStage:
      return rules.stages().id(place.stage);
  }
  return {};
}

/// A gauge of the rolling windows: its name, its help, and its value in a row that has one.
struct WindowGauge {
  std::string_view name;
  std::string_view help;
  std::optional<double> (*value)(const Measures&);
};

template <RatingKind kKind>
std::optional<double> rating(const Measures& measures) {
  const auto& mean = measures.ratings[static_cast<std::size_t>(kKind)];
  if (!mean) return std::nullopt;
  return as_double(mean->millionths) / kMillionths;
}

template <auto kLengths, auto kPercentile>
std::optional<double> length(const Measures& measures) {
  const std::optional<Lengths>& lengths = measures.*kLengths;
  if (!lengths) return std::nullopt;
  return as_double((*lengths).*kPercentile) / 1e3;
}

constexpr WindowGauge kWindowGauges[] = {
    {"window_interactions", "Interactions in the window",
     [](const Measures& m) { return std::optional(as_double(m.interactions)); }},
    {"window_customers", "Distinct customers in the window, exact",
     [](const Measures& m) { return std::optional(as_double(m.customers)); }},
    {"window_conversions", "Conversions in the window",
     [](const Measures& m) { return std::optional(as_double(m.conversions)); }},
    {"window_value", "Sum of the values of the interactions in the window",
     [](const Measures& m) { return std::optional(as_double(m.value) / as_double(kMoneyUnit)); }},
    {"window_satisfaction_responses", "Ratings in the window",
     [](const Measures& m) { return std::optional(m.satisfaction ? as_double(m.satisfaction->responses) : 0.0); }},
    {"window_satisfaction_mean", "Mean satisfaction in the window, 0..1",
     [](const Measures& m) {
       return m.satisfaction ? std::optional(as_double(m.satisfaction->millionths) / kMillionths) : std::nullopt;
     }},
    {"window_csat_mean", "Mean of the CSAT ratings in the window, 1..5", rating<RatingKind::kCsat>},
    {"window_nps_score", "Net promoter score of the window, -100..100", rating<RatingKind::kNps>},
    {"window_ces_mean", "Mean customer effort in the window, 1..7", rating<RatingKind::kCes>},
    {"window_sentiment_mean", "Mean sentiment in the window, -1..1", rating<RatingKind::kSentiment>},
    {"window_wait_p50_seconds", "Median waiting time in the window", length<&Measures::wait, &Lengths::p50_ms>},
    {"window_wait_p90_seconds", "90th percentile of waiting in the window", length<&Measures::wait, &Lengths::p90_ms>},
    {"window_wait_p99_seconds", "99th percentile of waiting in the window", length<&Measures::wait, &Lengths::p99_ms>},
    {"window_duration_p50_seconds", "Median duration in the window", length<&Measures::duration, &Lengths::p50_ms>},
    {"window_duration_p90_seconds", "90th percentile of durations in the window",
     length<&Measures::duration, &Lengths::p90_ms>},
    {"window_duration_p99_seconds", "99th percentile of durations in the window",
     length<&Measures::duration, &Lengths::p99_ms>},
};

class MapMetrics {
 public:
  MapMetrics(const BoardSnapshot& now, const WindowMetricsOptions& options, MetricFamilies& families)
      : rules_(*now.rules), now_(now), options_(options), families_(families) {}

  void journeys() {
    const Counts& counts = now_.counts;
    auto interactions = metric_family("interactions_total", "Interactions attributed", MetricType::Counter);
    for (const auto& [key, count] : counts.interactions) {
      add_metric(interactions,
                 {{"touchpoint", rules_.touchpoints().id(key.touchpoint)},
                  {"channel", rules_.channels().id(key.channel)},
                  {"segment", rules_.segments().id(key.segment)},
                  {"stage", rules_.stages().id(key.stage)}},
                 as_double(count));
    }
    auto conversions = metric_family("conversions_total", "Conversions", MetricType::Counter);
    for (const auto& [segment, count] : counts.conversions) {
      add_metric(conversions, {{"segment", rules_.segments().id(segment)}}, as_double(count));
    }
    auto moves = metric_family("stage_transitions_total",
                               "Changes of lifecycle stage; from is empty for a new customer", MetricType::Counter);
    for (const auto& [key, count] : counts.transitions) {
      add_metric(moves,
                 {{"from", place_name(key.from, rules_)},
                  {"to", place_name(key.to, rules_)},
                  {"segment", rules_.segments().id(key.segment)}},
                 as_double(count));
    }
    auto credit = metric_family("credit_total", "Conversions credited to touchpoints, by model", MetricType::Counter);
    for (const auto& [key, millionths] : counts.credit_millionths) {
      add_metric(credit,
                 {{"model", std::string(kCreditModelNames[static_cast<std::size_t>(key.model)])},
                  {"touchpoint", rules_.touchpoints().id(key.touchpoint)},
                  {"segment", rules_.segments().id(key.segment)}},
                 as_double(millionths) / kMillionths);
    }
    families_.keep({std::move(interactions), std::move(conversions), std::move(moves), std::move(credit)});
  }

  void ratings() {
    auto ratings = metric_family("ratings_total", "Ratings of touchpoints, by kind", MetricType::Counter);
    for (const auto& [key, count] : now_.counts.ratings) {
      add_metric(ratings,
                 {{"touchpoint", rules_.touchpoints().id(key.touchpoint)},
                  {"segment", rules_.segments().id(key.segment)},
                  {"kind", std::string(kRatingNames[static_cast<std::size_t>(key.kind)])}},
                 as_double(count));
    }
    auto score = metric_family("satisfaction_score", "Satisfaction of rated touchpoints, 0..1", MetricType::Histogram);
    for (const auto& [key, histogram] : now_.counts.satisfaction) {
      ClientMetric metric;
      metric.label = {{"touchpoint", rules_.touchpoints().id(key.touchpoint)},
                      {"segment", rules_.segments().id(key.segment)}};
      std::uint64_t seen = 0;
      for (std::size_t i = 0; i < kSatisfactionBuckets; ++i) {
        seen += histogram.buckets[i];
        metric.histogram.bucket.push_back({seen, as_double(i + 1) / as_double(kSatisfactionBuckets)});
      }
      metric.histogram.sample_count = seen;
      metric.histogram.sample_sum = as_double(histogram.sum_millionths) / kMillionths;
      score.metric.push_back(std::move(metric));
    }
    families_.keep({std::move(ratings), std::move(score)});
  }

  /// Returns how many series went beyond the limit.
  std::uint64_t windows() {
    const auto& specs = rules_.settings().windows;
    std::vector<MetricFamily> gauges;
    for (const WindowGauge& gauge : kWindowGauges)
      gauges.push_back(metric_family(gauge.name, gauge.help, MetricType::Gauge));
    std::uint64_t series = 0;
    std::uint64_t left_out = 0;
    for (const auto& [key, row] : now_.rows) {
      const std::string& window = specs[row.window].name;
      const bool wanted = options_.windows.empty() ||
                          std::find(options_.windows.begin(), options_.windows.end(), window) != options_.windows.end();
      if (!wanted || (!options_.each_segment && row.cell.segment != kAllId)) continue;
      for (std::size_t i = 0; i < gauges.size(); ++i) {
        const std::optional<double> value = kWindowGauges[i].value(row.measures);
        if (!value) continue;
        if (++series > options_.series_max) {
          ++left_out;
          continue;
        }
        add_metric(gauges[i],
                   {{"window", window},
                    {"scope", std::string(kScopeNames[static_cast<std::size_t>(row.cell.scope)])},
                    {"id", row.cell.id},
                    {"segment", row.cell.segment}},
                   *value);
      }
    }
    families_.keep(std::move(gauges));
    window_ends();
    return left_out;
  }

  void partitions() {
    auto customers = metric_family("stage_customers", "Customers now in each stage", MetricType::Gauge);
    std::map<std::pair<StagePlace, SegmentNo>, std::int64_t> sums;
    auto marks = metric_family("watermark_timestamp_seconds", "Event time up to which a partition is complete",
                               MetricType::Gauge);
    for (const auto& [task, status] : now_.journeys) {
      for (const auto& [key, count] : status.stage_customers) sums[key] += count;
      if (status.watermark) {
        add_metric(marks, {{"partition", std::to_string(task.partition.value())}},
                   as_double(millis_of(*status.watermark)) / 1e3);
      }
    }
    for (const auto& [key, count] : sums) {
      add_metric(customers, {{"stage", place_name(key.first, rules_)}, {"segment", rules_.segments().id(key.second)}},
                 as_double(count));
    }
    auto lag = metric_family("consumer_lag_records", "Records committed to a partition and not yet processed",
                             MetricType::Gauge);
    for (const auto& [partition, records] : now_.lag) {
      add_metric(lag, {{"topic", partition.topic}, {"partition", std::to_string(partition.partition.value())}},
                 as_double(records));
    }
    auto alerts = metric_family("alert_active", "1 while an alert fires", MetricType::Gauge);
    for (const Alert& alert : now_.alerts) {
      add_metric(alerts,
                 {{"kind", std::string(kAlertKindNames[static_cast<std::size_t>(alert.kind)])},
                  {"scope", std::string(kScopeNames[static_cast<std::size_t>(alert.cell.scope)])},
                  {"id", alert.cell.id},
                  {"segment", alert.cell.segment}},
                 1);
    }
    families_.keep({std::move(customers), std::move(marks), std::move(lag), std::move(alerts)});
  }

 private:
  void window_ends() {
    auto ends = metric_family("window_end_timestamp_seconds", "The last closing of each window", MetricType::Gauge);
    const auto& specs = rules_.settings().windows;
    for (std::size_t i = 0; i < specs.size(); ++i) {
      // The windows of several partitions close by the same marks; the slowest is what all can be trusted
      // for.
      std::optional<EventTime> end;
      for (const auto& [task, status] : now_.windows) {
        if (status.closed[i]) end = end ? std::min(*end, *status.closed[i]) : *status.closed[i];
      }
      if (end) add_metric(ends, {{"window", specs[i].name}}, as_double(millis_of(*end)) / 1e3);
    }
    families_.keep({std::move(ends)});
  }

  const Rules& rules_;
  const BoardSnapshot& now_;
  const WindowMetricsOptions& options_;
  MetricFamilies& families_;
};

}  // namespace

std::uint64_t add_map_metrics(const BoardSnapshot& now, const WindowMetricsOptions& options, MetricFamilies& families) {
  MapMetrics metrics(now, options, families);
  metrics.journeys();
  metrics.ratings();
  const std::uint64_t left_out = metrics.windows();
  metrics.partitions();
  return left_out;
}

}  // namespace touchstone
