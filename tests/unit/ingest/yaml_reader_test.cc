#include "ingest/yaml_reader.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

namespace touchstone {
namespace {

YamlDocument read(std::string_view text, const YamlLimits& limits = {}) {
  return YamlDocument::from_text(text, "f.yaml", limits);
}

/// The problems of a text as YAML, a line each.
std::string problems_of(std::string_view text, const YamlLimits& limits = {}) {
  std::string lines;
  const YamlDocument document = read(text, limits);
  for (const Problem& problem : document.problems()) lines += to_string(problem) + "\n";
  return lines;
}

/// The scalar that `text` stands for after `key: `.
OwnedScalar scalar_of(const std::string& text) {
  const YamlDocument document = read("key: " + text + "\n");
  EXPECT_TRUE(document.problems().empty()) << text;
  const YamlNode& node = *document.root()->entries.front().second;
  EXPECT_EQ(node.kind, YamlKind::kScalar) << text;
  return node.scalar;
}

TEST(YamlDocument, ResolvesScalarsByTheCoreSchema) {
  for (const char* text :
       {"yes", "no",         "on", "off", "Yes",   "tRUE",     "y",      "nUll",    "1_000", "0b1",   "12:30:45",
        "1e",  "2026-11-21", ".",  "+",   "1.2.3", "0o8",      "0xg",    "+0x1",    ".iNF",  "+.nan", "infinity",
        "nan", "=",          "<<", "1 2", "'1'",   "\"true\"", "'null'", "!!str 5", "! 7"}) {
    EXPECT_TRUE(std::holds_alternative<std::string>(scalar_of(text))) << text;
  }
  for (const char* text : {"true", "True", "TRUE"}) EXPECT_EQ(scalar_of(text), OwnedScalar(true)) << text;
  for (const char* text : {"false", "False", "FALSE"}) EXPECT_EQ(scalar_of(text), OwnedScalar(false)) << text;
  EXPECT_EQ(scalar_of("0o17"), OwnedScalar(std::int64_t{15}));
  EXPECT_EQ(scalar_of("0x1F"), OwnedScalar(std::int64_t{31}));
  EXPECT_EQ(scalar_of("-007"), OwnedScalar(std::int64_t{-7}));
  EXPECT_EQ(scalar_of("+12"), OwnedScalar(std::int64_t{12}));
  EXPECT_EQ(scalar_of("9223372036854775807"), OwnedScalar(INT64_MAX));
  EXPECT_EQ(scalar_of("9223372036854775808"), OwnedScalar(9223372036854775808.0));
  EXPECT_EQ(scalar_of("1."), OwnedScalar(1.0));
  EXPECT_EQ(scalar_of(".5"), OwnedScalar(0.5));
  EXPECT_EQ(scalar_of("+1.5e3"), OwnedScalar(1500.0));
  EXPECT_EQ(scalar_of("-.5E-1"), OwnedScalar(-0.05));
  EXPECT_EQ(scalar_of("1e400"), OwnedScalar(HUGE_VAL));
  EXPECT_EQ(scalar_of("-1e400"), OwnedScalar(-HUGE_VAL));
  EXPECT_EQ(scalar_of("1e-400"), OwnedScalar(0.0));
  EXPECT_EQ(scalar_of(".inf"), OwnedScalar(HUGE_VAL));
  EXPECT_EQ(scalar_of("-.Inf"), OwnedScalar(-HUGE_VAL));
  EXPECT_TRUE(std::isnan(std::get<double>(scalar_of(".NaN"))));
}

TEST(YamlDocument, KnowsTheFormsOfNull) {
  for (const char* text : {"", "~", "null", "Null", "NULL"}) {
    const YamlDocument document = read("key: " + std::string(text) + "\n");
    EXPECT_EQ(document.root()->entries.front().second->kind, YamlKind::kNull) << text;
  }
}

TEST(YamlDocument, CountsColumnsInCharacters) {
  const YamlDocument document = read("a: 1\nnames: {fa: سالن, ru: Кафе}\n");
  const YamlNode& names = *document.root()->entries[1].second;
  EXPECT_EQ(names.at, (Position{2, 8}));
  EXPECT_EQ(names.entries[1].first->at, (Position{2, 19}));
  EXPECT_EQ(names.entries[1].second->at, (Position{2, 23}));
}

TEST(YamlDocument, TakesAByteOrderMarkAndWindowsLineEnds) {
  const YamlDocument document = read(
      "\xef\xbb\xbf"
      "a: 1\r\nb: [x]\r\n");
  ASSERT_TRUE(document.problems().empty());
  EXPECT_EQ(document.root()->entries[0].second->scalar, OwnedScalar(std::int64_t{1}));
  EXPECT_EQ(document.root()->entries[1].second->items[0]->at, (Position{2, 5}));
}

TEST(YamlDocument, FollowsAliases) {
  const YamlDocument document = read("a: &x [1, 2]\nb: *x\n");
  ASSERT_TRUE(document.problems().empty());
  EXPECT_EQ(document.root()->entries[0].second, document.root()->entries[1].second);
}

TEST(YamlDocument, IsOneDocumentWhateverSurroundsIt) {
  for (const char* text : {"a: 1", "---\na: 1\n", "a: 1\n...\n", "a: 1\n...\n# the end\n",
                           "%YAML 1.2\n---\na: 1\n...\n", "# first\n\na: 1\n\n\n"}) {
    const YamlDocument document = read(text);
    EXPECT_TRUE(document.problems().empty()) << text;
    ASSERT_NE(document.root(), nullptr) << text;
    EXPECT_EQ(document.root()->entries.size(), 1U) << text;
  }
  EXPECT_EQ(problems_of("a: 1\n---\nb: 2\n"),
            "f.yaml:3:1: (document): a second document begins here; a file holds one\n");
  EXPECT_EQ(problems_of("{a: 1} x"), "f.yaml:1:8: (document): a second document begins here; a file holds one\n");
}

TEST(YamlDocument, RefusesWhatIsEmpty) {
  for (const char* text : {"", "\n\n", "# only this\n", "---\n", "null\n", "~"}) {
    EXPECT_EQ(problems_of(text), "f.yaml:1:1: (document): the file is empty\n") << text;
    const YamlDocument document = read(text);
    EXPECT_EQ(document.root(), nullptr) << text;
  }
}

TEST(YamlDocument, RefusesWhatNoTextHas) {
  EXPECT_EQ(problems_of("a: é\nb: \xff\n"), "f.yaml:2:4: (document): the file is not UTF-8\n");
  for (const char* bytes : {"\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80", "\xf8\x88\x80\x80\x80",
                            "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf"}) {
    EXPECT_EQ(problems_of(bytes), "f.yaml:1:1: (document): the file is not UTF-8\n");
  }
  EXPECT_TRUE(problems_of("a: \"\xf4\x8f\xbf\xbf \xed\x9f\xbf \xee\x80\x80\"").empty());
  EXPECT_EQ(problems_of(std::string_view("a: \0", 4)),
            "f.yaml:1:4: (document): a control character, which no text has\n");
  EXPECT_EQ(problems_of("a: 1\n\x04"
                        "b: 2"),
            "f.yaml:2:1: (document): a control character, which no text has\n");
}

TEST(YamlDocument, RefusesDuplicateKeysOnEveryLevel) {
  EXPECT_EQ(problems_of("a: 1\nb: {c: 1, d: 2, c: 3}\na: 2\n"),
            "f.yaml:2:17: b: duplicate key \"c\"; first in line 2\n"
            "f.yaml:3:1: (document): duplicate key \"a\"; first in line 1\n");
  EXPECT_EQ(problems_of("- {}\n- {\"a\": 1, a: 2}\n"), "f.yaml:2:12: [1]: duplicate key \"a\"; first in line 2\n");
}

TEST(YamlDocument, HoldsItsLimits) {
  EXPECT_EQ(problems_of("a: 123456789", {.bytes = 11}), "f.yaml:1:1: (document): the file is larger than 11 bytes\n");
  EXPECT_TRUE(problems_of("a: 12345678", {.bytes = 11}).empty());
  EXPECT_TRUE(problems_of("[[[1]]]", {.depth = 3}).empty());
  EXPECT_EQ(problems_of("[[[[1]]]]", {.depth = 3}), "f.yaml:1:4: [0][0][0]: lists and mappings are more than 3 deep\n");
  EXPECT_EQ(problems_of("a: &x [[1]]\nb: [*x]\n", {.depth = 3}),
            "f.yaml:2:5: b[0]: lists and mappings are more than 3 deep\n");
  EXPECT_TRUE(problems_of("[1, 2, 3]", {.nodes = 4}).empty());
  EXPECT_EQ(problems_of("[1, 2, 3, 4]", {.nodes = 4}), "f.yaml:1:11: [3]: more than 4 values, aliases written out\n");
  EXPECT_FALSE(problems_of("- &a [1, 2, 3]\n- *a\n", {.nodes = 8}).empty());
}

TEST(YamlDocument, SurvivesDepthThatWouldExhaustTheStack) {
  for (const std::string open : {"[", "{a: ", "- ", "? ", "[{", "&a [", "!x ["}) {
    std::string deep;
    while (deep.size() < 1'000'000) deep += open;
    EXPECT_FALSE(problems_of(deep).empty()) << open;
  }
}

TEST(YamlDocument, ComesToAnEndOnAStrayComma) {
  EXPECT_EQ(problems_of(", a: 1\n"), "f.yaml:1:1: (document): not YAML: a character that cannot begin a value\n");
}

TEST(YamlDocument, RefusesAliasesThatContainThemselves) {
  EXPECT_EQ(problems_of("a: &x\n  b: *x\n"), "f.yaml:2:6: a.b: an alias within its own anchor would have no end\n");
}

TEST(YamlDocument, ExplainsSyntaxErrorsWhereTheyAre) {
  EXPECT_EQ(problems_of("a: 1\nb: [1, 2\n"), "f.yaml:2:9: (document): not YAML: a \"[\" without its \"]\"\n");
  EXPECT_NE(problems_of("a: \"x\n").find("without its closing quote"), std::string::npos);
  EXPECT_NE(problems_of("a: 'x").find("without its closing quote"), std::string::npos);
  EXPECT_NE(problems_of("a: b: c\n").find("f.yaml:1:5: "), std::string::npos);
  EXPECT_NE(problems_of("a: \"\\q\"\n").find("not YAML: unknown escape character"), std::string::npos);
}

TEST(YamlDocument, SaysWhyAFileCannotBeRead) {
  const YamlDocument missing = YamlDocument::from_file("/no/such/file.yaml");
  ASSERT_EQ(missing.problems().size(), 1U);
  EXPECT_EQ(to_string(missing.problems()[0]),
            "/no/such/file.yaml:1:1: (document): cannot be read: No such file or directory");
  for (const std::string& path : {std::filesystem::temp_directory_path().string(), std::string("/dev/zero")}) {
    const YamlDocument unreadable = YamlDocument::from_file(path);
    EXPECT_EQ(unreadable.root(), nullptr) << path;
    EXPECT_EQ(unreadable.problems().size(), 1U) << path;
  }
}

TEST(YamlDocument, SurvivesMutilatedTexts) {
  const std::string whole =
      "version: 1\nname: {en: \"a\\n\", fa: 'آ'}\nlist: &x [1, .5, ~, {a: b}]\nagain: *x\nblock: |\n  text\n "
      " more\n"
      "folded: >-\n  one\n\n  two\n? complex\n: value\nseq:\n  - - nested\n  - !!str 5\n";
  std::mt19937 random(11);
  const std::string_view letters = "[]{}:,-?&*!|>'\"%@`# \n\tab1~.";
  for (int round = 0; round < 3'000; ++round) {
    std::string text = whole;
    for (int edits = 1 + static_cast<int>(random() % 6); edits > 0; --edits) {
      const std::size_t at = random() % text.size();
      if (random() % 3 == 0)
        text.erase(at, 1 + random() % 5);
      else if (random() % 2 == 0)
        text[at] = letters[random() % letters.size()];
      else
        text.insert(at, 1, letters[random() % letters.size()]);
      if (text.empty()) text = "x";
    }
    const YamlDocument document = read(text);
    ASSERT_TRUE(document.root() != nullptr || !document.problems().empty()) << text;
  }
}

constexpr std::array<std::string_view, 3> kKnown = {"channel", "stages", "id"};

TEST(YamlReader, ReportsEverythingWithItsPath) {
  const YamlDocument document = read("chanel: web\nstages: [1, two, {}]\nodd key: x\n");
  Problems problems("f.yaml");
  const YamlMapping mapping(YamlValue(*document.root(), {}, problems), kKnown);
  EXPECT_FALSE(mapping.find("channel"));
  EXPECT_FALSE(mapping.need("id"));
  EXPECT_EQ(mapping.find("stages")->texts(), std::vector<std::string>{"two"});
  std::string lines;
  for (const Problem& problem : problems.take()) lines += to_string(problem) + "\n";
  EXPECT_EQ(lines,
            "f.yaml:1:1: (document): unknown key \"chanel\"; did you mean \"channel\"?\n"
            "f.yaml:1:1: (document): the key \"id\" is missing\n"
            "f.yaml:2:10: stages[0]: expected a text, found the number 1; in quotes it is a text\n"
            "f.yaml:2:18: stages[2]: expected a text, found a mapping\n"
            "f.yaml:3:1: (document): unknown key \"odd key\"\n");
}

TEST(YamlReader, ReadsValuesWithinTheirBounds) {
  const YamlDocument document = read("[1, 1.5, 10s, true, 0x10, -3]");
  Problems problems("f.yaml");
  const std::vector<YamlValue> values = YamlValue(*document.root(), {}, problems).items();
  EXPECT_EQ(values[0].number({0, 1}), 1.0);
  EXPECT_EQ(values[1].number(), 1.5);
  EXPECT_EQ(values[2].duration({"1s", "1m"}), Millis{10'000});
  EXPECT_EQ(values[3].boolean(), true);
  EXPECT_EQ(values[4].whole({0, 16}), 16);
  EXPECT_TRUE(problems.empty());
  EXPECT_FALSE(values[1].whole({0, 16}));
  EXPECT_FALSE(values[5].whole({0, 16}));
  EXPECT_FALSE(values[2].duration({"1s", "9s"}));
  EXPECT_EQ(problems.take().size(), 3U);
}

TEST(Problem, IsAlwaysOneLine) {
  const YamlDocument document = read("\"a\\nb\": \"c\\nd\"\n\"\\e\": 1\n");
  Problems problems("f.yaml");
  const YamlMapping mapping(YamlValue(*document.root(), {}, problems), kKnown);
  for (const auto& [key, value] : entries_of(YamlValue(*document.root(), {}, problems))) (void)value.boolean();
  for (const Problem& problem : problems.take()) {
    EXPECT_EQ(to_string(problem).find_first_of("\n\x1b"), std::string::npos) << to_string(problem);
  }
}

TEST(Problem, SuggestsOnlyWhatIsNear) {
  EXPECT_EQ(suggestion("chanel", kKnown), "; did you mean \"channel\"?");
  EXPECT_EQ(suggestion("stgaes", kKnown), "; did you mean \"stages\"?");
  EXPECT_EQ(suggestion("di", kKnown), "; did you mean \"id\"?");
  EXPECT_EQ(suggestion("weights", kKnown), "");
  EXPECT_EQ(suggestion("", kKnown), "");
  EXPECT_EQ(suggestion(std::string(1'000, 'c'), kKnown), "");
}

}  // namespace
}  // namespace touchstone
