// Rows and alerts over HTTP, and the feed behind the stream, from a chronicle filled by hand.
#include "exporters/chronicle_api.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "exporters/events_stream.h"
#include "exporters/feed.h"
#include "tests/support/maps.h"
#include "tests/unit/exporters/http_test_server.h"

namespace touchstone {
namespace {

namespace json = boost::json;

/// Remembers what it was asked and answers with what it was given.
class FixedChronicle final : public Chronicle {
 public:
  Result<void> add(std::span<const ChronicleEntry>, std::span<const ConsumedOffset>) override { return {}; }
  Result<std::optional<Offset>> next(const TopicPartition&) override { return std::optional<Offset>(); }
  Result<ChroniclePage> current(const ChronicleQuery& query) const override {
    asked = query;
    return now;
  }
  Result<ChroniclePage> past(const ChronicleQuery& query) const override {
    asked = query;
    return before;
  }

  ChroniclePage now;
  ChroniclePage before;
  mutable ChronicleQuery asked;
};

class ChronicleApiTest : public ::testing::Test {
 protected:
  [[nodiscard]] HttpResponse get(std::string_view target) const {
    HttpRequest request{.method = "GET"};
    EXPECT_TRUE(read_target(target, request)) << target;
    for (const HttpRoute& route : routes_) {
      if (route.path == request.path) return route.handler(request);
    }
    ADD_FAILURE() << "no route for " << target;
    return {};
  }

  std::shared_ptr<const Rules> rules_ = testing::small_rules();
  std::shared_ptr<FixedChronicle> chronicle_ = std::make_shared<FixedChronicle>();
  std::vector<HttpRoute> routes_ = chronicle_routes(RulesNow(rules_), [this] { return chronicle_; });
};

TEST_F(ChronicleApiTest, PassesRowsThroughAsTheyCame) {
  chronicle_->now.values = {R"({"window":"1h","value":1.50})", R"({"window":"1h"})"};
  EXPECT_EQ(get("/api/v1/windows?window=1h").body, R"({"rows":[{"window":"1h","value":1.50},{"window":"1h"}]})"
                                                   "\n");
  EXPECT_EQ(chronicle_->asked.parts, (std::array<std::string, 4>{"1h", "", "", ""}));
  EXPECT_EQ(chronicle_->asked.limit, 1'000U);
}

TEST_F(ChronicleApiTest, AsksForAPastTimeAndHandsACursorBack) {
  chronicle_->before = {{"{}"}, std::string("5m/all\0\xFF", 8)};
  const json::object answer = json::parse(get("/api/v1/"
                                              "windows?window=5m&from=2025-11-21T12:00:00Z&to=2025-11-21T13:00:00%2B01:"
                                              "00&limit=1&segment=gold&scope=stage&id=b")
                                              .body)
                                  .as_object();
  EXPECT_EQ(chronicle_->asked.parts, (std::array<std::string, 4>{"5m", "stage", "b", "gold"}));
  EXPECT_EQ(chronicle_->asked.from, chronicle_->asked.to);
  const std::string cursor(answer.at("cursor").as_string());
  static_cast<void>(get("/api/v1/windows?from=2025-11-21T12:00:00Z&cursor=" + cursor));
  EXPECT_EQ(chronicle_->asked.after, std::string("5m/all\0\xFF", 8));
}

TEST_F(ChronicleApiTest, TakesOnlyAlertsThatFireForThoseOfNow) {
  chronicle_->now.values = {R"({"alert":"1","state":"firing"})", R"({"alert":"2","state":"resolved"})"};
  chronicle_->before.values = chronicle_->now.values;
  EXPECT_EQ(get("/api/v1/alerts").body, R"({"alerts":[{"alert":"1","state":"firing"}]})"
                                        "\n");
  EXPECT_EQ(json::parse(get("/api/v1/alerts?from=2025-11-21T12:00:00Z").body).at("alerts").as_array().size(), 2U);
}

TEST_F(ChronicleApiTest, SaysWhatIsWrongWithAQuestion) {
  for (const char* wrong :
       {"/api/v1/windows?window=2h", "/api/v1/windows?scope=moves", "/api/v1/windows?segment=nobody",
        "/api/v1/windows?from=today", "/api/v1/windows?limit=0", "/api/v1/windows?limit=10001",
        "/api/v1/windows?limit=1x", "/api/v1/windows?cursor=xy", "/api/v1/windows?cursor=abc", "/api/v1/windows?kind=x",
        "/api/v1/alerts?window=1h", "/api/v1/alerts?to=1999-01-01T00:00:00Z"}) {
    const HttpResponse response = get(wrong);
    EXPECT_EQ(response.status, 400U) << wrong;
    EXPECT_TRUE(json::parse(response.body).as_object().contains("error")) << wrong;
  }
  chronicle_.reset();
  EXPECT_EQ(get("/api/v1/windows").status, 503U);
}

/// Entries that live as long as this.
struct Entries {
  explicit Entries(std::vector<std::pair<std::string, std::string>> rows) : told(std::move(rows)) {
    for (const auto& [key, value] : told)
      all.push_back({ChronicleKind::kRow, key, *parts_of_key(key), value, EventTime{}});
  }
  std::vector<std::pair<std::string, std::string>> told;
  std::vector<ChronicleEntry> all;
};

std::vector<std::string> taken(Subscription& subscription, std::size_t bytes = 1 << 20) {
  std::vector<std::string> values;
  for (const FeedItem& item : subscription.take(bytes)) values.push_back(*item.value);
  return values;
}

TEST(Feed, TellsEachWhatItWantsAndTheLatestOfAKeyOnly) {
  ChronicleFeed feed;
  const auto everything = feed.subscribe({});
  const auto one = feed.subscribe(
      {.rows = true, .alerts = true, .windows = {"5m"}, .scope = "touchpoint", .id = "page", .segment = "gold"});
  feed.publish(Entries({{"5m/touchpoint/page/gold", "old"},
                        {"1h/touchpoint/page/gold", "other"},
                        {"5m/touchpoint/page/gold", "new"}})
                   .all);
  EXPECT_EQ(taken(*everything), (std::vector<std::string>{"new", "other"}));
  EXPECT_EQ(taken(*one), std::vector<std::string>{"new"});
  EXPECT_TRUE(taken(*one).empty());
}

TEST(Feed, HandsOutInPiecesAndEndsWithTheHandle) {
  ChronicleFeed feed({.subscribers = 1, .keys = 10, .bytes = 1'000});
  auto only = feed.subscribe({});
  EXPECT_EQ(feed.subscribe({}), nullptr);
  feed.publish(Entries({{"a/b/c/d", "12345"}, {"a/b/c/e", "12345"}, {"a/b/c/f", "12345"}}).all);
  EXPECT_EQ(taken(*only, 10).size(), 2U);
  EXPECT_EQ(taken(*only, 1).size(), 1U);
  only.reset();
  EXPECT_EQ(feed.subscribers(), 0U);
  EXPECT_NE(feed.subscribe({}), nullptr);
}

TEST(Feed, GivesUpWhoHasTooMuchWaiting) {
  ChronicleFeed feed({.subscribers = 4, .keys = 2, .bytes = 1'000});
  const auto slow = feed.subscribe({});
  const auto picky = feed.subscribe({.rows = false});
  feed.publish(Entries({{"a/b/c/d", "1"}, {"a/b/c/e", "1"}, {"a/b/c/f", "1"}}).all);
  EXPECT_TRUE(slow->overrun());
  EXPECT_TRUE(taken(*slow).empty());
  EXPECT_FALSE(picky->overrun());
  EXPECT_EQ(feed.overruns(), 1U);
}

TEST(EventsStream, SendsWhatIsToldUntilTheServerStops) {
  ChronicleFeed feed;
  const Board board;
  HttpServerOptions options;
  options.port = 0;
  options.limits.stream_heartbeat = Millis{0};
  std::vector<HttpRoute> routes;
  routes.push_back(stream_route(RulesNow(testing::small_rules()), feed, board));
  auto server = HttpServer::start(std::move(options), std::move(routes));
  ASSERT_TRUE(server);
  HttpTestClient client((*server)->port());
  client.send(get("/api/v1/stream?events=row,engine"));
  EXPECT_TRUE(comes_true([&] { return feed.subscribers() == 1; }));
  feed.publish(Entries(std::vector<std::pair<std::string, std::string>>{{"5m/all/all/all", R"({"n":1})"}}).all);
  // Heartbeats come between.
  std::string received;
  while (received.find("data: {\"n\":1}\n\n") == std::string::npos) {
    const auto some = client.receive_some();
    ASSERT_TRUE(some && !some->empty()) << received;
    received += *some;
  }
  EXPECT_NE(received.find("200 OK"), std::string::npos);
  EXPECT_NE(received.find("text/event-stream"), std::string::npos);
  EXPECT_NE(received.find("event: engine\ndata: {\"ready\":"), std::string::npos);
  EXPECT_NE(client.receive_until(":\n\n").find(":\n\n"), std::string::npos) << "a heartbeat";
  (*server)->stop(Millis{5'000});
  EXPECT_EQ(feed.subscribers(), 0U);
}

TEST(EventsStream, RefusesWhatIsNotThere) {
  ChronicleFeed feed({.subscribers = 0});
  const Board board;
  const HttpRoute route = stream_route(RulesNow(testing::small_rules()), feed, board);
  const auto status = [&](std::string_view target) {
    HttpRequest request{.method = "GET"};
    EXPECT_TRUE(read_target(target, request));
    const auto begun = route.begin_stream(request);
    return std::holds_alternative<HttpResponse>(begun) ? std::get<HttpResponse>(begun).status : 0U;
  };
  EXPECT_EQ(status("/api/v1/stream?events=rows"), 400U);
  EXPECT_EQ(status("/api/v1/stream?window=2h"), 400U);
  EXPECT_EQ(status("/api/v1/stream?from=now"), 400U);
  EXPECT_EQ(status("/api/v1/stream?segment=gold"), 503U);
}

}  // namespace
}  // namespace touchstone
