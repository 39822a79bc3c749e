// Rows read back from their JSON.
#include "exporters/window_rows.h"

#include <string>

#include <gtest/gtest.h>

#include "engine/wire/json.h"
#include "tests/support/maps.h"

namespace touchstone {
namespace {

class WindowRowsTest : public ::testing::Test {
 protected:
  std::string json_of(const Row& row) const {
    return row_json(row, rules_->settings().windows[row.window], rules_->stages());
  }
  std::string key_of(const Row& row) const { return row_key(row, rules_->settings().windows[row.window]); }

  std::shared_ptr<const Rules> rules_ = testing::small_rules();
  const std::size_t week_ = rules_->settings().windows.size() - 1;
  WindowRows rows_{*rules_, rules_->settings().windows.back().name};
};

Measures full_measures(const Rules& rules) {
  Measures measures;
  measures.interactions = 12;
  measures.customers = 9;
  measures.conversions = 2;
  measures.value = -123'456;
  measures.satisfaction = Mean{3, 733'333};
  measures.wait = Lengths{4, 12'000, 40'500, 41'001};
  measures.stages = {{*rules.stages().find("a"), 5}, {*rules.stages().find("c"), 7}};
  measures.credit = {{CreditModel::kFirst, 1'500'000, 0}, {CreditModel::kMarkov, 333'333, 0}};
  return measures;
}

TEST_F(WindowRowsTest, ReadsWhatWasWritten) {
  const Row row{week_, testing::at(3'600), {Scope::kTouchpoint, "page", "gold"}, full_measures(*rules_)};
  rows_.take(key_of(row), json_of(row));
  EXPECT_EQ(rows_.row(Scope::kTouchpoint, "page", "gold"), row.measures);
  EXPECT_EQ(rows_.end(), "2026-01-01T01:00:00.000Z");
  WindowRows without_keys(*rules_, rows_.window());
  without_keys.take(json_of(row));
  EXPECT_EQ(without_keys.rows(), rows_.rows());
  EXPECT_EQ(without_keys.end(), rows_.end());
}

TEST_F(WindowRowsTest, KeepsTheLastRowOfACell) {
  Row row{week_, testing::at(3'600), {Scope::kAll, "all", "all"}, {}};
  row.measures.interactions = 1;
  rows_.take(json_of(row));
  row.measures.interactions = 2;
  rows_.take(key_of(row), json_of(row));
  EXPECT_EQ(rows_.rows().size(), 1U);
  EXPECT_EQ(rows_.row(Scope::kAll, "all", "all").interactions, 2);
  EXPECT_EQ(rows_.row(Scope::kAll, "all", "gold").interactions, 0);
}

TEST_F(WindowRowsTest, PassesOverOtherWindowsAndWhatIsNoRow) {
  const Row of_an_hour{week_ - 2, testing::at(3'600), {Scope::kAll, "all", "all"}, {}};
  rows_.take(json_of(of_an_hour));
  rows_.take(key_of(of_an_hour), json_of(of_an_hour));
  for (const char* value : {"", "7", "[]", "{", "{}", R"({"window":"7d"})", R"({"window":7,"scope":[],"id":{}})",
                            R"({"window":"7d","scope":"street","id":"a","segment":"all"})"}) {
    rows_.take(value);
  }
  rows_.take("7d/all/all/all", "no object");
  rows_.take("7d/all/all", "{}");
  EXPECT_TRUE(rows_.rows().empty());
  EXPECT_TRUE(rows_.end().empty());
}

TEST_F(WindowRowsTest, TakesMeasuresOfAnotherKindForNone) {
  rows_.take("7d/all/all/all", R"({"interactions":"many","customers":null,"satisfaction":3,"wait_s":[],
                                   "stages":{"a":"few","nowhere":3},"credit":{"first":1,"best":{}},"end":5})");
  EXPECT_EQ(rows_.rows().size(), 1U);
  EXPECT_EQ(rows_.row(Scope::kAll, "all", "all"), Measures{});
}

}  // namespace
}  // namespace touchstone
