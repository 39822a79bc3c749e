#include "exporters/page_routes.h"

#include <string>
#include <string_view>

#include "exporters/page_files.h"

namespace touchstone {
namespace {

std::string_view type_of(std::string_view name) {
  if (name.ends_with(".html")) return "text/html; charset=utf-8";
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (name.ends_with(".svg")) return "image/svg+xml";
  if (name.ends_with(".json")) return "application/json";
  return "text/css; charset=utf-8";
}

std::string path_of(std::string_view name) {
  if (name == "index.html") return "/";
  return (name == "openapi.json" ? "/api/v1/" : "/") + std::string(name);
}

}  // namespace

std::vector<HttpRoute> page_routes() {
  std::vector<HttpRoute> routes;
  for (const PageFile& file : page_files()) {
    routes.push_back({.method = "GET",
                      .path = path_of(file.name),
                      .handler =
                          [file](const HttpRequest&) {
                            return HttpResponse{.content_type = std::string(type_of(file.name)),
                                                .body = std::string(file.bytes)};
                          },
                      .runs_on = RunsOn::kLoop});
  }
  return routes;
}

}  // namespace touchstone
