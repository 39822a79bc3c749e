#include "exporters/engine_metrics.h"

#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace touchstone {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricType;

// In the order of ErrorKind; what is rejected ends the process, which shows itself.
constexpr std::array<std::string_view, kErrorKinds> kKindNames = {"", "retry", "abort", "fatal"};
// In the order of ErrorCause.
constexpr std::array<std::string_view, kErrorCauses> kCauseNames = {"other",     "unreachable", "fenced",
                                                                    "rebalance", "connection",  "stalled"};

class EngineMetrics {
 public:
  EngineMetrics(const BoardSnapshot& now, MetricFamilies& families) : now_(now), families_(families) {}

  void all() {
    const Counts& counts = now_.counts;
    auto letters =
        metric_family("dead_letters_total", "Records that are not valid events, by reason", MetricType::Counter);
    for (std::size_t i = 0; i < kReasonCount; ++i) {
      add_metric(letters, {{"reason", std::string(kReasonNames[i])}}, as_double(counts.dead_letters[i]));
    }
    families_.keep({std::move(letters)});
    families_.counter("late_events_total", "Events older than their partition's watermark", counts.late_events);
    families_.counter("late_window_events_total", "Events that came when the finest window had closed without them",
                      counts.late_for_windows);
    families_.counter("duplicates_total", "Events dropped as duplicates", counts.duplicates);
    families_.counter("forgotten_customers_total", "Customers dropped on request", counts.forgotten);
    families_.counter("key_mismatches_total", "Records whose key is not their customer", counts.key_mismatches);
    families_.counter("wrong_partition_total", "Records not in the partition that input.partitioner gives their key",
                      counts.wrong_partition);
    families_.counter("window_rows_total", "Rows of closed windows written", counts.rows);
    reloads();
    families_.counter("rebalances_total", "Times the group gave a worker of this process its partitions",
                      now_.rebalances);
    standby();
    families_.gauge("state_bytes", "Size of the local state", as_double(now_.state_bytes));
    families_.gauge("state_free_bytes", "Free on the volume of the local state", as_double(now_.state_free_bytes));
    families_.gauge("input_paused",
                    "1 while no input is taken, because memory or the volume of the local state is nearly full",
                    now_.resting ? 1 : 0);
    families_.gauge("ready", "1 when every task of this process is running", now_.ready ? 1 : 0);
    troubles();
    commit_times();
  }

 private:
  void standby() {
    families_.counter("restored_records_total", "Records of changelogs read because a partition came to this process",
                      now_.restored_records);
    families_.gauge("standby_partitions", "Copies of other instances' partitions that are kept here",
                    as_double(now_.standby.size()));
    auto lag =
        metric_family("standby_lag_records", "Offsets of the changelog that the copy still lacks", MetricType::Gauge);
    for (const auto& [task, left] : now_.standby) {
      add_metric(lag, {{"topic", task.topic}, {"partition", std::to_string(task.partition.value())}}, as_double(left));
    }
    families_.keep({std::move(lag)});
  }

  void reloads() {
    const Reloads& reloads = now_.reloads;
    auto family_of =
        metric_family("reloads_total", "Times the map was to be read anew, by result", MetricType::Counter);
    add_metric(family_of, {{"result", "applied"}}, as_double(reloads.applied));
    add_metric(family_of, {{"result", "refused"}}, as_double(reloads.refused));
    families_.keep({std::move(family_of)});
    families_.gauge("last_reload_successful", "1 unless the map was refused when it was last read anew",
                    reloads.last_applied ? 1 : 0);
    if (!reloads.last_success) return;
    const std::chrono::duration<double> since = reloads.last_success->time_since_epoch();
    families_.gauge("last_reload_success_timestamp_seconds", "When the map was last read anew and taken",
                    since.count());
  }

  void troubles() {
    const Troubles& troubles = now_.troubles;
    auto errors =
        metric_family("worker_errors_total", "Errors that a worker met and mended, by kind", MetricType::Counter);
    for (std::size_t i = 0; i < kErrorKinds; ++i) {
      if (!kKindNames[i].empty())
        add_metric(errors, {{"kind", std::string(kKindNames[i])}}, as_double(troubles.errors[i]));
    }
    auto rebuilds = metric_family("client_rebuilds_total", "Kafka clients made anew, by reason", MetricType::Counter);
    for (std::size_t i = 0; i < kErrorCauses; ++i) {
      add_metric(rebuilds, {{"reason", std::string(kCauseNames[i])}}, as_double(troubles.rebuilds[i]));
    }
    families_.keep({std::move(errors), std::move(rebuilds)});
    families_.counter("aborted_transactions_total", "Transactions given up, to be done again", troubles.aborts);
    auto stalled = metric_family("worker_stalled", "1 when the worker has not moved for too long", MetricType::Gauge);
    for (const auto& [worker, is] : now_.stalled) add_metric(stalled, {{"worker", worker}}, is ? 1 : 0);
    families_.keep({std::move(stalled)});
  }

  void commit_times() {
    auto times = metric_family("commit_seconds", "Time a commit took", MetricType::Histogram);
    ClientMetric metric;
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < CommitTimes::kBounds.size(); ++i) {
      seen += now_.commits.buckets[i];
      metric.histogram.bucket.push_back({seen, CommitTimes::kBounds[i]});
    }
    metric.histogram.sample_count = seen + now_.commits.buckets.back();
    metric.histogram.sample_sum = now_.commits.sum_seconds;
    times.metric.push_back(std::move(metric));
    families_.keep({std::move(times)});
  }

  const BoardSnapshot& now_;
  MetricFamilies& families_;
};

}  // namespace

void add_engine_metrics(const BoardSnapshot& now, MetricFamilies& families) { EngineMetrics(now, families).all(); }

void add_http_metrics(const HttpCounts& counts, MetricFamilies& families) {
  families.counter("http_requests_total", "HTTP requests answered, in whatever way", counts.requests);
  families.counter("http_refused_requests_total", "HTTP requests not understood or beyond a limit",
                   counts.refused_requests);
  families.counter("http_unauthorized_requests_total", "HTTP requests without the token that they need",
                   counts.unauthorized);
  families.gauge("http_open_connections", "HTTP connections now", as_double(counts.open_connections));
  families.counter("http_refused_connections_total", "HTTP connections beyond the limit that were turned away",
                   counts.refused_connections);
  families.counter("http_dropped_connections_total",
                   "HTTP connections ended to make room for others, having kept the server waiting for longest",
                   counts.dropped_connections);
  families.counter("http_timeouts_total", "HTTP connections cut off in the middle of a request or response",
                   counts.timeouts);
  families.counter("http_handler_failures_total", "HTTP requests answered with 500", counts.handler_failures);
}

void add_chronicle_metrics(const ChronicleCounts& counts, MetricFamilies& families) {
  families.counter("chronicle_records_total", "Rows and alerts read back for the API", counts.taken);
  families.counter("chronicle_refused_records_total", "Records of these topics that are neither", counts.refused);
  families.gauge("stream_subscribers", "Who listens to the stream now", static_cast<double>(counts.subscribers));
  families.counter("stream_overruns_total", "Subscribers cut off because too much was waiting for them",
                   counts.overruns);
}

}  // namespace touchstone
