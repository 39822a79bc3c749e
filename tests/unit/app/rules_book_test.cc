#include "app/rules_book.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "ingest/map_loader.h"

namespace touchstone {
namespace {

constexpr const char* kMap = "version: 1\nname: a shop\ntouchpoints: [{id: one, match: {type: call}}]\n";
constexpr const char* kOther = "version: 1\nname: a shop\ntouchpoints: [{id: two, match: {type: call}}]\n";

std::shared_ptr<const Rules> rules_of(const std::string& map, Settings settings = {}) {
  return std::make_shared<const Rules>(load_map_text(map, "a map").map.value(), std::move(settings));
}

Settings odd_settings() {
  Settings settings;
  settings.max_future = Millis{1};
  settings.duplicates_within = Millis{2};
  settings.duplicate_ids = 3;
  settings.lookback = Millis{4};
  settings.max_touches = 5;
  settings.rating_within = Millis{6};
  settings.decay_half_life = Millis{7};
  settings.alerts = {0.1, Millis{8}, 0.3, {true, false, true, false}};
  settings.zone = {Millis{9}, {{EventTime{Millis{-10}}, Millis{11}}, {EventTime{Millis{12}}, Millis{-13}}}};
  return settings;
}

TEST(RulesBook, MakesFormerRulesFromTheirText) {
  const std::string text = rules_text(odd_settings(), kMap);
  RulesBook book(rules_of(kOther), kOther);
  const auto recorded = book.recorded(text);
  ASSERT_TRUE(recorded) << recorded.error().message();
  EXPECT_TRUE(recorded->rules->touchpoints().find("one"));
  EXPECT_EQ(*recorded->text, text);
  EXPECT_EQ(rules_text(recorded->rules->settings(), kMap), text) << "every setting is as it was";
  EXPECT_EQ(book.recorded(text)->text, recorded->text) << "one text is one object";
  EXPECT_FALSE(book.current().rules->touchpoints().find("one")) << "what is in force has not changed";
}

TEST(RulesBook, KeepsOneObjectForEachText) {
  RulesBook book(rules_of(kMap), kMap);
  const RulesInForce first = book.current();
  EXPECT_FALSE(book.change(rules_of(kMap), kMap));
  EXPECT_EQ(book.current().text, first.text);
  EXPECT_TRUE(book.change(rules_of(kOther), kOther));
  EXPECT_NE(book.current().text, first.text);
  EXPECT_EQ(book.recorded(*first.text)->text, first.text);
  EXPECT_TRUE(book.change(rules_of(kMap), kMap));
  EXPECT_EQ(book.current().text, first.text);
}

TEST(RulesBook, RefusesATextThatItCannotRead) {
  RulesBook book(rules_of(kMap), kMap);
  for (const char* text : {"", "{}", "[1]", R"({"map":1})"}) EXPECT_FALSE(book.recorded(text)) << text;
  const std::string wrong = rules_text(Settings{}, "version: 2\n");
  const auto refused = book.recorded(wrong);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("the recorded map:1"), std::string::npos) << refused.error().message();
}

}  // namespace
}  // namespace touchstone
