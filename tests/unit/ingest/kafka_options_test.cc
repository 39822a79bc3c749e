#include "ingest/kafka_options.h"

#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace touchstone {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const KafkaIdentity kIdentity{.group = "g", .transactional_id = "t", .instance = "i"};
const KafkaProperties kMinimal{{"bootstrap.servers", "broker:9092"}};

std::map<std::string, std::string> final_values(KafkaRole role, const KafkaProperties& user) {
  std::map<std::string, std::string> values;
  for (const auto& [name, value] : properties_of(role, kIdentity, user)) values[name] = value;
  return values;
}

TEST(KafkaOptions, AreTakenByLibrdkafkaInEveryRole) {
  for (const KafkaRole role :
       {KafkaRole::kInput, KafkaRole::kOutput, KafkaRole::kRestore, KafkaRole::kFollow, KafkaRole::kAdmin}) {
    const auto conf = make_conf(role, kIdentity, kMinimal);
    EXPECT_TRUE(conf) << conf.error().message();
  }
}

TEST(KafkaOptions, KeepWhatExactlyOnceRestsOn) {
  auto input = final_values(KafkaRole::kInput, kMinimal);
  EXPECT_EQ(input["enable.auto.commit"], "false");
  EXPECT_EQ(input["isolation.level"], "read_committed");
  EXPECT_EQ(input["auto.offset.reset"], "error");
  EXPECT_EQ(input["partition.assignment.strategy"], "range");
  EXPECT_EQ(input["group.instance.id"], "i");
  auto output = final_values(KafkaRole::kOutput, kMinimal);
  EXPECT_EQ(output["transactional.id"], "t");
  EXPECT_EQ(output["enable.idempotence"], "true");
  EXPECT_EQ(output["acks"], "all");
  EXPECT_EQ(output["partitioner"], "murmur2_random");
  EXPECT_EQ(final_values(KafkaRole::kRestore, kMinimal)["isolation.level"], "read_committed");
}

TEST(KafkaOptions, EndATransactionWithTheSessionOfItsOwner) {
  EXPECT_EQ(transaction_timeout_of({}), kTransactionTimeout);
  EXPECT_EQ(transaction_timeout_of({{"session.timeout.ms", "6000"}}), Millis{6'000});
  EXPECT_EQ(transaction_timeout_of({{"session.timeout.ms", "60000"}}), kTransactionTimeout);
  EXPECT_EQ(transaction_timeout_of({{"session.timeout.ms", "soon"}}), kTransactionTimeout);
}

TEST(KafkaOptions, JoinAsADynamicMemberWithoutAnInstance) {
  for (const auto& [name, value] :
       properties_of(KafkaRole::kInput, {.group = "g", .transactional_id = "t", .instance = {}}, kMinimal)) {
    EXPECT_NE(name, "group.instance.id");
  }
}

TEST(KafkaOptions, BoundEachQueueByItsShareUnlessTheUserDoes) {
  const KafkaQueues queues{.input = 4 << 20, .restore = 5 << 20, .follow = 2 << 20, .output = 24 << 20};
  const auto value = [&](KafkaRole role, const char* name, const KafkaProperties& user = kMinimal) {
    std::string found;
    for (const auto& [each, text] : properties_of(role, kIdentity, user, queues)) found = each == name ? text : found;
    return found;
  };
  EXPECT_EQ(value(KafkaRole::kInput, "queued.max.messages.kbytes"), "4096");
  EXPECT_EQ(value(KafkaRole::kInput, "queued.min.messages"), "16384");
  EXPECT_EQ(value(KafkaRole::kRestore, "queued.max.messages.kbytes"), "5120");
  EXPECT_EQ(value(KafkaRole::kFollow, "queued.max.messages.kbytes"), "2048");
  EXPECT_EQ(value(KafkaRole::kOutput, "queue.buffering.max.kbytes"), "24576");
  KafkaProperties user = kMinimal;
  user["queue.buffering.max.kbytes"] = "20000";
  EXPECT_EQ(value(KafkaRole::kOutput, "queue.buffering.max.kbytes", user), "20000");
}

TEST(KafkaOptions, LetTheUserTuneTheRest) {
  KafkaProperties user = kMinimal;
  user["session.timeout.ms"] = "10000";
  user["compression.type"] = "zstd";  // another name of compression.codec, which the engine sets
  EXPECT_THAT(problems_of(user), IsEmpty());
  EXPECT_EQ(final_values(KafkaRole::kInput, user)["session.timeout.ms"], "10000");
  const auto conf = make_conf(KafkaRole::kOutput, kIdentity, user);
  ASSERT_TRUE(conf);
  char value[32];
  std::size_t size = sizeof value;
  ASSERT_EQ(rd_kafka_conf_get(conf->get(), "compression.codec", value, &size), RD_KAFKA_CONF_OK);
  EXPECT_STREQ(value, "zstd");
}

TEST(KafkaOptions, RefuseWhatTheGuaranteeRestsOn) {
  for (const char* name : {"enable.auto.commit", "isolation.level", "transactional.id", "group.id", "group.instance.id",
                           "auto.offset.reset", "enable.idempotence", "partition.assignment.strategy", "acks",
                           "partitioner", "transaction.timeout.ms", "test.mock.num.brokers"}) {
    KafkaProperties user = kMinimal;
    user[name] = "1";
    const auto problems = problems_of(user);
    ASSERT_EQ(problems.size(), 1U) << name;
    EXPECT_THAT(problems[0], HasSubstr(std::string(name) + ": cannot be set: "));
  }
}

TEST(KafkaOptions, NameEveryProblemAtOnceAndNoValue) {
  const KafkaProperties user{{"acks", "hunter2"}, {"no.such.thing", "hunter2"}, {"socket.timeout.ms", "hunter2"}};
  const auto problems = problems_of(user);
  EXPECT_THAT(problems, ElementsAre(HasSubstr("acks"), HasSubstr("no.such.thing: librdkafka has no such property"),
                                    HasSubstr("socket.timeout.ms: librdkafka does not take this value"),
                                    HasSubstr("bootstrap.servers: missing")));
  for (const std::string& problem : problems) EXPECT_THAT(problem, Not(HasSubstr("hunter2")));
}

TEST(KafkaOptions, RefuseScramWhereLibrdkafkaCannotDoItWithKafka4) {
  KafkaProperties user = kMinimal;
  user["security.protocol"] = "SASL_SSL";
  user["sasl.mechanism"] = "SCRAM-SHA-512";
  EXPECT_THAT(problems_of(user, 0x020002ff), ElementsAre(HasSubstr("SCRAM needs librdkafka 2.6.1")));
  EXPECT_THAT(problems_of(user, 0x020600ff), ElementsAre(HasSubstr("SCRAM needs librdkafka 2.6.1")));
  EXPECT_THAT(problems_of(user, 0x020601ff), IsEmpty());
  user["sasl.mechanism"] = "PLAIN";
  EXPECT_THAT(problems_of(user, 0x020002ff), IsEmpty());
}

TEST(KafkaOptions, VerifyTheBrokersNameInEveryRole) {
  KafkaProperties user = kMinimal;
  user["security.protocol"] = "ssl";
  for (const KafkaRole role : {KafkaRole::kInput, KafkaRole::kOutput, KafkaRole::kRestore, KafkaRole::kAdmin}) {
    auto values = final_values(role, user);
    EXPECT_EQ(values["ssl.endpoint.identification.algorithm"], "https");
    EXPECT_EQ(values["enable.ssl.certificate.verification"], "true");
    const auto conf = make_conf(role, kIdentity, user);
    EXPECT_TRUE(conf) << conf.error().message();
  }
  EXPECT_THAT(weaknesses_of(user), IsEmpty());
}

TEST(KafkaOptions, TellWhatWeakensTheConnection) {
  const auto weaknesses = [](std::string protocol, std::string name, std::string value) {
    KafkaProperties user = kMinimal;
    user["security.protocol"] = std::move(protocol);
    user[name] = std::move(value);
    return weaknesses_of(user);
  };
  EXPECT_THAT(weaknesses("ssl", "enable.ssl.certificate.verification", "false"),
              ElementsAre(HasSubstr("enable.ssl.certificate.verification")));
  EXPECT_THAT(weaknesses("SASL_SSL", "ssl.endpoint.identification.algorithm", "none"),
              ElementsAre(HasSubstr("ssl.endpoint.identification.algorithm")));
  EXPECT_THAT(weaknesses("sasl_plaintext", "sasl.mechanisms", "PLAIN"), ElementsAre(HasSubstr("without TLS")));
  EXPECT_THAT(weaknesses("sasl_plaintext", "sasl.mechanisms", "GSSAPI"), IsEmpty());
  EXPECT_THAT(weaknesses("plaintext", "ssl.endpoint.identification.algorithm", "none"), IsEmpty());
  EXPECT_THAT(weaknesses_of(kMinimal), IsEmpty());
}

TEST(KafkaOptions, RefuseCertificatesAndPasswordsThatWouldHaveNoEffect) {
  KafkaProperties user = kMinimal;
  user["sasl.mechanism"] = "PLAIN";
  user["sasl.password"] = "hunter2";
  EXPECT_THAT(problems_of(user), ElementsAre(HasSubstr("sasl.* has no effect")));
  user["security.protocol"] = "ssl";
  EXPECT_THAT(problems_of(user), ElementsAre(HasSubstr("sasl.* has no effect")));
  user["security.protocol"] = "sasl_plaintext";
  EXPECT_THAT(problems_of(user), IsEmpty());
  user["ssl.ca.location"] = "/ca.pem";
  EXPECT_THAT(problems_of(user), ElementsAre(HasSubstr("ssl.* has no effect")));
  user["security.protocol"] = "Sasl_SSL";
  EXPECT_THAT(problems_of(user), IsEmpty());
}

TEST(KafkaOptions, NameWhatStandsForJavasProperties) {
  for (const char* name : {"sasl.jaas.config", "ssl.truststore.location", "ssl.truststore.password",
                           "ssl.truststore.type", "ssl.keystore.type"}) {
    KafkaProperties user = kMinimal;
    user["security.protocol"] = "sasl_ssl";
    user[name] = "hunter2";
    EXPECT_THAT(problems_of(user), ElementsAre(testing::StartsWith(std::string(name) + ": it belongs to Java's")));
    EXPECT_THAT(problems_of(user)[0], Not(HasSubstr("hunter2")));
  }
}

}  // namespace
}  // namespace touchstone
