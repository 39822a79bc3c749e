// What the API says of the map, from a board filled by hand, without a server.
#include "exporters/map_api.h"

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "engine/wire/json.h"
#include "tests/support/maps.h"

namespace touchstone {
namespace {

namespace json = boost::json;

constexpr std::size_t kHour = 2;  // of the windows by default
constexpr std::size_t kWeek = 4;
constexpr std::size_t kWindows = 5;

const TaskId kFirstTask{StageKind::kWindows, "deltas", Partition(0)};
const TaskId kSecondTask{StageKind::kWindows, "deltas", Partition(1)};

std::shared_ptr<const Rules> rules_with_expectations() {
  TouchpointMap map = testing::small_map();
  map.name = {{"", "A \"small\" shop"}};
  map.touchpoints[1].expect = {0.8, 30};  // the page
  map.touchpoints[1].stages = {"b"};
  map.touchpoints[1].channel = "web";
  return std::make_shared<const Rules>(std::move(map), Settings{});
}

/// Every row on a page of its own.
class PagedRows final : public Chronicle {
 public:
  explicit PagedRows(std::vector<std::string> rows) : rows_(std::move(rows)) {}
  Result<void> add(std::span<const ChronicleEntry>, std::span<const ConsumedOffset>) override { return {}; }
  Result<std::optional<Offset>> next(const TopicPartition&) override { return std::optional<Offset>(); }
  Result<ChroniclePage> current(const ChronicleQuery& query) const override {
    EXPECT_EQ(query.parts, (std::array<std::string, 4>{"7d", "", "", ""}));
    const std::size_t page = query.after.size();
    if (page >= rows_.size()) return ChroniclePage{};
    return ChroniclePage{{rows_[page]}, std::string(page + 1, 'x')};
  }
  Result<ChroniclePage> past(const ChronicleQuery&) const override { return ChroniclePage{}; }

 private:
  const std::vector<std::string> rows_;
};

class MapApiTest : public ::testing::Test {
 protected:
  HttpResponse get(std::string_view target) const {
    HttpRequest request{.method = "GET"};
    EXPECT_TRUE(read_target(target, request)) << target;
    const auto found =
        std::find_if(routes_.begin(), routes_.end(), [&](const HttpRoute& each) { return each.path == request.path; });
    if (found == routes_.end()) {
      ADD_FAILURE() << "no route for " << target;
      return {};
    }
    EXPECT_EQ(found->method, "GET");
    return found->handler(request);
  }
  /// The body of an answer that must be right.
  json::object body(std::string_view target) const {
    const HttpResponse response = get(target);
    EXPECT_EQ(response.status, 200U) << target << ": " << response.body;
    EXPECT_EQ(response.content_type, "application/json");
    return json::parse(response.body).as_object();
  }
  /// The answer about the map over all segments.
  json::object all_segments(std::string_view target) const {
    return body(target).at("segments").as_array().back().as_object();
  }

  static WindowsStatus closed(std::vector<std::optional<EventTime>> closings) {
    WindowsStatus status;
    status.closed = std::move(closings);
    return status;
  }
  static WindowsStatus all_closed_at(std::int64_t seconds) {
    return closed(std::vector<std::optional<EventTime>>(kWindows, testing::at(seconds)));
  }
  static Row row(std::size_t window, Scope scope, const std::string& id, std::int64_t interactions,
                 const std::string& segment = "all") {
    Row made{window, testing::at(3'600), {scope, id, segment}, {}};
    made.measures.interactions = interactions;
    return made;
  }
  static std::vector<std::string> values(const json::array& objects, std::string_view key) {
    std::vector<std::string> found;
    for (const auto& each : objects) found.emplace_back(each.as_object().at(key).as_string());
    return found;
  }

  std::shared_ptr<const Rules> rules_ = rules_with_expectations();
  Board board_;
  std::vector<HttpRoute> routes_ = [this] {
    std::vector<HttpRoute> routes = map_routes(RulesNow(rules_), board_);
    routes.push_back(board_rows_route(RulesNow(rules_), board_));
    return routes;
  }();
};

using Texts = std::vector<std::string>;

TEST_F(MapApiTest, RefusesWhatItDoesNotKnow) {
  for (const char* target :
       {"/api/v1/map?window=2h", "/api/v1/map?model=best", "/api/v1/map?segment=silver", "/api/v1/map?scope=all",
        "/api/v1/map?from=page", "/api/v1/map?Window=1h", "/api/v1/journeys?segment=silver",
        "/api/v1/journeys?from=shop", "/api/v1/journeys?window=7d", "/api/v1/windows?window=7",
        "/api/v1/windows?scope=touchpoints", "/api/v1/windows?segment=silver", "/api/v1/windows?model=first",
        "/api/v1/windows?to=2026-01-01"}) {
    const HttpResponse response = get(target);
    EXPECT_EQ(response.status, 400U) << target;
    EXPECT_FALSE(json::parse(response.body).as_object().at("error").as_string().empty()) << target;
  }
}

TEST_F(MapApiTest, KnowsNoScopeThatHasNoRows) {
  for (const char* scope : {"chain", "moves", "stay", "unmapped", "paths"}) {
    EXPECT_EQ(get("/api/v1/windows?scope=" + std::string(scope)).status, 400U) << scope;
  }
}

TEST_F(MapApiTest, RepeatsNoBytesOfAnUnknownParameter) {
  const HttpResponse response = get("/api/v1/map?%FF%22=1");
  EXPECT_EQ(response.status, 400U);
  EXPECT_EQ(response.body, "{\"error\":\"unknown parameter; there are window, model, segment\"}\n");
}

TEST_F(MapApiTest, HasAnEmptyMapBeforeAnythingHasClosed) {
  const json::object map = body("/api/v1/map");
  EXPECT_EQ(map.at("window"), "7d");
  EXPECT_EQ(map.at("model"), "markov");
  EXPECT_FALSE(map.contains("start"));
  EXPECT_FALSE(map.contains("end"));
  EXPECT_EQ(values(map.at("segments").as_array(), "id"), (Texts{"gold", "other", "all"}));
  for (const auto& segment : map.at("segments").as_array()) {
    EXPECT_EQ(segment.at("interactions"), 0);
    EXPECT_EQ(segment.at("unmapped_share"), 0);
    EXPECT_TRUE(segment.at("touchpoints").as_array().empty());
    EXPECT_EQ(segment.at("silent").as_array().size(), 6U);
    EXPECT_EQ(values(segment.at("stages").as_array(), "id"), (Texts{"a", "b", "c"}));
  }
}

TEST_F(MapApiTest, HasNoJourneysAndNoRowsBeforeAnythingHasClosed) {
  const json::object journeys = body("/api/v1/journeys");
  EXPECT_EQ(journeys.at("window"), "7d");
  EXPECT_EQ(journeys.at("segment"), "all");
  EXPECT_FALSE(journeys.contains("end"));
  EXPECT_TRUE(journeys.at("steps").as_array().empty());
  EXPECT_TRUE(journeys.at("stays").as_array().empty());
  EXPECT_EQ(get("/api/v1/windows").body, "{\"rows\":[]}\n");
}

TEST_F(MapApiTest, TellsWhatTheMapItselfSays) {
  const json::object map = body("/api/v1/map").at("map").as_object();
  EXPECT_EQ(map.at("name").at(""), "A \"small\" shop");
  EXPECT_EQ(map.at("lifecycle"), (json::array{"a", "b", "c"}));
  const json::array& touchpoints = map.at("touchpoints").as_array();
  EXPECT_EQ(values(touchpoints, "id"), (Texts{"ad", "page", "buy", "call", "survey", "quiet"}));
  EXPECT_EQ(touchpoints[0].at("channel"), "ad");
  EXPECT_FALSE(touchpoints[5].as_object().contains("channel"));
}

TEST_F(MapApiTest, TakesTheModelThatTheWindowHas) {
  EXPECT_EQ(body("/api/v1/map?window=7d").at("model"), "markov");
  EXPECT_EQ(body("/api/v1/map?window=1h").at("model"), "linear");
  EXPECT_EQ(body("/api/v1/map?window=1h&model=").at("model"), "linear");
  EXPECT_EQ(body("/api/v1/map?model=first").at("model"), "first");
  EXPECT_EQ(body("/api/v1/map?model=decay&window=1h").at("model"), "decay");
}

TEST_F(MapApiTest, ReadsTheRowsOfTheWindowAskedFor) {
  board_.publish(
      kFirstTask, all_closed_at(3'600),
      {row(kWeek, Scope::kAll, "all", 70), row(kHour, Scope::kAll, "all", 5), row(kHour + 1, Scope::kAll, "all", 24)});
  EXPECT_EQ(all_segments("/api/v1/map").at("interactions"), 70);
  EXPECT_EQ(all_segments("/api/v1/map?window=1h").at("interactions"), 5);
  EXPECT_EQ(all_segments("/api/v1/map?window=1m").at("interactions"), 0);
}

TEST_F(MapApiTest, TellsUpToWhenEveryTaskHasClosed) {
  board_.publish(kFirstTask, all_closed_at(7'200), {});
  board_.publish(kSecondTask, all_closed_at(3'600), {});
  const json::object map = body("/api/v1/map?window=1h");
  EXPECT_EQ(map.at("start"), "2026-01-01T00:00:00.000Z");
  EXPECT_EQ(map.at("end"), "2026-01-01T01:00:00.000Z");
  board_.publish(kSecondTask, closed(std::vector<std::optional<EventTime>>(kWindows)), {});
  EXPECT_FALSE(body("/api/v1/map?window=1h").contains("end"));
}

TEST_F(MapApiTest, GivesOneSegmentWhereOneIsAskedFor) {
  board_.publish(kFirstTask, all_closed_at(3'600),
                 {row(kWeek, Scope::kAll, "all", 9), row(kWeek, Scope::kAll, "all", 4, "gold")});
  const json::array segments = body("/api/v1/map?segment=gold").at("segments").as_array();
  ASSERT_EQ(segments.size(), 1U);
  EXPECT_EQ(segments[0].at("id"), "gold");
  EXPECT_EQ(segments[0].at("interactions"), 4);
  EXPECT_EQ(values(body("/api/v1/map?segment=all").at("segments").as_array(), "id"), (Texts{"all"}));
  EXPECT_EQ(values(body("/api/v1/map?segment=").at("segments").as_array(), "id"), (Texts{"gold", "other", "all"}));
}

TEST_F(MapApiTest, JudgesATouchpoint) {
  Row page = row(kWeek, Scope::kTouchpoint, "page", 40);
  page.measures.customers = 30;
  page.measures.satisfaction = Mean{10, 500'000};
  page.measures.wait = Lengths{4, 45'500, 60'000, 60'000};
  page.measures.credit = {{CreditModel::kMarkov, 10 * kMillion, 0}};
  page.measures.stages = {{StageNo(1), 40}};
  const Row unmapped = row(kWeek, Scope::kTouchpoint, "unmapped", 10);
  board_.publish(kFirstTask, all_closed_at(3'600), {page, unmapped, row(kWeek, Scope::kAll, "all", 50)});
  const json::object all = all_segments("/api/v1/map");
  EXPECT_EQ(all.at("unmapped_share"), 0.2);
  EXPECT_EQ(all.at("touchpoints").as_array()[0], json::parse(R"({"id":"page","interactions":40,"customers":30,
              "satisfaction":{"responses":10,"mean":0.5,"low":0.236593,"high":0.763407,"expected":0.8,
                              "standing":"surely-worse"},
              "wait_s":{"count":4,"p50":45.5,"p90":60,"p99":60,"expected":30,"standing":"worse"},
              "share_of_interactions":1,"share_of_credit":1,"use":"fair","lapses":0})"));
  EXPECT_EQ(all.at("touchpoints").as_array()[1],
            json::parse(R"({"id":"unmapped","interactions":10,"customers":0,"use":"unknown","lapses":0})"));
  EXPECT_EQ(all.at("stages").as_array()[1],
            json::parse(R"({"id":"b","interactions":0,"customers":0,"share":0,"weight_share":0.333333,
              "touchpoints":[{"id":"page","interactions":40,"declared":true}],
              "channels":[{"id":"web","responses":10,"mean":0.5}]})"));
}

TEST_F(MapApiTest, CountsLapsesWithTheLongestWindowOnly) {
  WindowsStatus status = all_closed_at(3'600);
  Cell moves;
  moves.add({MeasureKind::kMove, kToLapse}, 3);
  status.moves = {{{Scope::kMoves, "page", "all"}, moves}};
  board_.publish(kFirstTask, status,
                 {row(kHour, Scope::kTouchpoint, "page", 1), row(kWeek, Scope::kTouchpoint, "page", 1)});
  EXPECT_EQ(all_segments("/api/v1/map").at("touchpoints").as_array()[0].at("lapses"), 3);
  EXPECT_EQ(all_segments("/api/v1/map?window=1h").at("touchpoints").as_array()[0].at("lapses"), 0);
}

TEST_F(MapApiTest, FollowsCustomersFromATouchpoint) {
  WindowsStatus status = all_closed_at(3'600);
  Cell from_ad;
  from_ad.add({MeasureKind::kMove, rules_->touchpoints().find("page")->value()}, 2);
  from_ad.add({MeasureKind::kMove, kToLapse}, 1);
  Cell from_page;
  from_page.add({MeasureKind::kMove, rules_->touchpoints().find("buy")->value()}, 1);
  Cell stay;
  stay.add({MeasureKind::kDuration, 0}, 2);
  status.moves = {{{Scope::kMoves, "ad", "all"}, from_ad},
                  {{Scope::kMoves, "page", "all"}, from_page},
                  {{Scope::kMoves, "page", "gold"}, from_page},
                  {{Scope::kStay, "a", "all"}, stay}};
  board_.publish(kFirstTask, status, {});
  const json::object all = body("/api/v1/journeys");
  EXPECT_EQ(all.at("start"), "2025-12-25T01:00:00.000Z");
  EXPECT_EQ(all.at("end"), "2026-01-01T01:00:00.000Z");
  EXPECT_EQ(all.at("steps").as_array()[0],
            json::parse(R"({"from":"ad","count":3,"next":[{"to":"page","count":2,"probability":0.666667},
                                                          {"to":"lapsed","count":1,"probability":0.333333}]})"));
  EXPECT_EQ(all.at("stays"), json::parse(R"([{"stage":"a","count":2,"p50":0,"p90":0,"p99":0}])"));
  EXPECT_EQ(values(all.at("steps").as_array(), "from"), (Texts{"ad", "page"}));
  EXPECT_EQ(values(body("/api/v1/journeys?from=page").at("steps").as_array(), "from"), (Texts{"page"}));
  EXPECT_TRUE(body("/api/v1/journeys?from=buy").at("steps").as_array().empty());
  const json::object gold = body("/api/v1/journeys?segment=gold");
  EXPECT_EQ(gold.at("segment"), "gold");
  EXPECT_EQ(values(gold.at("steps").as_array(), "from"), (Texts{"page"}));
  EXPECT_TRUE(gold.at("stays").as_array().empty());
}

TEST_F(MapApiTest, NamesTheEventsThatNoTouchpointTakes) {
  WindowsStatus status = all_closed_at(3'600);
  status.moves.emplace();
  status.rankings = {{{Scope::kUnmapped, "all", "all"}, {{"web page load", 2}, {"store greeting", 7}}}};
  board_.publish(kFirstTask, status, {});
  const auto expected = json::parse(R"([{"channel":"store","type":"greeting","interactions":7},
                                        {"channel":"web","type":"page load","interactions":2}])");
  EXPECT_EQ(body("/api/v1/map").at("unmapped"), expected);
  EXPECT_EQ(body("/api/v1/map?segment=gold").at("unmapped"), expected);
  EXPECT_TRUE(body("/api/v1/map?window=1h").at("unmapped").as_array().empty());
}

TEST_F(MapApiTest, NamesTheMostFrequentPathsOfASegment) {
  WindowsStatus status = all_closed_at(3'600);
  status.moves.emplace();
  status.rankings = {{{Scope::kPaths, "all", "all"},
                      {{"ad>page>" + std::string(kConversionEnd), 2}, {"call>" + std::string(kLapseEnd), 3}}},
                     {{Scope::kPaths, "all", "gold"}, {{"ad>" + std::string(kConversionEnd), 1}}}};
  board_.publish(kFirstTask, status, {});
  EXPECT_EQ(body("/api/v1/journeys").at("paths"), json::parse(R"([{"touchpoints":["call"],"end":"lapsed","count":3},
                            {"touchpoints":["ad","page"],"end":"conversion","count":2}])"));
  EXPECT_EQ(body("/api/v1/journeys?segment=gold").at("paths"),
            json::parse(R"([{"touchpoints":["ad"],"end":"conversion","count":1}])"));
  EXPECT_TRUE(body("/api/v1/journeys?segment=other").at("paths").as_array().empty());
}

TEST_F(MapApiTest, PicksRowsByScopeIdAndSegment) {
  board_.publish(kFirstTask, all_closed_at(3'600),
                 {row(kWeek, Scope::kAll, "all", 1), row(kWeek, Scope::kTouchpoint, "page", 2),
                  row(kHour, Scope::kTouchpoint, "page", 3)});
  board_.publish(kSecondTask, all_closed_at(3'600),
                 {row(kWeek, Scope::kTouchpoint, "page", 4, "gold"), row(kWeek, Scope::kChannel, "page", 5),
                  row(kWeek, Scope::kTouchpoint, "ad", 6)});
  const auto picked = [&](std::string_view query) {
    std::vector<std::int64_t> interactions;
    const json::object answer = body("/api/v1/windows" + std::string(query));
    for (const auto& each : answer.at("rows").as_array()) {
      interactions.push_back(each.at("interactions").as_int64());
    }
    std::sort(interactions.begin(), interactions.end());
    return interactions;
  };
  using Picked = std::vector<std::int64_t>;
  EXPECT_EQ(picked(""), (Picked{1, 2, 4, 5, 6}));
  EXPECT_EQ(picked("?window=1h"), (Picked{3}));
  EXPECT_EQ(picked("?scope=touchpoint"), (Picked{2, 4, 6}));
  EXPECT_EQ(picked("?id=page"), (Picked{2, 4, 5}));
  EXPECT_EQ(picked("?segment=gold"), (Picked{4}));
  EXPECT_EQ(picked("?segment=all&scope=touchpoint&id=page"), (Picked{2}));
  EXPECT_EQ(picked("?id=nothing"), Picked{});
}

TEST_F(MapApiTest, WritesARowAsTheWindowsTopicDoes) {
  board_.publish(kFirstTask, all_closed_at(3'600), {row(kHour, Scope::kTouchpoint, "page", 3, "gold")});
  EXPECT_EQ(get("/api/v1/windows?window=1h").body,
            R"({"rows":[{"window":"1h","start":"2026-01-01T00:00:00.000Z","end":"2026-01-01T01:00:00.000Z",)"
            R"("scope":"touchpoint","id":"page","segment":"gold","interactions":3,"customers":0,"conversions":0,)"
            "\"value\":0}]}\n");
}

TEST_F(MapApiTest, ReadsTheRowsOfCellsThatOtherProcessesCount) {
  Row elsewhere = row(kWeek, Scope::kTouchpoint, "call", 5);
  elsewhere.end = testing::at(7'200);
  const std::string told = row_json(elsewhere, rules_->settings().windows[kWeek], rules_->stages());
  std::shared_ptr<const Chronicle> chronicle;
  const RowsElsewhere both{[&] { return chronicle; }, 2};
  routes_ = map_routes(RulesNow(rules_), board_, both);
  EXPECT_EQ(get("/api/v1/map").status, 503U) << "it is still being made";

  chronicle = std::make_shared<PagedRows>(std::vector<std::string>{
      row_json(row(kWeek, Scope::kTouchpoint, "page", 3), rules_->settings().windows[kWeek], rules_->stages()), told});
  EXPECT_EQ(values(all_segments("/api/v1/map").at("touchpoints").as_array(), "id"), (Texts{"page", "call"}));
  EXPECT_EQ(body("/api/v1/map").at("end"), "2026-01-01T02:00:00.000Z") << "no task of its own says more";

  board_.publish(kFirstTask, all_closed_at(3'600), {row(kWeek, Scope::kTouchpoint, "page", 3)});
  EXPECT_EQ(values(all_segments("/api/v1/map").at("touchpoints").as_array(), "id"), (Texts{"page", "call"}));
  EXPECT_EQ(body("/api/v1/map").at("end"), "2026-01-01T01:00:00.000Z");

  // Who counts all cells needs to ask nobody.
  board_.publish(kSecondTask, all_closed_at(3'600), {});
  EXPECT_EQ(values(all_segments("/api/v1/map").at("touchpoints").as_array(), "id"), (Texts{"page"}));
}

TEST_F(MapApiTest, ForgetsATaskThatWentElsewhere) {
  board_.publish(kFirstTask, all_closed_at(3'600), {row(kWeek, Scope::kAll, "all", 70)});
  board_.withdraw(kFirstTask);
  EXPECT_EQ(all_segments("/api/v1/map").at("interactions"), 0);
  EXPECT_FALSE(body("/api/v1/map").contains("end"));
}

}  // namespace
}  // namespace touchstone
