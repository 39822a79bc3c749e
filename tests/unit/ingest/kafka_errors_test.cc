// The table of what injected broker errors surface as, and what is to be done about each.
#include "ingest/kafka_errors.h"

#include <string>

#include <gtest/gtest.h>

namespace touchstone {
namespace {

constexpr KafkaErrorFlags kFatalFlag{.fatal = true};
constexpr KafkaErrorFlags kAbortableFlag{.abortable = true};
constexpr KafkaErrorFlags kRetriableFlag{.retriable = true};

TEST(KafkaErrors, AreFatalWhenFlaggedSo) {
  for (const auto code : {RD_KAFKA_RESP_ERR_INVALID_TXN_STATE, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
                          RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, RD_KAFKA_RESP_ERR__FENCED}) {
    EXPECT_EQ(kind_of_transactional(code, kFatalFlag), ErrorKind::kFatal);
  }
}

TEST(KafkaErrors, LoseTheTransactionWhenFlaggedAbortable) {
  for (const auto code :
       {RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID, RD_KAFKA_RESP_ERR_UNKNOWN, RD_KAFKA_RESP_ERR_INVALID_TXN_STATE,
        RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID,
        RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE}) {
    EXPECT_EQ(kind_of_transactional(code, kAbortableFlag), ErrorKind::kAbort) << rd_kafka_err2name(code);
  }
}

TEST(KafkaErrors, AreFatalForAFencedProducerWhateverTheFlags) {
  for (const KafkaErrorFlags flags : {kFatalFlag, kAbortableFlag, kRetriableFlag, KafkaErrorFlags{}}) {
    EXPECT_EQ(kind_of_transactional(RD_KAFKA_RESP_ERR__FENCED, flags), ErrorKind::kFatal);
    EXPECT_EQ(kind_of_transactional(RD_KAFKA_RESP_ERR_PRODUCER_FENCED, flags), ErrorKind::kFatal);
  }
}

TEST(KafkaErrors, AreFatalWithoutAnyFlag) {
  EXPECT_EQ(kind_of_transactional(RD_KAFKA_RESP_ERR__STATE, {}), ErrorKind::kFatal);
  EXPECT_EQ(kind_of_transactional(RD_KAFKA_RESP_ERR_UNKNOWN, {}), ErrorKind::kFatal);
}

TEST(KafkaErrors, AreRetriedWhenFlaggedSo) {
  EXPECT_EQ(kind_of_transactional(RD_KAFKA_RESP_ERR__TIMED_OUT, kRetriableFlag), ErrorKind::kRetry);
}

TEST(KafkaErrors, TellWhatPassesFromWhatDoesNot) {
  EXPECT_EQ(kind_of(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN), ErrorKind::kRetry);
  EXPECT_EQ(kind_of(RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS), ErrorKind::kRetry);
  EXPECT_EQ(kind_of(RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT), ErrorKind::kRetry);
  EXPECT_EQ(kind_of(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART), ErrorKind::kReject);
  EXPECT_EQ(kind_of(RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET), ErrorKind::kReject);
  EXPECT_EQ(kind_of(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED), ErrorKind::kFatal);
  EXPECT_EQ(kind_of(RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID), ErrorKind::kFatal);
  EXPECT_EQ(kind_of(RD_KAFKA_RESP_ERR__FATAL), ErrorKind::kFatal);
}

TEST(KafkaErrors, AreCountedByTheirCause) {
  EXPECT_EQ(cause_of(RD_KAFKA_RESP_ERR__FENCED), ErrorCause::kFenced);
  EXPECT_EQ(cause_of(RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION), ErrorCause::kRebalance);
  EXPECT_EQ(cause_of(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN), ErrorCause::kUnreachable);
  EXPECT_EQ(cause_of(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED), ErrorCause::kOther);
  EXPECT_EQ(error_of(RD_KAFKA_RESP_ERR__TIMED_OUT, "committing").as(ErrorKind::kAbort).cause(),
            ErrorCause::kUnreachable);
}

TEST(KafkaErrors, SayWhatFailedAndWhy) {
  const Error error = error_of(RD_KAFKA_RESP_ERR__TIMED_OUT, "committing");
  EXPECT_EQ(error.kind(), ErrorKind::kRetry);
  EXPECT_EQ(error.message(), "committing: _TIMED_OUT: Local: Timed out");
}

}  // namespace
}  // namespace touchstone
