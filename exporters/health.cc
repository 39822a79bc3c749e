#include "exporters/health.h"

#include <utility>

namespace touchstone {

std::vector<HttpRoute> health_routes(NotReadyReason not_ready_reason) {
  const auto healthy = [](const HttpRequest&) { return HttpResponse{.body = "{\"status\":\"healthy\"}\n"}; };
  const auto ready = [reason = std::move(not_ready_reason)](const HttpRequest&) {
    if (const auto why_not = reason()) return json_error(503, *why_not);
    return HttpResponse{.body = "{\"status\":\"ready\"}\n"};
  };
  // On the loop, so that a long rendering does not make the process look dead.
  return {{.method = "GET", .path = "/-/healthy", .handler = healthy, .runs_on = RunsOn::kLoop},
          {.method = "GET", .path = "/-/ready", .handler = ready, .runs_on = RunsOn::kLoop}};
}

}  // namespace touchstone
