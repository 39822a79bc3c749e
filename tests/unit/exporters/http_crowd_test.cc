// What one client can ask of the server while others hold its connections, begin requests and never end them, or
// do not read their answers.
#include <cstddef>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "exporters/http_server.h"
#include "tests/unit/exporters/http_test_server.h"

namespace touchstone {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::size_t kCrowd = 1'000;

// Both ends of every connection are in this process.
void allow_many_files() {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  ASSERT_GE(limit.rlim_cur, 4 * kCrowd);
}

TEST(HttpCrowd, OfAThousandIdleConnectionsHarmsNobody) {
  allow_many_files();
  HttpTestServer server;
  std::vector<HttpTestClient> crowd;
  for (std::size_t i = 0; i < kCrowd; ++i) crowd.push_back(server.connect());
  EXPECT_THAT(server.ask(get("/metrics")), StartsWith("HTTP/1.1 200 OK"));
  EXPECT_EQ(crowd.front().receive_all(), "") << "the one that waited for longest made room";
  crowd.back().send(get("/metrics"));
  EXPECT_THAT(crowd.back().receive_until("metric 1\n"), StartsWith("HTTP/1.1 200 OK"));
  const HttpCounts counts = server->counts();
  EXPECT_EQ(counts.dropped_connections, kCrowd + 1 - HttpLimits{}.max_connections);
  EXPECT_EQ(counts.refused_connections, 0U);
  EXPECT_LE(counts.open_connections, HttpLimits{}.max_connections);
  crowd.clear();
  EXPECT_TRUE(comes_true([&] { return server->counts().open_connections == 0; }));
}

TEST(HttpCrowd, OfAThousandRequestsThatDoNotEndHarmsNobody) {
  allow_many_files();
  HttpTestServer server;
  std::vector<HttpTestClient> crowd;
  for (std::size_t i = 0; i < kCrowd; ++i) {
    crowd.push_back(server.connect());
    crowd.back().send(i % 2 == 0 ? "GET /metrics HTTP/1.1\r\nHost: t\r\nX: "
                                 : "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nslow");
  }
  for (int i = 0; i < 10; ++i) EXPECT_THAT(server.ask(get("/metrics")), StartsWith("HTTP/1.1 200 OK"));
  EXPECT_EQ(server->counts().refused_connections, 0U);
  EXPECT_GE(server->counts().dropped_connections, kCrowd - HttpLimits{}.max_connections);
}

TEST(HttpCrowd, LosesAnIdleConnectionBeforeOneWithARequest) {
  HttpTestServer server({.limits = {.max_connections = 2}});
  HttpTestClient begun = server.connect();
  // What follows the first request is in the server's hands as soon as that is answered.
  begun.send(get("/metrics") + "GET /metrics HTTP/1.1\r\n");
  begun.receive_until("metric 1\n");
  HttpTestClient idle = server.connect();
  EXPECT_TRUE(comes_true([&] { return server->counts().open_connections == 2; }));
  EXPECT_THAT(server.ask(get("/metrics")), StartsWith("HTTP/1.1 200 OK"));
  EXPECT_EQ(idle.receive_all(), "") << "although the other waits for longer";
  begun.send("Host: t\r\n\r\n");
  EXPECT_THAT(begun.receive_until("metric 1\n"), StartsWith("HTTP/1.1 200 OK"));
  EXPECT_EQ(server->counts().dropped_connections, 1U);
}

TEST(HttpCrowd, IsTurnedAwayWhileAllOthersAreBeingAnswered) {
  HttpTestServer server({.limits = {.max_connections = 1}});
  HttpTestClient answered = server.connect();
  answered.send(get("/waits", "Connection: close\r\n"));
  server.gate().wait_until_entered();
  HttpTestClient refused = server.connect();
  const std::string answer = refused.receive_all();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 34\r\n"));
  EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, 34U);
  server.gate().open();
  EXPECT_THAT(answered.receive_all(), HasSubstr("waited\n"));
  EXPECT_EQ(server->counts().refused_connections, 1U);
  EXPECT_EQ(server->counts().dropped_connections, 0U);
}

TEST(HttpCrowd, OfSlowReadersIsCutOffWhereTheyHoldTooMuch) {
  HttpTestServer server({.limits = {.max_unread_bytes = kLargeBody * 2}});
  std::vector<HttpTestClient> readers;
  for (int i = 0; i < 4; ++i) {
    readers.push_back(server.connect());
    readers.back().send(get("/large"));
    EXPECT_THAT(readers.back().receive_some().value_or(""), StartsWith("HTTP/1.1 200 OK"));
  }
  EXPECT_EQ(server->counts().dropped_connections, 2U);
  EXPECT_LT(readers[0].receive_all().size(), kLargeBody);
  EXPECT_LT(readers[1].receive_all().size(), kLargeBody);
}

TEST(HttpCrowd, IsCounted) {
  HttpTestServer server({.token = "s3cret"});
  for (const std::string& request :
       {get("/api/v1/map"), get("/api/v1/map", "Authorization: Bearer guess\r\n"), std::string("nonsense\r\n\r\n")}) {
    EXPECT_THAT(server.ask(request), StartsWith("HTTP/1.1 4"));
  }
  const HttpCounts counts = server->counts();
  EXPECT_EQ(counts.requests, 3U);
  EXPECT_EQ(counts.unauthorized, 2U);
  EXPECT_EQ(counts.refused_requests, 1U);
}

}  // namespace
}  // namespace touchstone
