#include "engine/model/glob.h"

#include <random>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace touchstone {
namespace {

TEST(Glob, WithoutStarsIsTheTextItself) {
  EXPECT_TRUE(glob_matches("", ""));
  EXPECT_TRUE(glob_matches("cart", "cart"));
  EXPECT_FALSE(glob_matches("cart", "Cart"));
  EXPECT_FALSE(glob_matches("cart", "carts"));
  EXPECT_FALSE(glob_matches("cart", "car"));
  EXPECT_FALSE(glob_matches("", "x"));
  EXPECT_FALSE(glob_matches("x", ""));
}

TEST(Glob, StarTakesAnyRunSlashesToo) {
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_TRUE(glob_matches("*", "/a/b"));
  EXPECT_TRUE(glob_matches("/product/*", "/product/"));
  EXPECT_TRUE(glob_matches("/product/*", "/product/shoes/42"));
  EXPECT_FALSE(glob_matches("/product/*", "/products"));
  EXPECT_TRUE(glob_matches("*.pdf", "a.pdf.pdf"));
  EXPECT_TRUE(glob_matches("a*b*c", "a-b-b-c-c"));
  EXPECT_FALSE(glob_matches("a*b*c", "a-c-b"));
  EXPECT_TRUE(glob_matches("**", "x"));
  EXPECT_TRUE(glob_matches("a**", "a"));
}

TEST(Glob, QuestionMarkTakesOneCodePoint) {
  EXPECT_TRUE(glob_matches("?", "x"));
  EXPECT_TRUE(glob_matches("?", "ш"));
  EXPECT_TRUE(glob_matches("?", "چ"));
  EXPECT_TRUE(glob_matches("?", "😀"));
  EXPECT_FALSE(glob_matches("?", ""));
  EXPECT_FALSE(glob_matches("?", "шш"));
  EXPECT_TRUE(glob_matches("??", "шш"));
  EXPECT_TRUE(glob_matches("*?", "ш"));
  EXPECT_FALSE(glob_matches("*??", "ш"));
  EXPECT_TRUE(glob_matches("*?ш", "яяш"));
}

TEST(Glob, HasNoEscapesAndNoClasses) {
  EXPECT_TRUE(glob_matches("\\*", "\\anything"));
  EXPECT_FALSE(glob_matches("\\*", "*"));
  EXPECT_TRUE(glob_matches("[ab]*", "[ab]c"));
  EXPECT_FALSE(glob_matches("[ab]*", "a"));
  // A star of the text is nothing special.
  EXPECT_TRUE(glob_matches("*x", "*x"));
  EXPECT_FALSE(glob_matches("x", "*"));
}

TEST(Glob, WalksBytesThatAreNotUtf8ToTheirEnd) {
  EXPECT_TRUE(glob_matches("*", "\xff\x80\x80"));
  EXPECT_TRUE(glob_matches("a?b",
                           "a\xff"
                           "b"));
  EXPECT_FALSE(glob_matches("?", "\xff\xff"));
  EXPECT_TRUE(glob_matches("?", "\xe2\x82"));
}

TEST(Glob, TakesNoExponentialTime) {
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "a*";
  pattern += "b";
  EXPECT_FALSE(glob_matches(pattern, std::string(10'000, 'a')));
}

/// The definition itself, for short texts of one byte a character.
bool by_definition(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '*') {
    for (std::size_t taken = 0; taken <= text.size(); ++taken) {
      if (by_definition(pattern.substr(1), text.substr(taken))) return true;
    }
    return false;
  }
  if (text.empty()) return false;
  return (pattern.front() == '?' || pattern.front() == text.front()) &&
         by_definition(pattern.substr(1), text.substr(1));
}

TEST(Glob, AgreesWithItsDefinition) {
  std::mt19937 random(20260101);
  const std::string_view letters = "ab*?";
  for (int round = 0; round < 50'000; ++round) {
    std::string pattern(random() % 7, ' ');
    std::string text(random() % 9, ' ');
    for (char& c : pattern) c = letters[random() % 4];
    for (char& c : text) c = letters[random() % 2];
    ASSERT_EQ(glob_matches(pattern, text), by_definition(pattern, text)) << pattern << " on " << text;
  }
}

}  // namespace
}  // namespace touchstone
