// What a well-behaved client gets from the server, over loopback.
#include "exporters/http_server.h"

#include <optional>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/exporters/http_test_server.h"

namespace touchstone {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(HttpServer, AnswersWithTypeLengthAndSecurityHeaders) {
  const HttpTestServer server;
  const std::string answer = server.ask(get("/metrics?x=y"));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Type: text/plain\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Length: 14\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nX-Content-Type-Options: nosniff\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nCache-Control: no-store\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nCross-Origin-Resource-Policy: same-origin\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nReferrer-Policy: no-referrer\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("\r\nServer:"))) << "who asks need not know what answers";
  EXPECT_THAT(answer, Not(HasSubstr("Access-Control-"))) << "pages of other sites cannot read it";
  EXPECT_TRUE(answer.ends_with("\r\n\r\nsome_metric 1\n")) << answer;
}

TEST(HttpServer, LetsAPageUseWhatComesFromTheSamePlace) {
  const HttpTestServer server;
  EXPECT_THAT(server.ask(get("/page")), HasSubstr("\r\nContent-Security-Policy: default-src 'self'; object-src"));
  const std::string own = server.ask(get("/own-policy"));
  EXPECT_THAT(own, HasSubstr("\r\nContent-Security-Policy: default-src 'none'; img-src data:\r\n"));
  EXPECT_EQ(own.find("Content-Security-Policy"), own.rfind("Content-Security-Policy"));
}

TEST(HttpServer, AnswersHeadWithoutTheBody) {
  const HttpTestServer server;
  const std::string answer = server.ask("HEAD /metrics HTTP/1.1\r\nHost: test\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Length: 14\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST(HttpServer, KeepsAConnectionForFurtherRequests) {
  const HttpTestServer server;
  HttpTestClient client = server.connect();
  for (int i = 0; i < 3; ++i) {
    client.send(get("/metrics"));
    EXPECT_THAT(client.receive_until("metric 1\n"), StartsWith("HTTP/1.1 200 OK\r\n"));
  }
  const std::string both = client.ask(get("/-/healthy") + get("/-/ready", "Connection: close\r\n") + get("/metrics"));
  EXPECT_THAT(both, HasSubstr("healthy"));
  EXPECT_THAT(both, HasSubstr("Connection: close"));
  EXPECT_THAT(both, HasSubstr("ready\"}\n"));
  EXPECT_THAT(both, Not(HasSubstr("some_metric"))) << "after Connection: close nothing is answered";
}

TEST(HttpServer, ClosesAfterARequestOfHttp10) {
  const HttpTestServer server;
  HttpTestClient client = server.connect();
  client.send("GET /metrics HTTP/1.0\r\n\r\n");
  EXPECT_THAT(client.receive_all(), StartsWith("HTTP/1.0 200 OK\r\n"));
}

TEST(HttpServer, TakesABodyWithItsLength) {
  const HttpTestServer server;
  EXPECT_THAT(server.ask("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello"), HasSubstr("<hello>\n"));
  EXPECT_THAT(server.ask("POST /echo HTTP/1.1\r\nHost: t\r\n\r\n"), HasSubstr("<>\n"));
  const std::string most(65536, 'b');
  EXPECT_THAT(server.ask("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 65536\r\n\r\n" + most),
              HasSubstr("<" + most + ">\n"));
}

TEST(HttpServer, AnswersWhatItDoesNotServeWithAnError) {
  const HttpTestServer server;
  EXPECT_THAT(server.ask(get("/nothing")), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(server.ask(get("/nothing")), HasSubstr("\r\n\r\n{\"error\":\""));
  const std::string refused = server.ask("POST /metrics HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(refused, HasSubstr("\r\nAllow: GET, HEAD\r\n"));
}

TEST(HttpServer, TurnsAHandlersExceptionIntoAnAnswer) {
  HttpTestServer server;
  const std::string answer = server.ask(get("/throws"));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(answer, Not(HasSubstr("a secret")));
  EXPECT_THAT(server.ask(get("/metrics")), StartsWith("HTTP/1.1 200 OK"));
  server->stop(Millis{0});
  EXPECT_EQ(server->counts().handler_failures, 1U);
  EXPECT_EQ(server.reported(), "HTTP handler of /throws failed: a secret");
}

TEST(HttpServer, AsksForTheToken) {
  const HttpTestServer server({.token = "s3cret"});
  EXPECT_THAT(server.ask(get("/metrics")), StartsWith("HTTP/1.1 200 OK"));
  EXPECT_THAT(server.ask(get("/api/v1/map")), StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(server.ask(get("/api/v1/map")), HasSubstr("\r\nWWW-Authenticate: Bearer\r\n"));
  EXPECT_THAT(server.ask(get("/api/v1/map", "Authorization: Bearer s3creT\r\n")), StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(server.ask(get("/api/v1/map", "Authorization: Bearer s3cret\r\n")), StartsWith("HTTP/1.1 200 OK"));
}

TEST(HttpServer, AnswersHealthWhileTheWorkerIsBusy) {
  HttpTestServer server;
  HttpTestClient waiting = server.connect();
  waiting.send(get("/waits", "Connection: close\r\n"));
  server.gate().wait_until_entered();
  EXPECT_THAT(server.ask(get("/-/healthy")), StartsWith("HTTP/1.1 200 OK"));
  server.gate().open();
  EXPECT_THAT(waiting.receive_all(), HasSubstr("waited\n"));
}

TEST(HttpServer, LetsRequestsInProgressEndWhenItStops) {
  HttpTestServer server;
  HttpTestClient idle = server.connect();
  idle.send(get("/metrics"));
  idle.receive_until("metric 1\n");
  std::optional<HttpTestClient> waiting = server.connect();
  waiting->send(get("/waits"));
  server.gate().wait_until_entered();
  std::thread stopping([&] { server->stop(kGuard); });
  EXPECT_EQ(idle.receive_all(), "") << "the idle one ends at once";
  server.gate().open();
  const std::string answer = waiting->receive_all();
  EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(answer, HasSubstr("waited\n"));
  waiting.reset();
  stopping.join();
  server->stop(Millis{0});
}

TEST(HttpServer, ClosesWhatIsInProgressWhenPatienceEnds) {
  HttpTestServer server;
  HttpTestClient begun = server.connect();
  begun.send("GET /metrics HTTP/1.1\r\n");
  HttpTestClient waiting = server.connect();
  waiting.send(get("/waits"));
  HttpTestClient queued = server.connect();
  server.gate().wait_until_entered();
  queued.send(get("/metrics"));
  std::thread stopping([&] { server->stop(Millis{50}); });
  server.gate().open();
  stopping.join();
}

TEST(HttpServer, SaysWhyItCannotListen) {
  HttpTestServer server;
  const auto taken = HttpServer::start({.port = server->port()}, {});
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().kind(), ErrorKind::kFatal);
  EXPECT_THAT(taken.error().message(), HasSubstr("127.0.0.1 port " + std::to_string(server->port()) + ": Address"));
  EXPECT_FALSE(HttpServer::start({.address = "localhost"}, {})) << "names are not looked up";
  EXPECT_FALSE(HttpServer::start({.port = 0, .token = ""}, {}));
}

}  // namespace
}  // namespace touchstone
