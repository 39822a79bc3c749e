// Targets, routes, token and health, without a socket.
#include "exporters/http_routes.h"

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "exporters/health.h"

namespace touchstone {
namespace {

using namespace std::string_literals;
using Parameters = std::vector<std::pair<std::string, std::string>>;

HttpRequest request_for(std::string_view target, std::string method = "GET", std::string authorization = "") {
  HttpRequest request{.method = std::move(method), .authorization = std::move(authorization)};
  EXPECT_TRUE(read_target(target, request)) << target;
  return request;
}

HttpRoute route(std::string method, std::string path, PathMatch match = PathMatch::kExact) {
  const std::string name = method + " " + path + (match == PathMatch::kPrefix ? "*" : "");
  return {.method = std::move(method),
          .path = std::move(path),
          .handler = [name](const HttpRequest&) { return HttpResponse{.body = name}; },
          .match = match};
}

HttpResponse answer(const HttpRoutes& routes, const HttpRequest& request) {
  const auto found = routes.find(request);
  if (const auto* instead = std::get_if<HttpResponse>(&found)) return *instead;
  return std::get<const HttpRoute*>(found)->handler(request);
}

TEST(HttpTargets, AreSplitAndDecoded) {
  const HttpRequest request =
      request_for("/api/v1/customers/a%2Fb%00+%C3%A9?window=5m&id=a%20b+c%2B&flag&=x&&window=1h&e=f=g");
  EXPECT_EQ(request.path, "/api/v1/customers/a/b\0+\xC3\xA9"s);
  EXPECT_EQ(request.parameters,
            (Parameters{{"window", "5m"}, {"id", "a b c+"}, {"flag", ""}, {"", "x"}, {"window", "1h"}, {"e", "f=g"}}));
  EXPECT_EQ(request.parameter("window"), "5m");
  EXPECT_EQ(request.parameter("flag"), "");
  EXPECT_EQ(request.parameter("none"), std::nullopt);
  EXPECT_EQ(request_for("/?").parameters, Parameters{});
}

TEST(HttpTargets, AreRefusedWhereTheyCannotBeDecoded) {
  HttpRequest request;
  for (const char* target : {"", "*", "metrics", "http://host/", "/%", "/%1", "/%zz", "/a?b=%", "/a?%4=b"}) {
    EXPECT_FALSE(read_target(target, request)) << target;
  }
}

TEST(HttpRoutes, PreferTheLongestPathAndTheExactOne) {
  const HttpRoutes routes({route("GET", "/"), route("GET", "/api/", PathMatch::kPrefix), route("GET", "/api/map"),
                           route("GET", "/api/map", PathMatch::kPrefix)},
                          std::nullopt);
  EXPECT_EQ(answer(routes, request_for("/")).body, "GET /");
  EXPECT_EQ(answer(routes, request_for("/api/other")).body, "GET /api/*");
  EXPECT_EQ(answer(routes, request_for("/api/map")).body, "GET /api/map");
  EXPECT_EQ(answer(routes, request_for("/api/map/more")).body, "GET /api/map*");
  EXPECT_EQ(answer(routes, request_for("/api")).status, 404U);
  EXPECT_EQ(answer(routes, request_for("//")).status, 404U);
}

TEST(HttpRoutes, NameTheMethodsOfAPath) {
  const HttpRoutes routes({route("GET", "/a"), route("POST", "/a"), route("POST", "/b")}, std::nullopt);
  EXPECT_EQ(answer(routes, request_for("/a", "HEAD")).body, "GET /a");
  EXPECT_EQ(answer(routes, request_for("/a", "POST")).body, "POST /a");
  const HttpResponse refused = answer(routes, request_for("/a", "DELETE"));
  EXPECT_EQ(refused.status, 405U);
  EXPECT_EQ(refused.headers, (Parameters{{"Allow", "GET, HEAD, POST"}}));
  EXPECT_EQ(answer(routes, request_for("/b", "HEAD")).headers, (Parameters{{"Allow", "POST"}}));
  EXPECT_EQ(answer(routes, request_for("/a", "get")).status, 405U) << "methods are told apart by case";
}

TEST(HttpRoutes, AskForTheTokenUnderApiAndReloadOnly) {
  const HttpRoutes routes(
      {route("GET", "/metrics"), route("GET", "/apiary"), route("GET", "/api/map"), route("POST", "/-/reload")},
      "s3cret");
  for (const char* open : {"/metrics", "/apiary"}) EXPECT_EQ(answer(routes, request_for(open)).status, 200U);
  for (const char* closed : {"/api/map", "/%61pi/map", "/api%2Fmap", "/api", "/api/unknown", "/-/reload"}) {
    const HttpResponse refused = answer(routes, request_for(closed));
    EXPECT_EQ(refused.status, 401U) << closed;
    EXPECT_EQ(refused.headers, (Parameters{{"WWW-Authenticate", "Bearer"}}));
  }
  for (const char* wrong : {"s3cret", "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3creT", "Bearer s3crets",
                            "Bearer  s3cret", "Basic s3cret"}) {
    EXPECT_EQ(answer(routes, request_for("/api/map", "GET", wrong)).status, 401U) << wrong;
  }
  EXPECT_EQ(answer(routes, request_for("/api/map", "GET", "Bearer s3cret")).status, 200U);
  EXPECT_EQ(answer(routes, request_for("/api/map", "GET", "bearer s3cret")).status, 200U);
  EXPECT_EQ(answer(routes, request_for("/api/unknown", "GET", "Bearer s3cret")).status, 404U);
}

TEST(HttpRoutes, CompareSecretsWhole) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("abc\0d"s, "abc\0d"s));
  EXPECT_FALSE(equal_in_constant_time("abc\0d"s, "abc\0e"s));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("xbc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abcd"));
}

TEST(Health, TellsWhyTheProcessIsNotReady) {
  std::optional<std::string> reason = "restoring \"deltas\" 3";
  const HttpRoutes routes(health_routes([&] { return reason; }), std::nullopt);
  EXPECT_EQ(answer(routes, request_for("/-/healthy")).status, 200U);
  const HttpResponse not_ready = answer(routes, request_for("/-/ready"));
  EXPECT_EQ(not_ready.status, 503U);
  EXPECT_EQ(not_ready.body, "{\"error\":\"restoring \\\"deltas\\\" 3\"}\n");
  reason = std::nullopt;
  EXPECT_EQ(answer(routes, request_for("/-/ready")).status, 200U);
}

}  // namespace
}  // namespace touchstone
