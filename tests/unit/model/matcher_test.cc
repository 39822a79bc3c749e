#include "engine/model/matcher.h"

#include <gtest/gtest.h>

#include "tests/support/maps.h"

namespace touchstone {
namespace {

using testing::equals;

std::vector<Predicate> many_rules(int count) {
  std::vector<Predicate> rules;
  for (int i = 0; i < count; ++i) {
    rules.push_back({{equals("type", std::string("page_view")), equals("attributes.page", std::int64_t{i})}});
  }
  return rules;
}

TEST(Matcher, TakesTheFirstRuleThatHolds) {
  const Matcher matcher({{{equals("type", std::string("call"))}},
                         {{equals("channel", std::string("web"))}},
                         {{equals("type", std::string("page_view"))}}});
  Event event = testing::event("page_view", 0);
  EXPECT_EQ(matcher.first_match({event}), 2U);
  event[Field::kChannel] = std::string_view("web");
  EXPECT_EQ(matcher.first_match({event}), 1U);
  event[Field::kType] = std::string_view("chat");
  event[Field::kChannel] = {};
  EXPECT_EQ(matcher.first_match({event}), std::nullopt);
}

TEST(Matcher, DoesNotTryAThousandRulesForAnEvent) {
  const Matcher matcher(many_rules(1'000));
  Event event = testing::event("page_view", 0);
  event.attributes.emplace_back("page", std::int64_t{777});
  std::size_t tried = 0;
  EXPECT_EQ(matcher.first_match({event}, &tried), 777U);
  EXPECT_EQ(tried, 1U);
}

TEST(Matcher, ComparesNumbersByValueAndTypesStrictly) {
  const Matcher matcher({{{equals("value", std::int64_t{5})}}, {{equals("attributes.x", std::string("5"))}}});
  Event event = testing::event("x", 0);
  event[Field::kValue] = 5.0;
  EXPECT_EQ(matcher.first_match({event}), 0U);
  event[Field::kValue] = {};
  event.attributes.emplace_back("x", std::int64_t{5});
  EXPECT_EQ(matcher.first_match({event}), std::nullopt);
}

TEST(Matcher, FilesAListUnderEachOfItsValues) {
  Condition either;
  either.any_of = {equals("", std::string("chat")).condition, equals("", std::string("call")).condition};
  const Matcher matcher({{{{"type", either}}}});
  EXPECT_EQ(matcher.first_match({testing::event("call", 0)}), 0U);
  EXPECT_EQ(matcher.first_match({testing::event("chat", 0)}), 0U);
  EXPECT_EQ(matcher.first_match({testing::event("mail", 0)}), std::nullopt);
}

TEST(Matcher, AgreesWithTryingEveryRuleInTurn) {
  std::vector<Predicate> rules = many_rules(50);
  Condition exists;
  exists.exists = true;
  Condition range;
  range.min = 10;
  range.max = 20;
  rules.insert(rules.begin() + 7, {{{"attributes.late", exists}}});
  rules.insert(rules.begin() + 3, {{{"value", range}}, {equals("attributes.page", std::int64_t{30})}});
  const Matcher matcher(rules);
  for (int page = 0; page < 60; ++page) {
    for (int value = 5; value < 25; value += 5) {
      Event event = testing::event("page_view", 0);
      event[Field::kValue] = static_cast<double>(value);
      event.attributes.emplace_back("page", std::int64_t{page});
      std::optional<std::size_t> expected;
      for (std::size_t i = 0; i < rules.size() && !expected; ++i) {
        if (CompiledPredicate(rules[i]).holds({event})) expected = i;
      }
      ASSERT_EQ(matcher.first_match({event}), expected) << page << " " << value;
    }
  }
}

}  // namespace
}  // namespace touchstone
