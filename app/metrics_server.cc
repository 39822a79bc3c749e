#include "app/metrics_server.h"

#include <utility>

#include <spdlog/spdlog.h>

#include "app/secrets.h"
#include "app/version.h"
#include "exporters/chronicle_api.h"
#include "exporters/customers_api.h"
#include "exporters/events_stream.h"
#include "exporters/health.h"
#include "exporters/map_api.h"
#include "exporters/metrics_page.h"
#include "exporters/page_routes.h"

namespace touchstone {
namespace {

HttpRoute reload_route(Reload& reload) {
  return {"POST", "/-/reload", [&reload](const HttpRequest&) {
            const Reloaded reloaded = reload.reload();
            std::string problems;
            for (const Problem& problem : reloaded.problems) {
              if (!problems.empty()) problems += '\n';
              problems += to_string(problem);
            }
            if (!problems.empty()) return json_error(422, problems);
            return HttpResponse{.body = reloaded.changed ? "{\"changed\":true}\n" : "{\"changed\":false}\n"};
          }};
}

/// A worker answers after its next commit, which is a tenth of a second as a rule; one that restores, much later.
constexpr Millis kAnswerPatience{2'000};

/// One worker after another; a customer is known to one of them at most.
std::function<Result<CustomerAnswer>(const std::string&)> ask_all(std::vector<std::shared_ptr<Questions>> workers) {
  return [workers = std::move(workers)](const std::string& id) -> Result<CustomerAnswer> {
    CustomerAnswer all;
    for (const auto& worker : workers) {
      Result<CustomerAnswer> answer = worker->ask(id, kAnswerPatience);
      if (!answer) return answer.error();
      all.partitions += answer->partitions;
      if (!answer->customer) continue;
      all.customer = std::move(answer->customer);
      all.rules = std::move(answer->rules);
    }
    return all;
  };
}

}  // namespace

Result<std::unique_ptr<HttpServer>> serve_metrics(const Configuration& configuration, const Board& board,
                                                  Served served) {
  MetricsOptions metrics;
  metrics.windows.windows = configuration.metrics.windows;
  metrics.windows.each_segment = configuration.metrics.segments == MetricSegments::kEach;
  metrics.windows.series_max = configuration.metrics.series_max;
  metrics.version = kVersion;
  metrics.memory_limit = served.memory_limit;
  HttpServerOptions options;
  options.limits.max_unread_bytes = served.max_unread_bytes;
  metrics.http = options.tally;
  if (Chronicler* chronicler = served.chronicler; chronicler != nullptr) {
    metrics.chronicle = [chronicler] { return chronicler->counts(); };
  }
  auto page = std::make_shared<MetricsPage>(board, std::move(metrics));

  const RulesNow rules(board);
  std::vector<HttpRoute> routes = health_routes([&board] { return board.why_not_ready(); });
  routes.push_back({"GET", "/metrics", [page](const HttpRequest&) {
                      HttpResponse response;
                      response.content_type = "text/plain; version=0.0.4; charset=utf-8";
                      response.body = page->render();
                      return response;
                    }});
  RowsElsewhere elsewhere{.partitions = served.window_partitions};
  if (Chronicler* chronicler = served.chronicler; chronicler != nullptr) {
    elsewhere.chronicle = [chronicler] { return chronicler->chronicle(); };
  }
  for (HttpRoute& route : map_routes(rules, board, std::move(elsewhere))) routes.push_back(std::move(route));
  if (served.reload != nullptr && configuration.http.reload) routes.push_back(reload_route(*served.reload));
  for (HttpRoute& route : page_routes()) routes.push_back(std::move(route));
  routes.push_back(progress_route(rules, board));
  routes.push_back(customers_route({.ask = ask_all(std::move(served.questions)),
                                    .partitions = served.partitions,
                                    .pseudonymised = configuration.privacy.pseudonymise}));
  if (Chronicler* chronicler = served.chronicler; chronicler != nullptr) {
    for (HttpRoute& route : chronicle_routes(rules, [chronicler] { return chronicler->chronicle(); })) {
      routes.push_back(std::move(route));
    }
    routes.push_back(stream_route(rules, chronicler->feed(), board));
  } else {
    routes.push_back(board_rows_route(rules, board));
  }
  options.address = configuration.http.listen.address;
  options.port = configuration.http.listen.port;
  if (!configuration.http.token_file.empty()) {
    SecretFile token = read_token(configuration.http.token_file);
    if (!token.reason.empty()) return Error(ErrorKind::kReject, "http.token_file: " + token.reason);
    options.token = std::move(token.value);
  }
  options.report = [](std::string_view message) { spdlog::error("http: {}", message); };
  return HttpServer::start(std::move(options), std::move(routes));
}

}  // namespace touchstone
