// JSON texts and times as the derived records have them.
#include "engine/wire/json.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "engine/model/time.h"

namespace touchstone {
namespace {

std::string json_text(std::string_view text) {
  std::string out;
  append_json_text(text, out);
  return out;
}

TEST(JsonText, EscapesEveryCharacterThatMustBeWhereverItStands) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    std::string escaped(1, c);
    if (byte < 0x20) escaped = std::string(byte < 0x10 ? "\\u000" : "\\u001") + "0123456789abcdef"[byte % 16];
    if (c == '"' || c == '\\') escaped = std::string("\\") + c;
    for (std::size_t at = 0; at < 20; ++at) {
      std::string text(20, 'x');
      text[at] = c;
      std::string expected = "\"" + text + "\"";
      expected.replace(1 + at, 1, escaped);
      ASSERT_EQ(json_text(text), expected) << byte << " at " << at;
    }
  }
  EXPECT_EQ(json_text(""), "\"\"");
  EXPECT_EQ(json_text("\"\\\n\"\\\n\"\\\n"), R"("\"\\\u000a\"\\\u000a\"\\\u000a")");
}

TEST(JsonObject, SeparatesItsMembers) {
  std::string out;
  {
    JsonObject object(out);
    object.text("a", "b\"c");
    object.integer("n", -7);
    object.fixed("money", 1'234'500, 4);
    object.fixed("wide", (WideInt{1} << 70), 4);
    object.time("at", EventTime{Millis{0}});
    object.flag("late", true);
  }
  EXPECT_EQ(
      out,
      R"({"a":"b\"c","n":-7,"money":123.45,"wide":118059162071741130.3424,"at":"1970-01-01T00:00:00.000Z","late":true})");
}

TEST(Rfc3339, IsWrittenAsItIsRead) {
  for (const std::string_view text :
       {"2000-01-01T00:00:00.000Z", "2026-11-22T09:08:07.006Z", "2100-12-31T23:59:59.999Z"}) {
    EXPECT_EQ(to_rfc3339(parse_rfc3339(text).value()), text);
  }
}

}  // namespace
}  // namespace touchstone
