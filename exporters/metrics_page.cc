#include "exporters/metrics_page.h"

#include <utility>

#include "exporters/process_metrics.h"

namespace touchstone {

MetricsPage::MetricsPage(const Board& board, MetricsOptions options) : board_(board), options_(std::move(options)) {}

std::string MetricsPage::render() {
  const BoardSnapshot now = board_.snapshot();
  MetricFamilies families;
  left_out_ += add_map_metrics(now, options_.windows, families);
  add_engine_metrics(now, families);
  families.counter("metrics_series_left_out_total", "Series beyond metrics.series_max, summed over scrapes", left_out_);
  if (options_.memory_limit > 0) {
    families.gauge("memory_limit_bytes", "What the process may use of memory",
                   static_cast<double>(options_.memory_limit));
  }
  auto build = metric_family("build_info", "The version that runs", prometheus::MetricType::Gauge);
  add_metric(build, {{"version", options_.version}}, 1);
  families.keep({std::move(build)});
  if (options_.http) add_http_metrics(options_.http->counts(), families);
  if (options_.chronicle) add_chronicle_metrics(options_.chronicle(), families);
  families.keep(process_metrics());
  return families.text();
}

}  // namespace touchstone
