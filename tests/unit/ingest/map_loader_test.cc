#include "ingest/map_loader.h"

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace touchstone {
namespace {

/// Everything the loader says about a text, a line each.
std::string said_of(const std::string& text) {
  const MapLoaded loaded = load_map_text(text, "map.yaml");
  EXPECT_EQ(loaded.map.has_value(), loaded.problems.empty());
  std::string lines;
  for (const Problem& problem : loaded.problems) lines += to_string(problem) + "\n";
  for (const Problem& warning : loaded.warnings) lines += "warning: " + to_string(warning) + "\n";
  return lines;
}

TouchpointMap loaded(const std::string& text) {
  EXPECT_EQ(said_of(text), "");
  return load_map_text(text, "map.yaml").map.value();
}

/// What is said of one `match`.
std::string said_of_match(const std::string& match) {
  return said_of("version: 1\ntouchpoints:\n  - id: a\n    match: " + match + "\n");
}

Conjunction match_of(const std::string& match) {
  return loaded("version: 1\ntouchpoints: [{id: a, match: " + match + "}]").touchpoints.at(0).match.at(0);
}

TEST(MapLoader, ReadsEveryKeyOfTheContract) {
  const TouchpointMap map = loaded(R"(
version: 1
name: Acme retail
lifecycle:
  stages: [awareness, knowledge, consideration, selection, satisfaction, loyalty, advocacy]
  weights: {selection: 3, loyalty: 2.5}
  lapse_after: 60d
segments:
  - {id: gold, name: {en: Gold, fa: طلایی}, when: {attributes.tier: gold}}
  - {id: named-only}
touchpoints:
  - id: web.product
    name: {en: Product page, pt-BR: Página}
    channel: web
    medium: digital
    contact: direct
    phase: before
    stages: [knowledge, consideration]
    match: {channel: web, type: page_view, attributes.path: "/product/*"}
    interactions: [product view, gallery, size guide]
    owner: web team
    process: catalogue publishing
    people: [merchandiser]
    need: compare products
    outcome: put into basket
    data: [page_view, dwell time]
    expect: {satisfaction: 0.8, wait_s: 30}
    moves: [{to: loyalty, when: {customer.conversions: {min: 2}}}, {to: consideration, back: true}]
    conversion: false
    feedback: true
)");
  EXPECT_EQ(map.name.at(""), "Acme retail");
  EXPECT_EQ(map.lifecycle.stages.size(), 7U);
  EXPECT_EQ(map.lifecycle.weights.at("loyalty"), 2.5);
  EXPECT_EQ(map.lifecycle.lapse_after, std::chrono::days{60});
  ASSERT_EQ(map.segments.size(), 2U);
  EXPECT_EQ(map.segments[0].name.at("fa"), "طلایی");
  EXPECT_EQ(map.segments[0].when.at(0).at(0).field, "attributes.tier");
  EXPECT_TRUE(map.segments[1].when.empty());
  const Touchpoint& touchpoint = map.touchpoints.at(0);
  EXPECT_EQ(touchpoint.id, "web.product");
  EXPECT_EQ(touchpoint.name.at("pt-BR"), "Página");
  EXPECT_EQ(touchpoint.channel, "web");
  EXPECT_EQ(touchpoint.medium, "digital");
  EXPECT_EQ(touchpoint.contact, "direct");
  EXPECT_EQ(touchpoint.phase, "before");
  EXPECT_EQ(touchpoint.stages, (std::vector<std::string>{"knowledge", "consideration"}));
  ASSERT_EQ(touchpoint.match.at(0).size(), 3U);
  EXPECT_EQ(touchpoint.match[0][2].condition.glob, "/product/*");
  EXPECT_EQ(touchpoint.interactions.size(), 3U);
  EXPECT_EQ(touchpoint.owner, "web team");
  EXPECT_EQ(touchpoint.process, "catalogue publishing");
  EXPECT_EQ(touchpoint.people, std::vector<std::string>{"merchandiser"});
  EXPECT_EQ(touchpoint.need, "compare products");
  EXPECT_EQ(touchpoint.outcome, "put into basket");
  EXPECT_EQ(touchpoint.data, (std::vector<std::string>{"page_view", "dwell time"}));
  EXPECT_EQ(touchpoint.expect.satisfaction, 0.8);
  EXPECT_EQ(touchpoint.expect.wait_s, 30);
  ASSERT_EQ(touchpoint.moves.size(), 2U);
  EXPECT_EQ(touchpoint.moves[0].when.at(0).at(0).condition.min, 2);
  EXPECT_FALSE(touchpoint.moves[0].back);
  EXPECT_TRUE(touchpoint.moves[1].when.empty());
  EXPECT_TRUE(touchpoint.moves[1].back);
  EXPECT_FALSE(touchpoint.conversion);
  EXPECT_TRUE(touchpoint.feedback);
}

TEST(MapLoader, NeedsLittleAndHasDefaults) {
  const TouchpointMap map = loaded("version: 1\ntouchpoints: [{id: a}]\n");
  EXPECT_EQ(map.lifecycle.stages, Lifecycle{}.stages);
  EXPECT_EQ(map.lifecycle.lapse_after, std::chrono::days{90});
  EXPECT_TRUE(map.name.empty());
  EXPECT_FALSE(map.touchpoints[0].channel.has_value());
  EXPECT_TRUE(loaded("version: 1\ntouchpoints: []\n").touchpoints.empty());
}

TEST(MapLoader, ReadsConditionsOfAllKinds) {
  EXPECT_EQ(match_of("{type: call}")[0].condition.equals, OwnedScalar(std::string("call")));
  EXPECT_EQ(match_of("{value: 5}")[0].condition.equals, OwnedScalar(std::int64_t{5}));
  EXPECT_EQ(match_of("{value: 5.0}")[0].condition.equals, OwnedScalar(5.0));
  EXPECT_EQ(match_of("{attributes.new: true}")[0].condition.equals, OwnedScalar(true));
  EXPECT_EQ(match_of("{attributes.new: yes}")[0].condition.equals, OwnedScalar(std::string("yes")));
  EXPECT_EQ(match_of("{attributes.new: \"5\"}")[0].condition.equals, OwnedScalar(std::string("5")));
  EXPECT_EQ(match_of("{type: \"store_?isit\"}")[0].condition.glob, "store_?isit");
  EXPECT_EQ(match_of("{feedback.about: {exists: false}}")[0].condition.exists, false);
  EXPECT_EQ(match_of("{attributes.q: {regex: \"^a+$\", exists: true}}")[0].condition.regex, "^a+$");
  const Condition list = match_of("{wait_s: [1, {min: 5, max: 6}, [7, 8]]}")[0].condition;
  ASSERT_EQ(list.any_of.size(), 3U);
  EXPECT_EQ(list.any_of[1].max, 6);
  EXPECT_EQ(list.any_of[2].any_of.size(), 2U);
  EXPECT_TRUE(match_of("{}").empty());
  EXPECT_EQ(match_of("{attributes.a.b: x}")[0].field, "attributes.a.b");
}

TEST(MapLoader, ReadsAListOfPredicatesAsAlternatives) {
  const TouchpointMap map = loaded("version: 1\ntouchpoints: [{id: a, match: [{type: x}, {type: y, channel: web}]}]");
  ASSERT_EQ(map.touchpoints[0].match.size(), 2U);
  EXPECT_EQ(map.touchpoints[0].match[1].size(), 2U);
}

TEST(MapLoader, LetsRulesNameIdsThatTheMapDoesNotHave) {
  EXPECT_EQ(said_of_match("{touchpoint: elsewhere, segment: unknown, channel: strange, feedback.about: no}"), "");
}

TEST(MapLoader, SharesPredicatesThroughAnchors) {
  const TouchpointMap map =
      loaded("version: 1\nsegments: [{id: s, when: &web {channel: web}}]\ntouchpoints: [{id: a, match: *web}]");
  EXPECT_EQ(map.touchpoints[0].match.size(), 1U);
}

TEST(MapLoader, ReportsProblemsSortedByPosition) {
  const MapLoaded map = load_map_text(
      "touchpoints: [{id: A}, {id: b, stages: [x]}]\nlifecycle: {stages: [x]}\nversion: 3\nversion: 1\n", "map.yaml");
  std::vector<int> lines;
  for (const Problem& problem : map.problems) lines.push_back(problem.line);
  EXPECT_EQ(lines, (std::vector<int>{1, 2, 3, 4}));
}

TEST(MapLoader, WarnsOfRulesThatCannotMatch) {
  EXPECT_EQ(said_of("version: 1\ntouchpoints:\n"
                    "  - {id: all-calls, match: {type: call}}\n"
                    "  - {id: long-calls, match: {type: call, wait_s: {min: 60}}}\n"),
            "warning: map.yaml:4:29: touchpoints[1].match: can never match: touchpoint \"all-calls\" before "
            "it always "
            "does\n");
  EXPECT_EQ(said_of("version: 1\ntouchpoints:\n"
                    "  - {id: long-calls, match: {type: call, wait_s: {min: 60}}}\n"
                    "  - {id: all-calls, match: {type: call}}\n"),
            "");
}

TEST(MapLoader, WarnsOfConditionsThatCannotHold) {
  EXPECT_EQ(said_of_match("{feedback.csat: {min: 9}}"),
            "warning: map.yaml:4:28: touchpoints[0].match.feedback.csat: never holds: feedback.csat is "
            "always from 1 "
            "to 5\n");
  EXPECT_EQ(said_of_match("{channel: 5}"),
            "warning: map.yaml:4:22: touchpoints[0].match.channel: never holds: channel is always a text\n");
  EXPECT_EQ(said_of_match("{time: 5, feedback.csat: {min: 5, max: 9}, value: {max: 0}}"), "");
}

TEST(MapLoader, HasALimitOnTouchpoints) {
  std::string text = "version: 1\ntouchpoints:\n";
  for (std::size_t i = 0; i <= kMostTouchpoints; ++i) {
    text += "  - {id: t" + std::to_string(i) + ", match: {type: t" + std::to_string(i) + "}}\n";
  }
  EXPECT_EQ(said_of(text), "map.yaml:3:3: touchpoints: has 4097 entries, at most 4096 are possible\n");
}

std::vector<std::filesystem::path> shipped_maps() {
  const std::filesystem::path deploy = std::filesystem::path(TOUCHSTONE_SOURCE_DIR) / "deploy";
  std::vector<std::filesystem::path> maps;
  for (const char* folder : {"maps", "data"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(deploy / folder)) {
      const bool is_map = std::string_view(folder) == "maps" ? entry.path().extension() == ".yaml"
                                                             : entry.path().filename() == "map.yaml";
      if (is_map) maps.push_back(entry.path());
    }
  }
  return maps;
}

TEST(MapLoader, FindsNothingWrongWithTheShippedMaps) {
  const auto maps = shipped_maps();
  EXPECT_GE(maps.size(), 3U);
  for (const auto& path : maps) {
    const MapLoaded map = load_map(path.string());
    for (const Problem& problem : map.problems) ADD_FAILURE() << to_string(problem);
    for (const Problem& warning : map.warnings) ADD_FAILURE() << "warning: " << to_string(warning);
    ASSERT_TRUE(map.map.has_value()) << path;
    EXPECT_FALSE(map.map->touchpoints.empty()) << path;
  }
}

}  // namespace
}  // namespace touchstone
