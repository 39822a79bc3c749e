// What the server does with requests that are wrong, too large or too slow, and with too many connections.
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporters/http_server.h"
#include "tests/unit/exporters/http_test_server.h"

namespace touchstone {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct Refusal {
  std::string request;
  std::string status;
};

TEST(HttpLimits, RefusesWhatIsNoProperRequest) {
  const std::string post = "POST /echo HTTP/1.1\r\nHost: t\r\n";
  const std::vector<Refusal> refusals = {
      {"nonsense\r\n\r\n", "400"},
      {std::string("\0\1\2\3 / HTTP/1.1\r\n\r\n", 19), "400"},
      {"GET /metrics HTTP/1.1\r\n\r\n", "400"},
      {"GET /metrics HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"},
      {"GET /metrics HTTP/2.0\r\nHost: a\r\n\r\n", "400"},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400"},
      {"GET http://a/metrics HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      {"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      {get("/%zz"), "400"},
      {get("/metrics", "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"), "400"},
      {get("/metrics", "bad header\r\n"), "400"},
      {get("/metrics", "folded: a\r\n b\r\n") + "x", "200"},
      {post + "Content-Length: -1\r\n\r\n", "400"},
      {post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", "400"},
      {post + "Content-Length: 99999999999999999999999\r\n\r\n", "400"},
      {post + "Content-Length: 65537\r\n\r\n", "413"},
      {post + "Content-Length: 1000000\r\n\r\n" + std::string(100'000, 'b'), "413"},
      {post + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "501"},
      {post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501"},
      {post + "Transfer-Encoding: identity\r\n\r\n", "501"},
      {"POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "501"},
      {post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", "400"},
      {post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "400"},
      {post + "transfer-encoding:\tchunked\r\n\r\n0\r\n\r\n", "501"},
      {post + "Transfer-Encoding: \r\n\r\n", "501"},
      {post + "Content-Length: +5\r\n\r\nhello", "400"},
      {post + "Content-Length: 0x5\r\n\r\nhello", "400"},
      {post + "Content-Length: 5 5\r\n\r\nhello", "400"},
      {post + "Content-Length:\r\n\r\n", "400"},
      {"GET /metrics HTTP/1.1\nHost: t\n\n", "400"},
      {"GET  /metrics HTTP/1.1\r\nHost: t\r\n\r\n", "400"},
      {"GET /metrics\r\n\r\n", "400"},
      {"GET /metrics HTTP/0.9\r\n\r\n", "400"},
      {"GET /metrics HTTP/1.1\r\n Host: t\r\n\r\n", "400"},
      {"OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n", "400"},
      {get("/metrics", ": no name\r\n"), "400"},
      {get("/metrics", std::string("X: a\0b\r\n", 8)), "400"},
      {"get /metrics HTTP/1.1\r\nHost: t\r\n\r\n", "405"},
      {"TRACE /metrics HTTP/1.1\r\nHost: t\r\n\r\n", "405"},
      {"BREW /metrics HTTP/1.1\r\nHost: t\r\n\r\n", "405"},
      {post + "Origin: http://elsewhere\r\n\r\n", "403"},
      {post + "Origin: http://t.elsewhere\r\n\r\n", "403"},
      {post + "Origin: null\r\n\r\n", "403"},
      {post + "Origin: http://t\r\n\r\n", "200"},
      {get("/metrics", "Origin: http://elsewhere\r\n"), "200"},
      {post + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n", "417"},
      {get("/" + std::string(4095, 'a')), "404"},
      {get("/" + std::string(4096, 'a')), "414"},
      {get("/metrics", "X: " + std::string(9000, 'x') + "\r\n"), "431"},
      {get("/" + std::string(9000, 'a')), "431"},
      {std::string(100'000, 'A'), "431"},
  };
  HttpTestServer server;
  for (const auto& [request, status] : refusals) {
    EXPECT_THAT(server.ask(request), testing::ContainsRegex("^HTTP/1.[01] " + status)) << request.substr(0, 200);
  }
  EXPECT_THAT(server.ask(get("/metrics")), StartsWith("HTTP/1.1 200 OK"));
  server->stop(Millis{0});
  EXPECT_GE(server->counts().refused_requests, 20U);
}

TEST(HttpLimits, EndsTheConnectionAfterARefusal) {
  const HttpTestServer server;
  HttpTestClient client = server.connect();
  client.send("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n" + get("/metrics"));
  const std::string answer = client.receive_all();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 501 "));
  EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("some_metric"))) << "what follows a refused request is not another request";
}

TEST(HttpLimits, CutsOffAClientThatIsSlowWithItsHeader) {
  HttpTestServer server({.limits = {.header_timeout = Millis{100}}});
  HttpTestClient client = server.connect();
  // One byte now and then keeps a connection busy, and yet the header's time is over at last.
  client.wait_at_most(std::chrono::milliseconds(5));
  client.send("GET /metrics HTTP/1.1\r\nX: ");
  std::optional<std::string> received;
  for (int i = 0; i < 10'000 && !received; ++i) {
    client.send("x");
    received = client.receive_some();
  }
  EXPECT_EQ(received, "") << "closed without an answer";
  server->stop(Millis{0});
  EXPECT_EQ(server->counts().timeouts, 1U);
}

TEST(HttpLimits, CutsOffAClientThatIsSlowWithItsBody) {
  HttpTestServer server({.limits = {.body_timeout = Millis{100}}});
  HttpTestClient client = server.connect();
  client.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhell");
  EXPECT_EQ(client.receive_all(), "");
  server->stop(Millis{0});
  EXPECT_EQ(server->counts().timeouts, 1U);
}

TEST(HttpLimits, CutsOffAClientThatDoesNotReadItsResponse) {
  HttpTestServer server({.limits = {.write_timeout = Millis{100}}});
  HttpTestClient client = server.connect();
  client.send(get("/large"));
  EXPECT_TRUE(comes_true([&] { return server->counts().timeouts == 1; }));
  EXPECT_LT(client.receive_all().size(), kLargeBody);
}

TEST(HttpLimits, DeliversALargeResponseWhole) {
  const HttpTestServer server;
  EXPECT_GT(server.ask(get("/large")).size(), kLargeBody);
}

TEST(HttpLimits, GivesUpIdleConnections) {
  HttpTestServer server({.limits = {.idle_timeout = Millis{50}}});
  EXPECT_EQ(server.connect().receive_all(), "") << "one that never said anything";
  HttpTestClient used = server.connect();
  used.send(get("/metrics"));
  EXPECT_THAT(used.receive_all(), HasSubstr("some_metric")) << "one that was used before";
  server->stop(Millis{0});
  EXPECT_EQ(server->counts().timeouts, 0U) << "nothing was in progress";
}

TEST(HttpLimits, IsReachableAgainWhenIdleConnectionsHaveTimedOut) {
  const HttpTestServer server({.limits = {.max_connections = 4, .idle_timeout = Millis{100}}});
  std::vector<HttpTestClient> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(server.connect());
  EXPECT_TRUE(comes_true([&] { return server.ask(get("/metrics")).starts_with("HTTP/1.1 200 OK"); }));
}

}  // namespace
}  // namespace touchstone
