// Which handler answers a request, and whether the caller may ask at all. Pure; knows no sockets.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "exporters/http_message.h"
#include "exporters/http_stream.h"

namespace touchstone {

/// Answers one request. Called by one of the server's two threads, never by both at once for one route.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

/// Begins an answer without an end, or refuses. Called by the server's loop; it must not wait.
using HttpStreamBegin = std::function<std::variant<std::unique_ptr<HttpStream>, HttpResponse>(const HttpRequest&)>;

enum class PathMatch { kExact, kPrefix };

/// The loop serves every connection, so only what takes microseconds may run there; the worker runs the rest
/// one after the other.
enum class RunsOn { kWorker, kLoop };

struct HttpRoute {
  std::string method;  ///< GET answers HEAD as well
  std::string path;
  HttpHandler handler;
  PathMatch match = PathMatch::kExact;
  RunsOn runs_on = RunsOn::kWorker;
  HttpStreamBegin begin_stream{};  ///< instead of the handler, for server-sent events
};

/// Compares a secret without telling by its duration how much of it was guessed; only the lengths show.
[[nodiscard]] bool equal_in_constant_time(std::string_view left, std::string_view right);

/// The routes of one listener, immutable.
class HttpRoutes {
 public:
  /// With a token, everything under /api and /-/reload needs it, whether there is such a route or not.
  HttpRoutes(std::vector<HttpRoute> routes, std::optional<std::string> token);

  /// The route for the request (that of the longest path, an exact one before a prefix), or the answer to
  /// give instead: 401, 404, 405. The route lives as long as this object.
  [[nodiscard]] std::variant<const HttpRoute*, HttpResponse> find(const HttpRequest& request) const;

 private:
  [[nodiscard]] bool is_authorized(const HttpRequest& request) const;

  std::vector<HttpRoute> routes_;
  std::optional<std::string> token_;
};

}  // namespace touchstone
