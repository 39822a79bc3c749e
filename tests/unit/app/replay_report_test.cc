// The report at the end of a replay is made of derived records alone; here they are written by hand.
#include "app/replay_report.h"

#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/map_loader.h"

namespace touchstone {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kReportMap = R"(
version: 1
name: A shop
lifecycle: {stages: [known, bought]}
segments: [{id: gold, when: {attributes.tier: gold}}]
touchpoints:
  - {id: till, channel: store, match: {type: purchase}, conversion: true, expect: {satisfaction: 0.8, wait_s: 60}}
  - {id: phone, channel: phone, stages: [known], match: {type: call}, expect: {satisfaction: 0.7}}
  - {id: page, channel: web, stages: [known], match: {type: page_view}}
  - {id: scent, medium: sensory}
)";

Settings without_the_longest() {
  Settings settings;
  settings.windows.pop_back();
  settings.has_longest = false;
  return settings;
}

class ReplayReportTest : public testing::Test {
 protected:
  explicit ReplayReportTest(Settings settings = {})
      : rules_(*load_map_text(kReportMap, "map.yaml").map, std::move(settings)), report_(rules_, names_) {}

  void take_row(const std::string& key, const std::string& measures, const std::string& end = kEnd) {
    report_.take(names_.windows, key, R"({"end":")" + end + R"(",)" + measures + "}");
  }
  void take_lapse(const std::string& time, const std::string& cause, int times = 1) {
    for (int i = 0; i < times; ++i) {
      report_.take(names_.transitions, "ann",
                   R"({"time":")" + time + R"(","customer":"ann","segment":"gold","from":"known","to":"lapsed",)" +
                       R"("cause":")" + cause + R"("})");
    }
  }
  void take_interaction(const std::string& touchpoint, const std::string& channel, const std::string& type,
                        int times = 1) {
    for (int i = 0; i < times; ++i) {
      report_.take(names_.interactions, "ann",
                   R"({"type":")" + type + R"(","channel":")" + channel + R"(","touchpoint":")" + touchpoint +
                       R"(","segment":"other","stage":"known"})");
    }
  }
  std::string printed() const {
    std::ostringstream out;
    report_.print(out);
    return out.str();
  }

  static constexpr const char* kEnd = "2026-11-21T17:00:00.000Z";

  TopicNames names_;
  Rules rules_;
  ReplayReport report_;
};

class ShortReplayReportTest : public ReplayReportTest {
 protected:
  ShortReplayReportTest() : ReplayReportTest(without_the_longest()) {}
};

TEST_F(ReplayReportTest, HasOnlyTheTableWhereNoWindowHasClosed) {
  take_interaction("phone", "phone", "call", 3);
  const std::string text = printed();
  EXPECT_THAT(text, HasSubstr("by segment and stage"));
  EXPECT_THAT(text, Not(HasSubstr("up to")));
  EXPECT_THAT(text, Not(HasSubstr("pain points")));
}

TEST_F(ReplayReportTest, ReadsTheLongestWindowAsItLastClosed) {
  take_row("7d/touchpoint/phone/all", R"("interactions":9,"satisfaction":{"responses":100,"mean":0.9})");
  take_row("7d/touchpoint/phone/all", R"("interactions":9,"satisfaction":{"responses":100,"mean":0.5})",
           "2026-11-21T18:00:00.000Z");
  take_row("24h/touchpoint/till/all", R"("interactions":9,"satisfaction":{"responses":100,"mean":0})",
           "2026-11-21T19:00:00.000Z");
  const std::string text = printed();
  EXPECT_THAT(text, HasSubstr("all segments, the 7d up to 2026-11-21T18:00:00.000Z"));
  EXPECT_THAT(text, HasSubstr("phone                0.50 (0.40..0.60) of 0.70, 100 responses\n"));
  EXPECT_THAT(text, Not(HasSubstr("of 0.80")));
}

TEST_F(ReplayReportTest, SaysWhereAPainPointMayBeChanceAndTheWorstFirst) {
  take_row("7d/touchpoint/phone/all", R"("satisfaction":{"responses":10,"mean":0.6})");
  take_row("7d/touchpoint/till/all", R"("satisfaction":{"responses":10,"mean":0.1})");
  const std::string text = printed();
  EXPECT_THAT(text, HasSubstr("phone                0.60 (0.31..0.83) of 0.70, 10 responses, may be chance\n"));
  EXPECT_THAT(text, HasSubstr("till                 0.10 (0.02..0.40) of 0.80, 10 responses\n"));
  EXPECT_LT(text.find("till "), text.find("phone  "));
}

TEST_F(ReplayReportTest, MakesNoPainPointOfFourResponses) {
  take_row("7d/touchpoint/till/all", R"("satisfaction":{"responses":4,"mean":0})");
  EXPECT_THAT(printed(), HasSubstr("pain points  unknown"));
  take_row("7d/touchpoint/till/all", R"("satisfaction":{"responses":5,"mean":0})");
  EXPECT_THAT(printed(), HasSubstr("of 0.80, 5 responses"));
}

TEST_F(ReplayReportTest, ReadsAllSegmentsTogether) {
  take_row("7d/touchpoint/till/gold", R"("satisfaction":{"responses":100,"mean":0})");
  take_row("7d/touchpoint/till/all", R"("satisfaction":{"responses":100,"mean":0.9})");
  EXPECT_THAT(printed(), HasSubstr("pain points  none"));
}

TEST_F(ReplayReportTest, TellsWhereCustomersWaitTooLong) {
  take_row("7d/touchpoint/till/all", R"("interactions":3,"wait_s":{"count":5,"p50":60.001,"p90":70,"p99":70})");
  EXPECT_THAT(printed(), HasSubstr("till                 60 s of 60 s, 5 waits"));
  take_row("7d/touchpoint/till/all", R"("interactions":3,"wait_s":{"count":5,"p50":60,"p90":700,"p99":700})");
  EXPECT_THAT(printed(), Not(HasSubstr("slow")));
  take_row("7d/touchpoint/till/all", R"("interactions":3,"wait_s":{"count":4,"p50":90,"p90":90,"p99":90})");
  EXPECT_THAT(printed(), Not(HasSubstr("slow")));
}

TEST_F(ReplayReportTest, SetsUseAgainstTheCreditByRemovalEffect) {
  take_row("7d/touchpoint/phone/all",
           R"("interactions":80,"credit":{"linear":{"conversions":90},"markov":{"conversions":10}})");
  take_row("7d/touchpoint/page/all",
           R"("interactions":20,"credit":{"linear":{"conversions":10},"markov":{"conversions":90}})");
  const std::string text = printed();
  EXPECT_THAT(text, HasSubstr("over-used    share of interactions, and of the credit for conversions\n"
                              "  phone                80.0 %, 10.0 %\n"));
  EXPECT_THAT(text, HasSubstr("under-used   share of interactions, and of the credit for conversions\n"
                              "  page                 20.0 %, 90.0 %\n"));
}

TEST_F(ShortReplayReportTest, SetsUseAgainstLinearCreditWhereTheLongestWindowIsLeftOut) {
  take_row("24h/touchpoint/phone/all", R"("interactions":80,"credit":{"linear":{"conversions":10,"value":0}})");
  take_row("24h/touchpoint/page/all", R"("interactions":20,"credit":{"linear":{"conversions":90,"value":0}})");
  EXPECT_THAT(printed(), HasSubstr("phone                80.0 %, 10.0 %"));
}

TEST_F(ReplayReportTest, CallsAStageUnevenFromATenthOn) {
  take_row("7d/touchpoint/phone/all", R"("satisfaction":{"responses":9,"mean":0.8})");
  take_row("7d/touchpoint/page/all", R"("satisfaction":{"responses":9,"mean":0.71})");
  EXPECT_THAT(printed(), Not(HasSubstr("uneven")));
  take_row("7d/touchpoint/page/all", R"("satisfaction":{"responses":9,"mean":0.7})");
  EXPECT_THAT(printed(), HasSubstr("known                phone 0.80, web 0.70"));
}

TEST_F(ReplayReportTest, CountsTheLapsesWithinTheWindow) {
  take_lapse("2026-11-14T16:59:59.999Z", "till", 5);  // a moment before the window begins
  take_lapse("2026-11-14T17:00:00.000Z", "page", 1);
  take_lapse("2026-11-21T16:59:59.999Z", "phone", 2);
  take_row("7d/all/all/all", R"("interactions":1)");
  const std::string text = printed();
  EXPECT_THAT(text, HasSubstr("  phone                2 of 3\n  page                 1 of 3\n"));
  EXPECT_THAT(text, Not(HasSubstr("5 of")));
}

TEST_F(ReplayReportTest, TakesNoOtherTransitionForALapse) {
  report_.take(names_.transitions, "ann",
               R"({"time":"2026-11-21T16:00:00.000Z","customer":"ann","segment":"gold","from":"lapsed","to":"known",)"
               R"("cause":"phone"})");
  take_row("7d/all/all/all", R"("interactions":1)");
  EXPECT_THAT(printed(), Not(HasSubstr("obstacles")));
}

TEST_F(ReplayReportTest, NamesTheSilentInMapOrder) {
  take_row("7d/touchpoint/phone/all", R"("interactions":1)");
  take_row("7d/touchpoint/page/gold", R"("interactions":1)");
  EXPECT_THAT(printed(), HasSubstr("silent       till, page, scent\n"));
}

TEST_F(ReplayReportTest, TellsWhatTheMapDoesNotKnow) {
  take_row("7d/all/all/all", R"("interactions":8)");
  take_row("7d/touchpoint/unmapped/all", R"("interactions":1)");
  take_interaction("unmapped", "web", "download", 2);
  take_interaction("unmapped", "store", "greeting", 7);
  take_interaction("phone", "phone", "call", 9);
  const std::string text = printed();
  EXPECT_THAT(text, HasSubstr("unmapped     12.5 % of interactions\n"));
  EXPECT_THAT(text, HasSubstr("unmapped in the whole input, by channel and type\n"
                              "  store greeting                   7\n"
                              "  web download                     2\n"));
  EXPECT_THAT(text, Not(HasSubstr("phone call")));
  EXPECT_THAT(text, Not(HasSubstr("others")));
}

TEST_F(ReplayReportTest, AddsUpTheUnmappedBeyondTen) {
  take_row("7d/all/all/all", R"("interactions":8)");
  for (int kind = 1; kind <= 12; ++kind) take_interaction("unmapped", "web", "kind" + std::to_string(kind), kind);
  const std::string text = printed();
  EXPECT_THAT(text, HasSubstr("  web kind12                       12\n"));
  EXPECT_THAT(text, HasSubstr("  web kind3                        3\n  others                           3\n"));
  EXPECT_THAT(text, Not(HasSubstr("web kind2 ")));
}

TEST_F(ReplayReportTest, BoundsWhatItRemembersOfTheUnmapped) {
  take_row("7d/all/all/all", R"("interactions":8)");
  for (int kind = 0; kind < 1'200; ++kind) take_interaction("unmapped", "web", "kind" + std::to_string(kind));
  take_interaction("unmapped", "web", "kind0", 4);
  take_interaction("unmapped", "web", "kind1199", 40);  // came when there was no more room
  EXPECT_THAT(printed(), HasSubstr("  web kind0                        5\n"));
  EXPECT_THAT(printed(), HasSubstr("  others                           1230\n"));
  EXPECT_THAT(printed(), Not(HasSubstr("kind1199")));
}

}  // namespace
}  // namespace touchstone
