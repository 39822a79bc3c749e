#include "engine/model/implies.h"

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace touchstone {
namespace {

template <auto kPart, typename T>
Condition with(T value) {
  Condition condition;
  condition.*kPart = std::move(value);
  return condition;
}
Condition equal(OwnedScalar value) { return with<&Condition::equals>(std::move(value)); }
Condition text(const char* value) { return equal(std::string(value)); }
Condition glob(const char* pattern) { return with<&Condition::glob>(pattern); }
Condition regex(const char* pattern) { return with<&Condition::regex>(pattern); }
Condition at_least(double min) { return with<&Condition::min>(min); }
Condition at_most(double max) { return with<&Condition::max>(max); }
Condition present() { return with<&Condition::exists>(true); }
Condition absent() { return with<&Condition::exists>(false); }
Condition any_of(std::vector<Condition> choices) { return with<&Condition::any_of>(std::move(choices)); }
Condition between(double min, double max) {
  Condition condition = at_least(min);
  condition.max = max;
  return condition;
}

Condition glob_and_regex(const char* pattern, const char* expression) {
  Condition condition = glob(pattern);
  condition.regex = expression;
  return condition;
}

/// Whether, of one attribute, the first condition implies the second.
bool within(Condition later, Condition earlier) {
  return implies({{{"attributes.x", std::move(later)}}}, {{{"attributes.x", std::move(earlier)}}});
}

TEST(Implies, EqualScalarsImplyThemselvesWithTypesAgreeing) {
  EXPECT_TRUE(within(text("a"), text("a")));
  EXPECT_FALSE(within(text("a"), text("b")));
  EXPECT_TRUE(within(equal(std::int64_t{1}), equal(1.0)));
  EXPECT_FALSE(within(equal(std::int64_t{1}), text("1")));
  EXPECT_FALSE(within(equal(true), equal(std::int64_t{1})));
}

TEST(Implies, AScalarIsAskedOfTheEarlierCondition) {
  EXPECT_TRUE(within(text("/product/1"), glob("/product/*")));
  EXPECT_FALSE(within(text("/products"), glob("/product/*")));
  EXPECT_TRUE(within(text("abc"), regex("b")));
  EXPECT_FALSE(within(text("abc"), regex("^b")));
  EXPECT_TRUE(within(equal(5.0), between(1, 5)));
  EXPECT_FALSE(within(text("5"), between(1, 5)));
  EXPECT_TRUE(within(text("a"), any_of({text("b"), text("a")})));
  EXPECT_TRUE(within(text("a"), present()));
  EXPECT_FALSE(within(text("a"), absent()));
}

TEST(Implies, ListsAreWithinWhenEachChoiceIs) {
  EXPECT_TRUE(within(any_of({text("a"), text("b")}), any_of({text("c"), text("b"), text("a")})));
  EXPECT_FALSE(within(any_of({text("a"), text("d")}), any_of({text("c"), text("b"), text("a")})));
  EXPECT_FALSE(within(any_of({text("a"), text("b")}), text("a")));
  EXPECT_TRUE(within(any_of({text("ab"), glob("a?c")}), glob("a*")));
}

TEST(Implies, RangesAreWithinWiderRanges) {
  EXPECT_TRUE(within(between(2, 3), between(1, 3)));
  EXPECT_FALSE(within(between(2, 4), between(1, 3)));
  EXPECT_TRUE(within(between(2, 4), at_least(2)));
  EXPECT_FALSE(within(at_least(2), between(2, 4)));
  EXPECT_TRUE(within(at_most(1), at_most(1)));
  EXPECT_FALSE(within(at_most(1), at_least(0)));
}

TEST(Implies, WhateverNeedsAValueImpliesThatOneExists) {
  for (const Condition& condition :
       {text("a"), glob("*"), regex("x"), at_least(0), at_most(0), present(), any_of({text("a"), at_least(1)})}) {
    EXPECT_TRUE(within(condition, present()));
    EXPECT_FALSE(within(condition, absent()));
  }
  EXPECT_TRUE(within(absent(), absent()));
  EXPECT_FALSE(within(absent(), present()));
  EXPECT_FALSE(within(any_of({text("a"), absent()}), present()));
}

TEST(Implies, ReadsPatternsByForm) {
  EXPECT_TRUE(within(glob("/a/*"), glob("/*")));
  EXPECT_TRUE(within(glob("/a?/*"), glob("/a*")));
  EXPECT_TRUE(within(glob("a?c"), glob("a??")));
  EXPECT_FALSE(within(glob("a*"), glob("a?")));
  EXPECT_FALSE(within(glob("/*"), glob("/a/*")));
  EXPECT_TRUE(within(regex("^a"), regex("^a")));
  EXPECT_FALSE(within(regex("^ab"), regex("^a")));  // true, but not by form
  EXPECT_TRUE(within(regex("^ab"), glob("*")));
  EXPECT_FALSE(within(at_least(1), glob("*")));
}

TEST(Implies, EveryFieldOfTheEarlierMustBeGuaranteed) {
  const Conjunction calls = {{"type", text("call")}};
  const Conjunction long_calls = {{"type", text("call")}, {"wait_s", at_least(60)}};
  EXPECT_TRUE(implies({long_calls}, {calls}));
  EXPECT_FALSE(implies({calls}, {long_calls}));
  EXPECT_FALSE(implies({{{"channel", text("call")}}}, {calls}));
}

TEST(Implies, EachAlternativeMustBeCovered) {
  const Conjunction a = {{"type", text("a")}};
  const Conjunction b = {{"type", text("b")}};
  const Conjunction either = {{"type", any_of({text("a"), text("b")})}};
  EXPECT_TRUE(implies({a, b}, {either}));
  EXPECT_TRUE(implies({either}, {a, b}));
  EXPECT_FALSE(implies({either}, {a}));
  EXPECT_FALSE(implies({a, b}, {b}));
}

TEST(Implies, TheEmptyConjunctionHoldsAlwaysAndNoPredicateNever) {
  const Predicate always = {{}};
  EXPECT_TRUE(implies({{{"type", text("a")}}}, always));
  EXPECT_TRUE(implies(always, always));
  EXPECT_FALSE(implies(always, {{{"type", text("a")}}}));
  EXPECT_FALSE(implies({}, always));
  EXPECT_FALSE(implies(always, {}));
}

TEST(Implies, KnowsWhatIsNeverAbsent) {
  EXPECT_TRUE(implies({{{"channel", text("web")}}}, {{{"type", present()}}}));
  EXPECT_TRUE(implies({{{"channel", text("web")}}}, {{{"type", glob("*")}}}));
  EXPECT_TRUE(implies({{}}, {{{"customer.conversions", present()}}}));
  EXPECT_FALSE(implies({{}}, {{{"customer.conversions", glob("*")}}}));
  EXPECT_FALSE(implies({{{"type", text("a")}}}, {{{"channel", present()}}}));
}

TEST(Implies, GivesUpOnListsWithoutEnd) {
  Conjunction many;
  std::vector<Condition> letters;
  for (char c = 'a'; c <= 'z'; ++c) letters.push_back(text(std::string(1, c).c_str()));
  for (int i = 0; i < 20; ++i) {
    many.push_back({"attributes.x" + std::to_string(i), any_of(letters)});
  }
  EXPECT_FALSE(implies({many}, {{{"attributes.y", present()}}}));
}

TEST(Coverage, NamesTheFirstRuleThatContainsAnotherByItself) {
  Coverage coverage;
  coverage.add({{{"type", text("a")}}});
  coverage.add({});
  coverage.add({{{"type", text("b")}}, {{"channel", text("web")}}});
  EXPECT_EQ(coverage.first_that_contains({{{"type", text("a")}}}), 0U);
  EXPECT_EQ(coverage.first_that_contains({{{"type", text("b")}, {"value", at_least(1)}}}), 2U);
  EXPECT_EQ(coverage.first_that_contains({{{"channel", text("web")}}, {{"type", text("b")}}}), 2U);
  EXPECT_EQ(coverage.first_that_contains({{{"type", any_of({text("a"), text("b")})}}}), std::nullopt);
  EXPECT_TRUE(coverage.covers({{{"type", any_of({text("a"), text("b")})}}}));
  EXPECT_EQ(coverage.first_that_contains({}), std::nullopt);
}

/// Conditions over a few values only, so that pairs often contain each other.
class RandomRules {
 public:
  explicit RandomRules(unsigned seed) : random_(seed) {}

  Predicate predicate() {
    Predicate made(1 + random_() % 2);
    for (Conjunction& conjunction : made) {
      if (random_() % 2 == 0) conjunction.push_back({"type", condition(1)});
      if (random_() % 2 == 0) conjunction.push_back({"attributes.x", condition(1)});
    }
    return made;
  }

 private:
  Condition condition(int depth) {
    static constexpr const char* kTexts[] = {"a", "b", "ab"};
    static constexpr const char* kGlobs[] = {"*", "a*", "?", "a?", "*b"};
    static constexpr const char* kPatterns[] = {"a", "^a", "b$"};
    const double number = static_cast<double>(random_() % 4);
    switch (random_() % (depth > 0 ? 9 : 8)) {
      case 0:
        return text(kTexts[random_() % 3]);
      case 1:
        return equal(number);
      case 2:
        return glob(kGlobs[random_() % 5]);
      case 3:
        return regex(kPatterns[random_() % 3]);
      case 4:
        return at_least(number);
      case 5:
        return between(number, number + 1);
      case 6:
        return random_() % 2 == 0 ? present() : absent();
      case 7:
        return glob_and_regex(kGlobs[random_() % 5], kPatterns[random_() % 3]);
      default:
        return any_of({condition(depth - 1), condition(depth - 1)});
    }
  }

  std::mt19937 random_;
};

TEST(Implies, NeverClaimsWhatAnEventRefutes) {
  RandomRules rules(7);
  const std::vector<Scalar> values = {Scalar{},
                                      Scalar{true},
                                      Scalar{std::int64_t{0}},
                                      Scalar{1.0},
                                      Scalar{1.5},
                                      Scalar{2.0},
                                      Scalar{3.0},
                                      Scalar{4.0},
                                      Scalar{std::string_view("a")},
                                      Scalar{std::string_view("b")},
                                      Scalar{std::string_view("ab")},
                                      Scalar{std::string_view("aab")},
                                      Scalar{std::string_view("c")}};
  int claimed = 0;
  for (int round = 0; round < 20'000; ++round) {
    const Predicate later = rules.predicate();
    const Predicate earlier = rules.predicate();
    if (!implies(later, earlier)) continue;
    ++claimed;
    const CompiledPredicate later_compiled(later);
    const CompiledPredicate earlier_compiled(earlier);
    for (const Scalar& type : {values[8], values[9], values[10], values[11], values[12]}) {
      for (const Scalar& x : values) {
        Event event;
        event[Field::kType] = type;
        if (is_present(x)) event.attributes.emplace_back("x", x);
        if (!later_compiled.holds(Facts{event, {}, {}, {}})) continue;
        ASSERT_TRUE(earlier_compiled.holds(Facts{event, {}, {}, {}})) << "round " << round;
      }
    }
  }
  EXPECT_GT(claimed, 1'000);
}

}  // namespace
}  // namespace touchstone
