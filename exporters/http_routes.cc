#include "exporters/http_routes.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace touchstone {
namespace {

bool is_at_or_below(std::string_view path, std::string_view parent) {
  return path.starts_with(parent) && (path.size() == parent.size() || path[parent.size()] == '/');
}

bool matches(const HttpRoute& route, std::string_view path) {
  return route.match == PathMatch::kExact ? path == route.path : path.starts_with(route.path);
}

bool serves(const HttpRoute& route, std::string_view method) {
  return route.method == method || (route.method == "GET" && method == "HEAD");
}

bool equal_without_case(std::string_view left, std::string_view right) {
  const auto lower = [](char letter) { return letter >= 'A' && letter <= 'Z' ? letter + ('a' - 'A') : letter + 0; };
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [&](char a, char b) { return lower(a) == lower(b); });
}

HttpResponse method_not_allowed(const std::vector<std::string_view>& methods) {
  std::string allow;
  for (const std::string_view method : methods) {
    allow += (allow.empty() ? "" : ", ") + std::string(method) + (method == "GET" ? ", HEAD" : "");
  }
  HttpResponse response = json_error(405, "this path answers only " + allow);
  response.headers.emplace_back("Allow", allow);
  return response;
}

}  // namespace

bool equal_in_constant_time(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  // Volatile, so that the compiler cannot stop at the first difference.
  volatile unsigned char difference = 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    difference = static_cast<unsigned char>(difference | static_cast<unsigned char>(left[i] ^ right[i]));
  }
  return difference == 0;
}

HttpRoutes::HttpRoutes(std::vector<HttpRoute> routes, std::optional<std::string> token)
    : routes_(std::move(routes)), token_(std::move(token)) {
  // The first that matches is then the right one.
  std::sort(routes_.begin(), routes_.end(), [](const HttpRoute& left, const HttpRoute& right) {
    return std::pair(left.path.size(), left.match == PathMatch::kExact) >
           std::pair(right.path.size(), right.match == PathMatch::kExact);
  });
}

std::variant<const HttpRoute*, HttpResponse> HttpRoutes::find(const HttpRequest& request) const {
  if (!is_authorized(request)) {
    HttpResponse response = json_error(401, "this path needs the header Authorization: Bearer with the token");
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return response;
  }
  std::vector<std::string_view> methods;
  for (const HttpRoute& route : routes_) {
    if (!matches(route, request.path)) continue;
    if (serves(route, request.method)) return &route;
    if (std::find(methods.begin(), methods.end(), route.method) == methods.end()) methods.push_back(route.method);
  }
  if (!methods.empty()) return method_not_allowed(methods);
  return json_error(404, "there is nothing at this path");
}

// Decided from the path that routes are matched with, so that no spelling of a path passes one and not the
// other.
bool HttpRoutes::is_authorized(const HttpRequest& request) const {
  if (!token_) return true;
  if (!is_at_or_below(request.path, "/api") && !is_at_or_below(request.path, "/-/reload")) return true;
  constexpr std::string_view kScheme = "Bearer ";
  const std::string_view given = request.authorization;
  return equal_without_case(given.substr(0, kScheme.size()), kScheme) &&
         equal_in_constant_time(given.substr(kScheme.size()), *token_);
}

}  // namespace touchstone
