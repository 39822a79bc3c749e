// Kafka gone, slow, full, or without what it had: each ends in one of the ways that docs/kafka-errors.md names, and
// when the trouble is over the next transaction succeeds. On librdkafka's mock broker, with short patience.
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "ingest/kafka_log.h"
#include "ingest/mock_cluster.h"

namespace touchstone {
namespace {

using testing::HasSubstr;

constexpr std::int16_t kFetch = 1;
constexpr std::int32_t kBroker = 1;

class KafkaTroublesTest : public testing::Test {
 protected:
  KafkaTroublesTest() : cluster_(std::move(*MockCluster::start())) {
    EXPECT_TRUE(cluster_->create_topic("in", 1));
    EXPECT_TRUE(cluster_->create_topic("out", 1));
    connection_.properties = {{"bootstrap.servers", cluster_->bootstrap_servers()},
                              {"session.timeout.ms", "6000"},
                              {"socket.timeout.ms", "3000"}};
    connection_.patience = Millis{2'000};
    connection_.transaction_timeout = Millis{3'000};
    connection_.hurried = [this] { return hurried_.load(); };
  }
  Result<std::unique_ptr<KafkaLog>> open(std::vector<std::string> topics = {}) {
    return KafkaLog::open({.connection = connection_,
                           .group = "g",
                           .transactional_id = "t",
                           .instance = {},
                           .topics = std::move(topics)});
  }
  static OutRecord record(std::string value, std::string topic = "out") {
    OutRecord made;
    made.topic = std::move(topic);
    made.partition = Partition(0);
    made.value = std::move(value);
    return made;
  }
  static Result<Receipt> transact(Log& log, const std::string& value) {
    TOUCHSTONE_TRY(log.produce(record(value)));
    return log.commit({});
  }
  /// What the worker does with an error, without its tasks.
  std::unique_ptr<KafkaLog> mend(std::unique_ptr<KafkaLog> log, const Error& error) {
    if (error.kind() == ErrorKind::kAbort && log->abort()) return log;
    log->close();
    for (;;) {
      auto opened = open();
      if (opened) return std::move(*opened);
      EXPECT_EQ(opened.error().kind(), ErrorKind::kRetry) << opened.error().message();
      if (opened.error().kind() != ErrorKind::kRetry) return nullptr;
    }
  }
  /// 200 records of 1,000 bytes, far more than fit into the queue, in one transaction.
  void writes_all_to_a_slow_broker() {
    connection_.properties["linger.ms"] = "1";
    connection_.transaction_timeout = Millis{30'000};
    const auto log = open();
    ASSERT_TRUE(log) << log.error().message();
    rd_kafka_mock_broker_set_rtt(cluster_->handle(), kBroker, 30);
    const std::string filling(1'000, 'x');
    for (int i = 0; i < 200; ++i) ASSERT_TRUE((*log)->produce(record(std::to_string(i) + filling)));
    const auto outcome = (*log)->commit({});
    ASSERT_TRUE(outcome) << outcome.error().message();
    rd_kafka_mock_broker_set_rtt(cluster_->handle(), kBroker, 0);
    std::vector<std::string> values;
    ASSERT_TRUE(
        (*log)->read({"out", Partition(0)}, Offset(0), [&](const Record& each) { values.emplace_back(*each.value); }));
    ASSERT_EQ(values.size(), 200U);
    for (int i = 0; i < 200; ++i) EXPECT_EQ(values[static_cast<std::size_t>(i)], std::to_string(i) + filling);
  }
  void broker_goes() { rd_kafka_mock_broker_set_down(cluster_->handle(), kBroker); }
  void broker_comes() { rd_kafka_mock_broker_set_up(cluster_->handle(), kBroker); }

  std::unique_ptr<MockCluster> cluster_;
  KafkaConnection connection_;
  std::atomic<bool> hurried_{false};
};

TEST_F(KafkaTroublesTest, GivesATransactionUpWhenTheBrokerIsGoneAndGoesOnWhenItIsBack) {
  auto opened = open();
  ASSERT_TRUE(opened) << opened.error().message();
  std::unique_ptr<KafkaLog> log = std::move(*opened);
  ASSERT_TRUE(transact(*log, "before"));
  broker_goes();
  const auto outcome = transact(*log, "during");
  ASSERT_FALSE(outcome);
  EXPECT_THAT(outcome.error().kind(), testing::AnyOf(ErrorKind::kAbort, ErrorKind::kFatal));
  EXPECT_EQ(outcome.error().cause(), ErrorCause::kUnreachable) << outcome.error().message();
  const auto nobody = open();
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().kind(), ErrorKind::kRetry) << nobody.error().message();
  EXPECT_EQ(nobody.error().cause(), ErrorCause::kUnreachable) << nobody.error().message();
  broker_comes();
  log = mend(std::move(log), outcome.error());
  ASSERT_TRUE(log);
  const auto after = transact(*log, "after");
  EXPECT_TRUE(after) << after.error().message();
}

// librdkafka calls such a transaction inconsistent, which says nothing of why.
TEST_F(KafkaTroublesTest, TellsOfATransactionWhoseRecordTimedOutThatTheBrokerCouldNotBeReached) {
  const auto log = open();
  ASSERT_TRUE(log) << log.error().message();
  ASSERT_TRUE((*log)->produce(record("the transaction's first")));
  broker_goes();
  ASSERT_TRUE((*log)->produce(record("during")));
  std::this_thread::sleep_for(connection_.transaction_timeout + Millis{2'000});
  const auto outcome = (*log)->commit({});
  ASSERT_FALSE(outcome);
  EXPECT_THAT(outcome.error().message(), HasSubstr("_MSG_TIMED_OUT"));
  EXPECT_EQ(outcome.error().cause(), ErrorCause::kUnreachable) << outcome.error().message();
}

TEST_F(KafkaTroublesTest, HasNoMorePatienceWhenItIsHurried) {
  connection_.transaction_timeout = Millis{30'000};
  const auto log = open();
  ASSERT_TRUE(log) << log.error().message();
  ASSERT_TRUE((*log)->produce(record("a")));
  broker_goes();
  hurried_ = true;
  const std::vector<ConsumedOffset> consumed{{{"in", Partition(0)}, Offset(1)}};
  const auto outcome = (*log)->commit(consumed);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::kAbort) << outcome.error().message();
  EXPECT_FALSE(open());
}

TEST_F(KafkaTroublesTest, WaitsForRoomInAFullProducerQueueAndLosesNothing) {
  connection_.properties["queue.buffering.max.messages"] = "10";
  writes_all_to_a_slow_broker();
}

TEST_F(KafkaTroublesTest, WaitsForRoomInAProducerQueueThatIsFullOfBytes) {
  connection_.queues.output = 4'096;
  writes_all_to_a_slow_broker();
}

TEST_F(KafkaTroublesTest, GivesUpAFullProducerQueueThatDoesNotDrain) {
  connection_.properties["queue.buffering.max.messages"] = "10";
  auto opened = open();
  ASSERT_TRUE(opened) << opened.error().message();
  std::unique_ptr<KafkaLog> log = std::move(*opened);
  ASSERT_TRUE(transact(*log, "before"));
  broker_goes();
  Result<void> produced{};
  for (int i = 0; i < 1'000 && produced; ++i) produced = log->produce(record("during"));
  ASSERT_FALSE(produced);
  EXPECT_THAT(produced.error().kind(), testing::AnyOf(ErrorKind::kAbort, ErrorKind::kFatal));
  EXPECT_EQ(produced.error().cause(), ErrorCause::kUnreachable) << produced.error().message();
  broker_comes();
  log = mend(std::move(log), produced.error());
  ASSERT_TRUE(log);
  const auto after = transact(*log, "after");
  EXPECT_TRUE(after) << after.error().message();
}

TEST_F(KafkaTroublesTest, HoldsLittleOfAnInputThatIsReadSlowlyAndBringsAllOfItOnce) {
  {
    const auto writer = open();
    ASSERT_TRUE(writer) << writer.error().message();
    for (int i = 0; i < 300; ++i)
      ASSERT_TRUE((*writer)->produce(record(std::to_string(i) + std::string(2'000, 'x'), "in")));
    ASSERT_TRUE((*writer)->commit({}));
    (*writer)->close();
  }
  connection_.properties["queued.max.messages.kbytes"] = "4";
  connection_.properties["fetch.message.max.bytes"] = "4096";
  const auto log = open({"in"});
  ASSERT_TRUE(log) << log.error().message();
  std::vector<std::string> values;
  bool at_end = false;
  while (!at_end) {
    const auto polled = (*log)->poll(Millis{50}, 3);
    ASSERT_TRUE(polled) << polled.error().message();
    for (const TopicPartition& each : polled->assigned) ASSERT_TRUE((*log)->start(each, Offset(0)));
    for (const Record& each : polled->records) values.emplace_back(each.value->substr(0, each.value->find('x')));
    at_end = !polled->at_end.empty();
  }
  ASSERT_EQ(values.size(), 300U);
  for (int i = 0; i < 300; ++i) EXPECT_EQ(values[static_cast<std::size_t>(i)], std::to_string(i));
}

TEST_F(KafkaTroublesTest, NamesAnOutputTopicThatIsGone) {
  const auto log = open();
  ASSERT_TRUE(log) << log.error().message();
  ASSERT_TRUE(transact(**log, "before"));
  rd_kafka_mock_topic_set_error(cluster_->handle(), "out", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  const auto outcome = transact(**log, "during");
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::kReject) << outcome.error().message();
  EXPECT_THAT(outcome.error().message(), HasSubstr("the topic out is gone"));
  EXPECT_TRUE((*log)->abort());
}

TEST_F(KafkaTroublesTest, EndsTheClientWhoseOffsetIsNoLongerHeld) {
  auto log = open({"in"});
  ASSERT_TRUE(log) << log.error().message();
  const auto poll_until = [&](auto over) -> Result<void> {
    for (;;) {
      const auto polled = (*log)->poll(Millis{50}, 100);
      if (!polled) return polled.error();
      for (const TopicPartition& each : polled->assigned) TOUCHSTONE_TRY((*log)->start(each, Offset(0)));
      if (over(*polled)) return {};
    }
  };
  ASSERT_TRUE(poll_until([](const Polled& polled) { return !polled.at_end.empty(); }));
  rd_kafka_mock_push_request_errors(cluster_->handle(), kFetch, 1, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE);
  const Result<void> lost = poll_until([](const Polled&) { return false; });
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().kind(), ErrorKind::kFatal);
  EXPECT_THAT(lost.error().message(), HasSubstr("no longer holds the offset"));
}

}  // namespace
}  // namespace touchstone
