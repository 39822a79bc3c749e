#include "app/pseudonym.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "app/configuration.h"
#include "app/pseudonym_key.h"

namespace touchstone {
namespace {

namespace fs = std::filesystem;

struct Rfc4231 {
  std::string key;
  std::string data;
  std::string_view hash;
};

// RFC 4231, cases 1 to 4, 6 and 7. Case 5 is about a hash cut short, which is not done here.
const Rfc4231 kCases[] = {
    {std::string(20, '\x0b'), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {"Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {std::string(20, '\xaa'), std::string(50, '\xdd'),
     "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
    {"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19",
     std::string(50, '\xcd'), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
    {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    {std::string(131, '\xaa'),
     "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed "
     "before being used by the HMAC algorithm.",
     "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
};

TEST(Pseudonym, IsTheHmacOfRfc4231) {
  for (const Rfc4231& each : kCases) {
    const Pseudonym pseudonym = make_pseudonym({each.key, "k"});
    // Again and again: what was hashed before must leave nothing behind.
    for (int time = 0; time < 3; ++time) EXPECT_EQ(pseudonym.of(each.data), each.hash);
  }
}

TEST(Pseudonym, OfOneIdIsNotThatOfAnother) {
  const Pseudonym pseudonym = make_pseudonym({kCases[0].key, "k"});
  const std::string one = pseudonym.of("one");
  EXPECT_NE(pseudonym.of("other"), one);
  EXPECT_EQ(pseudonym.of("one"), one);
  EXPECT_NE(make_pseudonym({kCases[2].key, "k"}).of("one"), one);
  EXPECT_NE(pseudonym.of(std::string_view("one\0", 4)), one);
  EXPECT_EQ(pseudonym.key_id, "k");
}

class PseudonymKeys : public ::testing::Test {
 protected:
  PseudonymKeys() {
    std::string name = (fs::temp_directory_path() / "touchstone-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { fs::remove_all(directory_); }

  void write(const std::string& name, std::string_view text) const {
    std::ofstream(directory_ / name, std::ios::binary) << text;
  }
  /// What is read for a key that is kept so; without the directory in its problems.
  [[nodiscard]] PseudonymKeyRead read(const std::string& key) const {
    write("c.yaml", "privacy:\n  pseudonymise: true\n  key: " + key + "\n  key_id: 2026-a\n");
    const ConfigurationLoaded loaded = load_configuration((directory_ / "c.yaml").string());
    EXPECT_TRUE(loaded.problems.empty());
    return read_pseudonym_key(loaded.configuration.value());
  }
  void expect_problem(const std::string& key, const std::string& message) const {
    const PseudonymKeyRead read_key = read(key);
    EXPECT_EQ(read_key.key, nullptr) << key;
    ASSERT_EQ(read_key.problems.size(), 1U) << key;
    EXPECT_EQ(to_string(read_key.problems.front()), (directory_ / "c.yaml").string() + ":3:8: privacy.key: " + message);
  }
  [[nodiscard]] std::string path(const std::string& name) const { return (directory_ / name).string(); }

 private:
  fs::path directory_;
};

TEST_F(PseudonymKeys, AreReadFromAFileOrTheEnvironment) {
  write("key", "0123456789abcdef\r\n");
  ASSERT_EQ(setenv("TOUCHSTONE_TEST_KEY", "fedcba9876543210", 1), 0);
  const PseudonymKeyRead from_file = read("{file: key}");
  ASSERT_TRUE(from_file.problems.empty());
  EXPECT_EQ(from_file.key->bytes, "0123456789abcdef") << "without the line's end";
  EXPECT_EQ(from_file.key->id, "2026-a");
  EXPECT_EQ(read("{env: TOUCHSTONE_TEST_KEY}").key->bytes, "fedcba9876543210");
}

TEST_F(PseudonymKeys, ThatAreMissingOrShortAreRefusedAndNeverShown) {
  write("empty", "\n");
  write("short", "0123456789abcde\n");
  ASSERT_EQ(setenv("TOUCHSTONE_TEST_KEY", "hidden", 1), 0);
  expect_problem("{file: nowhere}", "\"" + path("nowhere") + "\" cannot be read: No such file or directory");
  expect_problem("{file: empty}", "\"" + path("empty") + "\" is empty");
  expect_problem("{file: short}", "the key has 15 bytes; it needs at least 16, better 32 random ones");
  expect_problem("{env: TOUCHSTONE_TEST_KEY}", "the key has 6 bytes; it needs at least 16, better 32 random ones");
  expect_problem("{env: TOUCHSTONE_TEST_UNSET}", "the environment has no variable \"TOUCHSTONE_TEST_UNSET\"");
}

TEST_F(PseudonymKeys, AreLeftAloneWhereNoPseudonymsAreWanted) {
  const ConfigurationLoaded loaded = load_configuration_text("privacy: {key: {file: nowhere}, key_id: a}", "c.yaml");
  const PseudonymKeyRead read_key = read_pseudonym_key(loaded.configuration.value());
  EXPECT_EQ(read_key.key, nullptr);
  EXPECT_TRUE(read_key.problems.empty());
}

}  // namespace
}  // namespace touchstone
