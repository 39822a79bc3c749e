// Where secrets are read from, what is said of those that others could read, and that none is ever repeated.
#include "app/secrets.h"

#include <filesystem>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/unit/app/scratch.h"

namespace touchstone {
namespace {

namespace fs = std::filesystem;

Configuration configured(const std::string& text) {
  return load_configuration_text(text, "touchstone.yaml").configuration.value();
}

TEST(Secrets, AreNotRepeatedWhereTheyStandInTheWrongPlace) {
  const Scratch scratch;
  // Java takes a colon or a blank for an equals sign; base64 has equals signs of its own.
  scratch.write("kafka.properties", "sasl.password:aHVudGVyMg==\nsasl.password aHVudGVyMg==\n");
  scratch.write("pem", "-----BEGIN PRIVATE KEY-----\naHVudGVyMg\n-----END PRIVATE KEY-----\n");
  const std::string file = scratch.written("c.yaml",
                                           "kafka:\n  properties_file: kafka.properties\n  properties:\n"
                                           "    sasl.password: {env: aHVudGVyMg==}\n"
                                           "    ssl.key.location: {file: pem}\n");
  const std::string problems = joined(read_kafka_properties(load_configuration(file).configuration.value()).problems);
  const std::string folder = fs::path(file).parent_path().string();
  EXPECT_EQ(problems,
            folder + "/kafka.properties:1:1: (document): expected key=value\n" +      //
                folder + "/kafka.properties:2:1: (document): expected key=value\n" +  //
                folder +
                "/c.yaml:4:20: kafka.properties.sasl.password: env needs the name of a variable: letters, digits and "
                "\"_\"\n" +
                folder +
                "/c.yaml:5:23: kafka.properties.ssl.key.location: needs the path of a file, not what is in it\n");
  EXPECT_EQ(joined(load_configuration_text("kafka:\n  properties: |\n    sasl.password=aHVudGVyMg\n", "touchstone.yaml")
                       .problems),
            "touchstone.yaml:2:15: kafka.properties: expected a mapping of names to values, found one text\n");
}

TEST(KafkaProperties, NameTheFileThatLibrdkafkaCouldNotOpen) {
  const Scratch scratch;
  const std::string file =
      scratch.written("c.yaml",
                      "kafka:\n  properties_file: kafka.properties\n"
                      "  properties: {ssl.key.location: /nowhere/key.pem, ssl.ca.location: probe}\n");
  scratch.write("kafka.properties", "ssl.certificate.location=/nowhere/certificate.pem\n");
  const std::string folder = fs::path(file).parent_path().string();
  EXPECT_EQ(joined(read_kafka_properties(load_configuration(file).configuration.value()).problems),
            folder +
                "/kafka.properties:1:1: kafka.properties.ssl.certificate.location: \"/nowhere/certificate.pem\" "
                "cannot be read: No such file or directory\n" +
                folder +
                "/c.yaml:3:34: kafka.properties.ssl.key.location: \"/nowhere/key.pem\" cannot be read: No such "
                "file or directory\n");
}

TEST(Secrets, AreWarnedOfWhereOthersCouldReadThem) {
  const Scratch scratch;
  for (const char* name : {"password", "token", "key.pem", "ca.pem"}) scratch.write(name, "x\n");
  scratch.write("kafka.properties", "ssl.key.password=hunter2\n");
  const std::string file = scratch.written("c.yaml",
                                           "kafka:\n  properties_file: kafka.properties\n  properties:\n"
                                           "    sasl.password: {file: password}\n    ssl.keystore.password: hunter2\n"
                                           "    ssl.ca.pem: {file: ca.pem}\n    security.protocol: sasl_plaintext\n"
                                           "    sasl.mechanism: PLAIN\nhttp: {token_file: token}\n");
  const std::string folder = fs::path(file).parent_path().string();
  const Configuration configuration = load_configuration(file).configuration.value();
  const auto set_modes = [&](fs::perms mode) {
    for (const char* name : {"password", "token", "kafka.properties"}) fs::permissions(folder + "/" + name, mode);
  };
  const std::string always = file +
                             ":5:28: kafka.properties.ssl.keystore.password: a secret in the configuration itself; "
                             "better {file: PATH} or {env: NAME}\n";
  const std::string network = file +
                              ":1:1: kafka.properties: security.protocol: without TLS, whoever sees the network learns "
                              "the password or token\n";
  const auto open = [&](std::string_view at, std::string_view name) {
    return file + ":" + std::string(at) + ": every user of this machine can read \"" + folder + "/" +
           std::string(name) + "\"; chmod o= takes that away\n";
  };
  set_modes(fs::perms{0640});
  EXPECT_EQ(joined(secret_warnings(configuration)), always + network);
  set_modes(fs::perms{0644});
  EXPECT_EQ(joined(secret_warnings(configuration)), open("4:20: kafka.properties.sasl.password", "password") + always +
                                                        open("1:1: kafka.properties_file", "kafka.properties") +
                                                        network + open("1:1: http.token_file", "token"));
}

TEST(Secrets, AreWantedWhereOthersReachTheApi) {
  EXPECT_EQ(joined(secret_warnings(configured("http: {listen: '127.0.0.2:1'}"))), "");
  EXPECT_EQ(joined(secret_warnings(configured("http: {listen: '[::1]:1'}"))), "");
  EXPECT_EQ(joined(secret_warnings(configured("http: {listen: '0.0.0.0:1'}"))),
            "touchstone.yaml:1:1: http.listen: without http.token_file, whoever reaches 0.0.0.0 can read /api\n");
}

TEST(Secrets, TakeATokenOnlyIfAClientCanSendIt) {
  const Scratch scratch;
  EXPECT_EQ(read_token(scratch.written("right", "0f-A_+/=~\r\n")).value, "0f-A_+/=~");
  for (const char* wrong : {"two words", "two\nlines", "tab\tbed", "\xC3\xA9", "\x7F"}) {
    const SecretFile token = read_token(scratch.written("wrong", wrong));
    EXPECT_EQ(token.value, "") << wrong;
    EXPECT_NE(token.reason.find("must hold one line"), std::string::npos) << wrong;
    EXPECT_EQ(token.reason.find(wrong), std::string::npos);
  }
  EXPECT_NE(read_token(scratch.written("empty", "\n")).reason.find("is empty"), std::string::npos);
}

}  // namespace
}  // namespace touchstone
