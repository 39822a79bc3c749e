// The demo's summary is made of derived records alone; here they are written by hand.
#include "app/summary.h"

#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/map_loader.h"

namespace touchstone {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kMap = R"(
version: 1
name: A shop
lifecycle: {stages: [known, bought]}
segments: [{id: gold, when: {attributes.tier: gold}}]
touchpoints:
  - {id: till, match: {type: purchase}, conversion: true, expect: {satisfaction: 0.8}}
  - {id: phone, match: {type: call}, expect: {satisfaction: 0.7}}
)";

class SummaryTest : public testing::Test {
 protected:
  SummaryTest() : rules_(*load_map_text(kMap, "map.yaml").map, Settings{}), summary_(rules_, names_, "1m") {}

  void take(const std::string& topic, const std::string& key, const std::string& value,
            std::vector<HeaderView> headers = {}) {
    Record record;
    record.topic = topic;
    record.key = key;
    record.value = value;
    record.headers = std::move(headers);
    summary_.take(record);
  }
  void take_row(const std::string& key, const std::string& measures) {
    take(names_.windows, key, R"({"end":"2026-11-21T17:00:05.000Z",)" + measures + "}");
  }
  std::string printed(Layout layout = {}) const {
    std::ostringstream out;
    summary_.print(layout, out);
    return out.str();
  }

  TopicNames names_;
  Rules rules_;
  Summary summary_;
};

TEST_F(SummaryTest, SaysSoWhileNothingHasClosed) { EXPECT_THAT(printed(), HasSubstr("No window has closed")); }

TEST_F(SummaryTest, ShowsTheLastRowOfEachCellOfItsWindow) {
  take_row("1m/stage/known/gold", R"("interactions":7,"satisfaction":{"responses":2,"mean":0.25})");
  take_row("1m/stage/known/gold", R"("interactions":12,"satisfaction":{"responses":4,"mean":0.75})");
  take_row("1m/stage/bought/all", R"("interactions":5,"customers":3)");
  take_row("5m/stage/known/gold", R"("interactions":99)");
  const std::string text = printed();
  EXPECT_THAT(text, HasSubstr("1m up to 2026-11-21 17:00:05 UTC"));
  EXPECT_THAT(text, HasSubstr("12 0.75"));
  EXPECT_THAT(text, HasSubstr("3 bought"));
  EXPECT_THAT(text, Not(HasSubstr("99")));
  EXPECT_THAT(text, Not(HasSubstr("0.25")));
}

TEST_F(SummaryTest, NamesWhatIsWorseThanTheMapExpectsAndTheWorstFirst) {
  take_row("1m/touchpoint/till/all", R"("satisfaction":{"responses":9,"mean":0.5})");
  take_row("1m/touchpoint/phone/all", R"("satisfaction":{"responses":9,"mean":0.6})");
  const std::string text = printed();
  EXPECT_THAT(text, HasSubstr("of 0.80, 9 responses"));
  EXPECT_THAT(text, HasSubstr("of 0.70, 9 responses"));
  EXPECT_LT(text.find("till"), text.find("phone"));
}

TEST_F(SummaryTest, MakesNothingOfAFewResponses) {
  take_row("1m/touchpoint/till/all", R"("satisfaction":{"responses":2,"mean":0})");
  EXPECT_THAT(printed(), HasSubstr("pain points  unknown"));
}

TEST_F(SummaryTest, ShowsAlertsAndTransitionsAsTheyCome) {
  take_row("1m/all/all/all", R"("interactions":1)");
  take(names_.alerts, "satisfaction-drop/touchpoint/till/all",
       R"({"state":"firing","kind":"satisfaction-drop","scope":"touchpoint","id":"till","segment":"all",)"
       R"("at":"2026-11-21T17:00:00.000Z","observed":0.4,"baseline":0.85})");
  take(names_.transitions, "c1",
       R"({"time":"2026-11-21T16:59:59.000Z","customer":"c1","segment":"gold","to":"known","cause":"phone"})");
  const std::string text = printed();
  EXPECT_THAT(text, HasSubstr("firing satisfaction-drop at touchpoint till (all): 0.40, usually 0.85"));
  EXPECT_THAT(text, HasSubstr("16:59:59 c1 (gold): new -> known, phone"));
}

TEST_F(SummaryTest, CountsWhatComesOfEachTopic) {
  take(names_.interactions, "c1", R"({"type":"call","late":true})");
  take(names_.interactions, "c1", R"({"type":"call","late":false})");
  take(names_.conversions, "c1", "{}");
  take(names_.dead_letters, "", "{", {{"touchstone.reason", "malformed"}});
  EXPECT_EQ(summary_.counts().interactions, 2U);
  EXPECT_EQ(summary_.counts().late, 1U);
  EXPECT_EQ(summary_.counts().conversions, 1U);
  EXPECT_EQ(summary_.counts().dead_letters.at("malformed"), 1U);
}

TEST_F(SummaryTest, PrintsAWideTableInPartsWhereTheTerminalIsNarrow) {
  take_row("1m/stage/known/all", R"("interactions":1)");
  std::istringstream text(printed({.columns = 30}));
  int headers = 0;
  for (std::string line; std::getline(text, line);) headers += line.starts_with("segment") ? 1 : 0;
  EXPECT_EQ(headers, 2);
}

}  // namespace
}  // namespace touchstone
