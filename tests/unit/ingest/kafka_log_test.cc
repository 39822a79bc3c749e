// What KafkaLog does when a broker misbehaves or is not there, against librdkafka's mock broker. What it
// promises when all is well is in tests/contract/log_contract_test.cc, with a real one.
#include "ingest/kafka_log.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka_mock.h>

#include "ingest/mock_cluster.h"

namespace touchstone {
namespace {

using testing::HasSubstr;

// Numbers of the protocol's requests, as librdkafka's own tests name them.
constexpr std::int16_t kProduceRequest = 0;
constexpr std::int16_t kEndTxnRequest = 26;
constexpr std::int16_t kTxnOffsetCommitRequest = 28;

class KafkaLogTest : public testing::Test {
 protected:
  KafkaLogTest() : cluster_(std::move(*MockCluster::start())) {
    EXPECT_TRUE(cluster_->create_topic("in", 4));
    EXPECT_TRUE(cluster_->create_topic("out", 1));
  }
  /// A dynamic member: to the mock broker a static one that comes back is a stranger. It gives a group whose last
  /// member has left to the next one only when a session time-out has passed.
  Result<std::unique_ptr<KafkaLog>> open(std::vector<std::string> topics) {
    return KafkaLog::open({.connection = {.properties = {{"bootstrap.servers", cluster_->bootstrap_servers()},
                                                         {"session.timeout.ms", "6000"}},
                                          .patience = Millis{10'000},
                                          .logger = {}},
                           .group = "g",
                           .transactional_id = "t",
                           .instance = {},
                           .topics = std::move(topics)});
  }
  static OutRecord record(std::string value) {
    OutRecord made;
    made.topic = "out";
    made.partition = Partition(0);
    made.value = std::move(value);
    return made;
  }

  std::unique_ptr<MockCluster> cluster_;
};

TEST_F(KafkaLogTest, RunsOnTheMockBrokerAsTheDemoNeedsIt) {
  const auto log = open({"in"});
  ASSERT_TRUE(log) << log.error().message();
  std::vector<TopicPartition> assigned;
  while (assigned.empty()) {
    const auto polled = (*log)->poll(Millis{50}, 100);
    ASSERT_TRUE(polled) << polled.error().message();
    assigned = polled->assigned;
  }
  EXPECT_EQ(assigned.size(), 4U);
  OutRecord input = record("a");
  input.topic = "in";
  input.partition = Partition(2);
  ASSERT_TRUE((*log)->produce(input));
  const auto receipt = (*log)->commit({});
  ASSERT_TRUE(receipt) << receipt.error().message();
  ASSERT_EQ(receipt->written.size(), 1U);
  EXPECT_EQ(receipt->written[0].next, Offset(1));
  for (const auto& partition : assigned) {
    // Offsets committed in transactions are thrown away by the mock broker.
    EXPECT_EQ((*log)->committed(partition).value(), std::nullopt);
    ASSERT_TRUE((*log)->start(partition, (*log)->range(partition)->begin));
  }
  std::string value;
  while (value.empty()) {
    const auto polled = (*log)->poll(Millis{50}, 100);
    ASSERT_TRUE(polled) << polled.error().message();
    for (const Record& each : polled->records) value = *each.value;
  }
  EXPECT_EQ(value, "a");
  const std::vector<ConsumedOffset> consumed{{{"in", Partition(2)}, Offset(1)}};
  EXPECT_TRUE((*log)->commit(consumed));
  (*log)->close();
}

TEST_F(KafkaLogTest, SaysWhichTopicIsMissing) {
  // The mock broker creates topics that it is asked for, unless told that it does not know them.
  rd_kafka_mock_topic_set_error(cluster_->handle(), "absent", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  const auto log = open({"absent"});
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().kind(), ErrorKind::kReject);
  EXPECT_THAT(log.error().message(), HasSubstr("there is no topic absent"));
}

TEST_F(KafkaLogTest, LosesTheTransactionOnAnAbortableErrorAndGoesOnAfterTheAbort) {
  const auto log = open({});
  ASSERT_TRUE(log) << log.error().message();
  ASSERT_TRUE((*log)->produce(record("a")));
  rd_kafka_mock_push_request_errors(cluster_->handle(), kEndTxnRequest, 1, RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID);
  const auto outcome = (*log)->commit({});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::kAbort) << outcome.error().message();
  EXPECT_EQ((*log)->produce(record("b")).error().kind(), ErrorKind::kAbort);
  ASSERT_TRUE((*log)->abort());
  ASSERT_TRUE((*log)->produce(record("b")));
  EXPECT_TRUE((*log)->commit({}));
}

TEST_F(KafkaLogTest, EndsWhenItIsFenced) {
  const auto log = open({});
  ASSERT_TRUE(log) << log.error().message();
  ASSERT_TRUE((*log)->produce(record("a")));
  rd_kafka_mock_push_request_errors(cluster_->handle(), kEndTxnRequest, 1, RD_KAFKA_RESP_ERR_PRODUCER_FENCED);
  EXPECT_EQ((*log)->commit({}).error().kind(), ErrorKind::kFatal);
  EXPECT_EQ((*log)->produce(record("b")).error().kind(), ErrorKind::kFatal);
  EXPECT_EQ((*log)->abort().error().kind(), ErrorKind::kFatal);
  (*log)->close();
}

TEST_F(KafkaLogTest, SaysWhyARecordCouldNotBeWritten) {
  const auto log = open({});
  ASSERT_TRUE(log) << log.error().message();
  rd_kafka_mock_push_request_errors(cluster_->handle(), kProduceRequest, 1,
                                    RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  ASSERT_TRUE((*log)->produce(record("a")));
  const auto outcome = (*log)->commit({});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::kAbort);
  EXPECT_THAT(outcome.error().message(), HasSubstr("TOPIC_AUTHORIZATION_FAILED"));
  EXPECT_TRUE((*log)->abort());
}

TEST_F(KafkaLogTest, RejectsARecordThatNoTopicTakes) {
  const auto log = open({});
  ASSERT_TRUE(log) << log.error().message();
  EXPECT_EQ((*log)->produce(record(std::string(kLargestKafkaRecord + 1, 'x'))).error().kind(), ErrorKind::kReject);
  ASSERT_TRUE((*log)->produce(record("a")));
  EXPECT_TRUE((*log)->commit({}));
}

TEST_F(KafkaLogTest, TakesANewEpochAfterAConnectionWasLostDuringACommit) {
  const auto log = open({});
  ASSERT_TRUE(log) << log.error().message();
  ASSERT_TRUE((*log)->produce(record("a")));
  rd_kafka_mock_push_request_errors(cluster_->handle(), kEndTxnRequest, 1, RD_KAFKA_RESP_ERR__TRANSPORT);
  const auto outcome = (*log)->commit({});
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_EQ((*log)->epoch_renewals(), 0U);
  ASSERT_TRUE((*log)->produce(record("b")));
  EXPECT_EQ((*log)->epoch_renewals(), 1U);
  EXPECT_TRUE((*log)->commit({}));
  ASSERT_TRUE((*log)->produce(record("c")));
  EXPECT_TRUE((*log)->commit({}));
  EXPECT_EQ((*log)->epoch_renewals(), 1U);
}

// Of two equal losses within 30 s librdkafka tells only the first, so the first counts wherever it happens.
TEST_F(KafkaLogTest, TakesANewEpochForEveryLossOfAConnectionHoweverSoonTheNextOneComes) {
  const auto log = open({});
  ASSERT_TRUE(log) << log.error().message();
  for (std::uint64_t round = 0; round < 3; ++round) {
    rd_kafka_mock_push_request_errors(cluster_->handle(), kProduceRequest, 1, RD_KAFKA_RESP_ERR__TRANSPORT);
    ASSERT_TRUE((*log)->produce(record("a")));
    rd_kafka_mock_push_request_errors(cluster_->handle(), kEndTxnRequest, 1, RD_KAFKA_RESP_ERR__TRANSPORT);
    const auto outcome = (*log)->commit({});
    ASSERT_TRUE(outcome) << outcome.error().message();
    EXPECT_EQ(outcome->renewed, round > 0);
    EXPECT_EQ((*log)->epoch_renewals(), round);
  }
  ASSERT_TRUE((*log)->produce(record("a")));
  EXPECT_TRUE((*log)->commit({})->renewed);
  ASSERT_TRUE((*log)->produce(record("a")));
  EXPECT_FALSE((*log)->commit({})->renewed);
}

TEST_F(KafkaLogTest, TakesANewEpochAfterARecordWasRefusedSoThatTheNextTransactionSucceeds) {
  const auto log = open({});
  ASSERT_TRUE(log) << log.error().message();
  for (std::uint64_t round = 1; round <= 2; ++round) {
    rd_kafka_mock_push_request_errors(cluster_->handle(), kProduceRequest, 1, RD_KAFKA_RESP_ERR_INVALID_TXN_STATE);
    ASSERT_TRUE((*log)->produce(record("a")));
    ASSERT_FALSE((*log)->commit({}));
    ASSERT_TRUE((*log)->abort());
    ASSERT_TRUE((*log)->produce(record("a")));
    const auto outcome = (*log)->commit({});
    ASSERT_TRUE(outcome) << outcome.error().message();
    EXPECT_EQ((*log)->epoch_renewals(), round);
  }
}

TEST_F(KafkaLogTest, BringsTheRecordsAgainAfterAnAbortAndAfterARebuild) {
  OutRecord input = record("a");
  input.topic = "in";
  {
    const auto writer = open({});
    ASSERT_TRUE(writer) << writer.error().message();
    ASSERT_TRUE((*writer)->produce(input));
    ASSERT_TRUE((*writer)->commit({}));
    (*writer)->close();
  }
  auto log = open({"in"});
  ASSERT_TRUE(log) << log.error().message();
  const TopicPartition partition{"in", Partition(0)};
  const auto read_it = [&] {
    for (;;) {
      const auto polled = (*log)->poll(Millis{50}, 100);
      ASSERT_TRUE(polled) << polled.error().message();
      for (const TopicPartition& each : polled->assigned) ASSERT_TRUE((*log)->start(each, Offset(0)));
      if (polled->records.empty()) continue;
      EXPECT_EQ(*polled->records.front().value, "a");
      return;
    }
  };
  const auto copy_it = [&]() -> Result<Receipt> {
    TOUCHSTONE_TRY((*log)->produce(record("copy")));
    const std::vector<ConsumedOffset> consumed{{partition, Offset(1)}};
    return (*log)->commit(consumed);
  };
  read_it();
  rd_kafka_mock_push_request_errors(cluster_->handle(), kTxnOffsetCommitRequest, 1,
                                    RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION);
  const auto aborted = copy_it();
  ASSERT_FALSE(aborted);
  EXPECT_EQ(aborted.error().kind(), ErrorKind::kAbort);
  EXPECT_EQ(aborted.error().cause(), ErrorCause::kRebalance) << aborted.error().message();
  ASSERT_TRUE((*log)->abort());
  ASSERT_TRUE((*log)->start(partition, Offset(0)));
  read_it();
  rd_kafka_mock_push_request_errors(cluster_->handle(), kEndTxnRequest, 1, RD_KAFKA_RESP_ERR_PRODUCER_FENCED);
  const auto fenced = copy_it();
  ASSERT_FALSE(fenced);
  EXPECT_EQ(fenced.error().kind(), ErrorKind::kFatal);
  EXPECT_EQ(fenced.error().cause(), ErrorCause::kFenced) << fenced.error().message();
  (*log)->close();
  log = open({"in"});
  ASSERT_TRUE(log) << log.error().message();
  read_it();
  const auto outcome = copy_it();
  EXPECT_TRUE(outcome) << outcome.error().message();
}

TEST(KafkaLog, SaysWhereItLookedForABrokerThatIsNotThere) {
  // Port 1 of the loopback: nobody listens there.
  const auto log = KafkaLog::open(
      {.connection = {.properties = {{"bootstrap.servers", "127.0.0.1:1"}}, .patience = Millis{300}, .logger = {}},
       .group = "g",
       .transactional_id = "t",
       .instance = {},
       .topics = {"in"}});
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().kind(), ErrorKind::kRetry);
  EXPECT_THAT(log.error().message(), HasSubstr("Kafka at 127.0.0.1:1"));
}

}  // namespace
}  // namespace touchstone
