#include "exporters/metrics_page.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "engine/model/fixed.h"
#include "exporters/process_metrics.h"

namespace touchstone {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

// In the order of ErrorKind; what is rejected ends the process, which shows itself.
constexpr std::array<std::string_view, kErrorKinds> kKindNames = {"", "retry", "abort", "fatal"};
// In the order of ErrorCause.
constexpr std::array<std::string_view, kErrorCauses> kCauseNames = {"other",     "unreachable", "fenced",
                                                                    "rebalance", "connection",  "stalled"};

constexpr double kMillionths = static_cast<double>(kMillion);

MetricFamily family(std::string_view name, std::string_view help, MetricType type) {
  return {"touchstone_" + std::string(name), std::string(help), type, {}};
}

void add(MetricFamily& to, Labels labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.counter.value = metric.gauge.value = value;
  to.metric.push_back(std::move(metric));
}

template <typename Number>
double as_double(Number value) {
  return static_cast<double>(value);
}

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

/// Collects the families of one scrape.
class Renderer {
 public:
  Renderer(const Rules& rules, const BoardSnapshot& now, const MetricsOptions& options)
      : rules_(rules), now_(now), options_(options) {}

  void journeys() {
    const Counts& counts = now_.counts;
    auto interactions = family("interactions_total", "Interactions attributed", MetricType::Counter);
    for (const auto& [key, count] : counts.interactions) {
      add(interactions,
          {{"touchpoint", rules_.touchpoints().id(key.touchpoint)},
           {"channel", rules_.channels().id(key.channel)},
           {"segment", rules_.segments().id(key.segment)},
           {"stage", rules_.stages().id(key.stage)}},
          as_double(count));
    }
    auto conversions = family("conversions_total", "Conversions", MetricType::Counter);
    for (const auto& [segment, count] : counts.conversions) {
      add(conversions, {{"segment", rules_.segments().id(segment)}}, as_double(count));
    }
    auto moves = family("stage_transitions_total", "Changes of lifecycle stage; from is empty for a new customer",
                        MetricType::Counter);
    for (const auto& [key, count] : counts.transitions) {
      add(moves,
          {{"from", place_name(key.from, rules_)},
           {"to", place_name(key.to, rules_)},
           {"segment", rules_.segments().id(key.segment)}},
          as_double(count));
    }
    auto credit = family("credit_total", "Conversions credited to touchpoints, by model", MetricType::Counter);
    for (const auto& [key, millionths] : counts.credit_millionths) {
      add(credit,
          {{"model", std::string(kCreditModelNames[static_cast<std::size_t>(key.model)])},
           {"touchpoint", rules_.touchpoints().id(key.touchpoint)},
           {"segment", rules_.segments().id(key.segment)}},
          as_double(millionths) / kMillionths);
    }
    keep({std::move(interactions), std::move(conversions), std::move(moves), std::move(credit)});
  }

  void ratings() {
    auto ratings = family("ratings_total", "Ratings of touchpoints, by kind", MetricType::Counter);
    for (const auto& [key, count] : now_.counts.ratings) {
      add(ratings,
          {{"touchpoint", rules_.touchpoints().id(key.touchpoint)},
           {"segment", rules_.segments().id(key.segment)},
           {"kind", std::string(kRatingNames[static_cast<std::size_t>(key.kind)])}},
          as_double(count));
    }
    auto score = family("satisfaction_score", "Satisfaction of rated touchpoints, 0..1", MetricType::Histogram);
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
    keep({std::move(ratings), std::move(score)});
  }

  /// Returns how many series went beyond the limit.
  std::uint64_t windows() {
    const auto& specs = rules_.settings().windows;
    std::vector<MetricFamily> gauges;
    for (const WindowGauge& gauge : kWindowGauges) gauges.push_back(family(gauge.name, gauge.help, MetricType::Gauge));
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
        add(gauges[i],
            {{"window", window},
             {"scope", std::string(kScopeNames[static_cast<std::size_t>(row.cell.scope)])},
             {"id", row.cell.id},
             {"segment", row.cell.segment}},
            *value);
      }
    }
    keep(std::move(gauges));
    window_ends();
    return left_out;
  }

  void partitions() {
    auto customers = family("stage_customers", "Customers now in each stage", MetricType::Gauge);
    std::map<std::pair<StagePlace, SegmentNo>, std::int64_t> sums;
    auto marks =
        family("watermark_timestamp_seconds", "Event time up to which a partition is complete", MetricType::Gauge);
    for (const auto& [task, status] : now_.journeys) {
      for (const auto& [key, count] : status.stage_customers) sums[key] += count;
      if (status.watermark) {
        add(marks, {{"partition", std::to_string(task.partition.value())}},
            as_double(millis_of(*status.watermark)) / 1e3);
      }
    }
    for (const auto& [key, count] : sums) {
      add(customers, {{"stage", place_name(key.first, rules_)}, {"segment", rules_.segments().id(key.second)}},
          as_double(count));
    }
    auto lag =
        family("consumer_lag_records", "Records committed to a partition and not yet processed", MetricType::Gauge);
    for (const auto& [partition, records] : now_.lag) {
      add(lag, {{"topic", partition.topic}, {"partition", std::to_string(partition.partition.value())}},
          as_double(records));
    }
    auto alerts = family("alert_active", "1 while an alert fires", MetricType::Gauge);
    for (const Alert& alert : now_.alerts) {
      add(alerts,
          {{"kind", std::string(kAlertKindNames[static_cast<std::size_t>(alert.kind)])},
           {"scope", std::string(kScopeNames[static_cast<std::size_t>(alert.cell.scope)])},
           {"id", alert.cell.id},
           {"segment", alert.cell.segment}},
          1);
    }
    keep({std::move(customers), std::move(marks), std::move(lag), std::move(alerts)});
  }

  void engine(const MetricsOptions& options, std::uint64_t left_out) {
    const Counts& counts = now_.counts;
    auto letters = family("dead_letters_total", "Records that are not valid events, by reason", MetricType::Counter);
    for (std::size_t i = 0; i < kReasonCount; ++i) {
      add(letters, {{"reason", std::string(kReasonNames[i])}}, as_double(counts.dead_letters[i]));
    }
    keep({std::move(letters)});
    counter("late_events_total", "Events older than their partition's watermark", counts.late_events);
    counter("late_window_events_total", "Events that came when the finest window had closed without them",
            counts.late_for_windows);
    counter("duplicates_total", "Events dropped as duplicates", counts.duplicates);
    counter("forgotten_customers_total", "Customers dropped on request", counts.forgotten);
    counter("key_mismatches_total", "Records whose key is not their customer", counts.key_mismatches);
    counter("wrong_partition_total", "Records not in the partition that input.partitioner gives their key",
            counts.wrong_partition);
    counter("window_rows_total", "Rows of closed windows written", counts.rows);
    counter("metrics_series_left_out_total", "Series beyond metrics.series_max, summed over scrapes", left_out);
    reloads();
    counter("rebalances_total", "Times the group gave a worker of this process its partitions", now_.rebalances);
    standby();
    gauge("state_bytes", "Size of the local state", as_double(now_.state_bytes));
    gauge("state_free_bytes", "Free on the volume of the local state", as_double(now_.state_free_bytes));
    if (options.memory_limit > 0) {
      gauge("memory_limit_bytes", "What the process may use of memory", as_double(options.memory_limit));
    }
    gauge("input_paused", "1 while no input is taken, because memory or the volume of the local state is nearly full",
          now_.resting ? 1 : 0);
    gauge("ready", "1 when every task of this process is running", now_.ready ? 1 : 0);
    troubles();
    commit_times();
    auto build = family("build_info", "The version that runs", MetricType::Gauge);
    add(build, {{"version", options.version}}, 1);
    keep({std::move(build)});
  }

  void http(const HttpCounts& counts) {
    counter("http_requests_total", "HTTP requests answered, in whatever way", counts.requests);
    counter("http_refused_requests_total", "HTTP requests not understood or beyond a limit", counts.refused_requests);
    counter("http_unauthorized_requests_total", "HTTP requests without the token that they need", counts.unauthorized);
    gauge("http_open_connections", "HTTP connections now", as_double(counts.open_connections));
    counter("http_refused_connections_total", "HTTP connections beyond the limit that were turned away",
            counts.refused_connections);
    counter("http_dropped_connections_total",
            "HTTP connections ended to make room for others, having kept the server waiting for longest",
            counts.dropped_connections);
    counter("http_timeouts_total", "HTTP connections cut off in the middle of a request or response", counts.timeouts);
    counter("http_handler_failures_total", "HTTP requests answered with 500", counts.handler_failures);
  }

  [[nodiscard]] std::string text() {
    for (MetricFamily& each : process_metrics()) families_.push_back(std::move(each));
    return prometheus::TextSerializer().Serialize(families_);
  }

 private:
  void keep(std::vector<MetricFamily> families) {
    for (MetricFamily& each : families) {
      if (!each.metric.empty()) families_.push_back(std::move(each));
    }
  }
  void counter(std::string_view name, std::string_view help, std::uint64_t value) {
    auto one = family(name, help, MetricType::Counter);
    add(one, {}, as_double(value));
    keep({std::move(one)});
  }
  void gauge(std::string_view name, std::string_view help, double value) {
    auto one = family(name, help, MetricType::Gauge);
    add(one, {}, value);
    keep({std::move(one)});
  }

  void window_ends() {
    auto ends = family("window_end_timestamp_seconds", "The last closing of each window", MetricType::Gauge);
    const auto& specs = rules_.settings().windows;
    for (std::size_t i = 0; i < specs.size(); ++i) {
      // The windows of several partitions close by the same marks; the slowest is what all can be trusted
      // for.
      std::optional<EventTime> end;
      for (const auto& [task, status] : now_.windows) {
        if (status.closed[i]) end = end ? std::min(*end, *status.closed[i]) : *status.closed[i];
      }
      if (end) add(ends, {{"window", specs[i].name}}, as_double(millis_of(*end)) / 1e3);
    }
    keep({std::move(ends)});
  }

  void standby() {
    counter("restored_records_total", "Records of changelogs read because a partition came to this process",
            now_.restored_records);
    gauge("standby_partitions", "Copies of other instances' partitions that are kept here",
          as_double(now_.standby.size()));
    auto lag = family("standby_lag_records", "Offsets of the changelog that the copy still lacks", MetricType::Gauge);
    for (const auto& [task, left] : now_.standby) {
      add(lag, {{"topic", task.topic}, {"partition", std::to_string(task.partition.value())}}, as_double(left));
    }
    keep({std::move(lag)});
  }

  void reloads() {
    const Reloads& reloads = now_.reloads;
    auto family_of = family("reloads_total", "Times the map was to be read anew, by result", MetricType::Counter);
    add(family_of, {{"result", "applied"}}, as_double(reloads.applied));
    add(family_of, {{"result", "refused"}}, as_double(reloads.refused));
    keep({std::move(family_of)});
    gauge("last_reload_successful", "1 unless the map was refused when it was last read anew",
          reloads.last_applied ? 1 : 0);
    if (!reloads.last_success) return;
    const std::chrono::duration<double> since = reloads.last_success->time_since_epoch();
    gauge("last_reload_success_timestamp_seconds", "When the map was last read anew and taken", since.count());
  }

  void troubles() {
    const Troubles& troubles = now_.troubles;
    auto errors = family("worker_errors_total", "Errors that a worker met and mended, by kind", MetricType::Counter);
    for (std::size_t i = 0; i < kErrorKinds; ++i) {
      if (!kKindNames[i].empty()) add(errors, {{"kind", std::string(kKindNames[i])}}, as_double(troubles.errors[i]));
    }
    auto rebuilds = family("client_rebuilds_total", "Kafka clients made anew, by reason", MetricType::Counter);
    for (std::size_t i = 0; i < kErrorCauses; ++i) {
      add(rebuilds, {{"reason", std::string(kCauseNames[i])}}, as_double(troubles.rebuilds[i]));
    }
    keep({std::move(errors), std::move(rebuilds)});
    counter("aborted_transactions_total", "Transactions given up, to be done again", troubles.aborts);
    auto stalled = family("worker_stalled", "1 when the worker has not moved for too long", MetricType::Gauge);
    for (const auto& [worker, is] : now_.stalled) add(stalled, {{"worker", worker}}, is ? 1 : 0);
    keep({std::move(stalled)});
  }

  void commit_times() {
    auto times = family("commit_seconds", "Time a commit took", MetricType::Histogram);
    ClientMetric metric;
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < CommitTimes::kBounds.size(); ++i) {
      seen += now_.commits.buckets[i];
      metric.histogram.bucket.push_back({seen, CommitTimes::kBounds[i]});
    }
    metric.histogram.sample_count = seen + now_.commits.buckets.back();
    metric.histogram.sample_sum = now_.commits.sum_seconds;
    times.metric.push_back(std::move(metric));
    keep({std::move(times)});
  }

  const Rules& rules_;
  const BoardSnapshot& now_;
  const MetricsOptions& options_;
  std::vector<MetricFamily> families_;
};

}  // namespace

MetricsPage::MetricsPage(const Board& board, MetricsOptions options) : board_(board), options_(std::move(options)) {}

std::string MetricsPage::render() {
  const BoardSnapshot now = board_.snapshot();
  Renderer renderer(*now.rules, now, options_);
  renderer.journeys();
  renderer.ratings();
  left_out_ += renderer.windows();
  renderer.partitions();
  renderer.engine(options_, left_out_);
  if (options_.http) renderer.http(options_.http->counts());
  return renderer.text();
}

}  // namespace touchstone
