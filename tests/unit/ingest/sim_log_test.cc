// What SimLog adds to the contract of Log: gaps, order over partitions, faults, crashes, drains. What it
// shares with KafkaLog is in tests/contract/log_contract_test.cc.
#include "ingest/sim_log.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace touchstone {
namespace {

constexpr std::size_t kMany = 1000;

SimLogOptions member(std::string id) { return {.group = "g", .transactional_id = std::move(id), .topics = {"in"}}; }

void put(SimBroker& broker, std::int32_t partition, std::string value, std::optional<std::int64_t> offset = {}) {
  SimRecord record;
  record.topic = "in";
  record.partition = Partition(partition);
  if (offset) record.offset = Offset(*offset);
  record.value = std::move(value);
  ASSERT_TRUE(broker.append(std::move(record)));
}

OutRecord out(std::int32_t partition, std::string value) {
  OutRecord record;
  record.topic = "out";
  record.partition = Partition(partition);
  record.value = std::move(value);
  return record;
}

std::vector<std::string> values_of(const Polled& polled) {
  std::vector<std::string> values;
  for (const Record& record : polled.records) values.emplace_back(*record.value);
  return values;
}

/// Polls once for the assignment and starts every partition at its beginning.
void start_all(SimLog& log) {
  const Polled polled = *log.poll(Millis(0), kMany);
  for (const TopicPartition& partition : polled.assigned) {
    ASSERT_TRUE(log.start(partition, log.range(partition)->begin));
  }
}

using Strings = std::vector<std::string>;

TEST(SimLog, DeliversSeveralPartitionsInTheOrderOfTheirAppends) {
  SimBroker broker;
  broker.create_topic("in", 3);
  put(broker, 2, "a");
  put(broker, 0, "b");
  put(broker, 1, "c");
  put(broker, 0, "d");
  SimLog log(broker, member("m"));
  start_all(log);
  EXPECT_EQ(values_of(*log.poll(Millis(0), 3)), (Strings{"a", "b", "c"}));
  EXPECT_EQ(values_of(*log.poll(Millis(0), 3)), (Strings{"d"}));
}

TEST(SimLog, LeavesTheGapsThatExplicitOffsetsMake) {
  SimBroker broker;
  broker.create_topic("in", 1);
  put(broker, 0, "a", 5);
  put(broker, 0, "b", 9);
  SimRecord passed;
  passed.topic = "in";
  passed.partition = Partition(0);
  passed.offset = Offset(9);
  EXPECT_EQ(broker.append(std::move(passed)).error().kind(), ErrorKind::kReject);
  SimLog log(broker, member("m"));
  start_all(log);
  const auto polled = log.poll(Millis(0), kMany);
  ASSERT_EQ(polled->records.size(), 2U);
  EXPECT_EQ(polled->records[0].offset, Offset(5));
  EXPECT_EQ(polled->records[1].offset, Offset(9));
}

TEST(SimLog, LetsMarkersAndAbortedRecordsOccupyOffsetsUnlessToldOtherwise) {
  for (const SimMarkers markers : {SimMarkers::kOccupyOffsets, SimMarkers::kNone}) {
    SimBroker broker(SimBrokerOptions{.markers = markers});
    broker.create_topic("out", 1);
    SimLog log(broker, {.group = "g", .transactional_id = "m", .topics = {}});
    ASSERT_TRUE(log.produce(out(0, "a")));
    ASSERT_TRUE(log.commit({}));
    ASSERT_TRUE(log.produce(out(0, "b")));
    ASSERT_TRUE(log.abort());
    const auto range = log.range({"out", Partition(0)});
    EXPECT_EQ(range->end, Offset(markers == SimMarkers::kNone ? 1 : 4));
  }
}

TEST(SimLog, KeepsBorrowedRecordsThroughATrim) {
  SimBroker broker;
  broker.create_topic("in", 1);
  put(broker, 0, "a value that is too long to be kept inside the string object itself");
  SimLog log(broker, member("m"));
  start_all(log);
  const auto polled = log.poll(Millis(0), kMany);
  broker.trim({"in", Partition(0)}, Offset(1));
  EXPECT_EQ(polled->records.at(0).value->substr(0, 7), "a value");
  EXPECT_EQ(log.range({"in", Partition(0)})->begin, Offset(1));
}

TEST(SimLog, DiesWhenItsPositionHasBeenTrimmed) {
  SimBroker broker;
  broker.create_topic("in", 1);
  put(broker, 0, "a");
  put(broker, 0, "b");
  SimLog log(broker, member("m"));
  start_all(log);
  broker.trim({"in", Partition(0)}, Offset(1));
  EXPECT_EQ(log.poll(Millis(0), kMany).error().kind(), ErrorKind::kFatal);
}

TEST(SimLog, FailsACommitBeforeItHappened) {
  SimBroker broker;
  broker.create_topic("in", 1);
  broker.create_topic("out", 1);
  SimLog log(broker, member("m"));
  start_all(log);
  broker.inject({.call = SimCall::kCommit, .kind = ErrorKind::kAbort, .skip = 1, .transactional_id = "m"});
  const TopicPartition in{"in", Partition(0)};
  const std::vector<ConsumedOffset> first{{in, Offset(1)}};
  const std::vector<ConsumedOffset> second{{in, Offset(2)}};
  ASSERT_TRUE(log.produce(out(0, "a")));
  ASSERT_TRUE(log.commit(first));
  ASSERT_TRUE(log.produce(out(0, "b")));
  EXPECT_EQ(log.commit(second).error().kind(), ErrorKind::kAbort);
  EXPECT_EQ(log.produce(out(0, "c")).error().kind(), ErrorKind::kAbort);
  ASSERT_TRUE(log.abort());
  EXPECT_EQ(broker.committed("g", in), Offset(1));
  Strings seen;
  broker.drain("out", [&](const Record& record) { seen.emplace_back(*record.value); });
  EXPECT_EQ(seen, (Strings{"a"}));
}

TEST(SimLog, LeavesTheOutcomeUnknownWhenACommitFailsAfterItHappened) {
  SimBroker broker;
  broker.create_topic("in", 1);
  broker.create_topic("out", 1);
  SimLog log(broker, member("m"));
  start_all(log);
  broker.inject({.call = SimCall::kCommit, .kind = ErrorKind::kFatal, .effect = SimFault::Effect::kDone});
  const TopicPartition in{"in", Partition(0)};
  const std::vector<ConsumedOffset> consumed{{in, Offset(1)}};
  ASSERT_TRUE(log.produce(out(0, "a")));
  EXPECT_EQ(log.commit(consumed).error().kind(), ErrorKind::kFatal);
  EXPECT_EQ(log.poll(Millis(0), kMany).error().kind(), ErrorKind::kFatal);
  EXPECT_EQ(broker.committed("g", in), Offset(1));
  EXPECT_EQ(SimLog(broker, member("m")).range({"out", Partition(0)})->end, Offset(2));
}

TEST(SimLog, GivesItsPlaceInTheGroupToItsSuccessorAfterACrash) {
  SimBroker broker;
  broker.create_topic("in", 2);
  SimLog other(broker, member("a"));
  {
    SimLog crashed(broker, member("b"));
    start_all(other);
    start_all(crashed);
    start_all(other);
  }
  SimLog successor(broker, member("b"));
  EXPECT_EQ(successor.poll(Millis(0), kMany)->assigned, (std::vector<TopicPartition>{{"in", Partition(1)}}));
  EXPECT_TRUE(other.poll(Millis(0), kMany)->lost.empty());
}

TEST(SimLog, RefusesTheCommitOfAMemberWhoseSessionEnded) {
  SimBroker broker;
  broker.create_topic("in", 2);
  SimLog slow(broker, member("a"));
  SimLog quick(broker, member("b"));
  start_all(slow);
  start_all(quick);
  broker.expire_member("g", "a");
  EXPECT_EQ(quick.poll(Millis(0), kMany)->assigned.size(), 2U);
  const std::vector<ConsumedOffset> consumed{{{"in", Partition(0)}, Offset(1)}};
  EXPECT_EQ(slow.commit(consumed).error().kind(), ErrorKind::kAbort);
  ASSERT_TRUE(slow.abort());
  const auto polled = slow.poll(Millis(0), kMany);
  EXPECT_EQ(polled->lost.size(), 2U);
  EXPECT_EQ(polled->assigned.size(), 1U);
}

TEST(SimBroker, DrainsATopicInAppendOrderOnceAndFreesIt) {
  SimBroker broker;
  broker.create_topic("out", 2);
  SimLog log(broker, {.group = "g", .transactional_id = "m", .topics = {}});
  for (const auto& [partition, value] : {std::pair{1, "a"}, std::pair{0, "b"}, std::pair{1, "c"}}) {
    ASSERT_TRUE(log.produce(out(partition, value)));
  }
  Strings seen;
  const auto note = [&](const Record& record) { seen.emplace_back(*record.value); };
  broker.drain("out", note);
  EXPECT_EQ(seen, Strings{});
  ASSERT_TRUE(log.commit({}));
  broker.drain("out", note);
  broker.drain("out", note);
  EXPECT_EQ(seen, (Strings{"a", "b", "c"}));
}

TEST(SimBroker, StampsRecordsWithTheTimeItWasTold) {
  SimBroker broker;
  broker.create_topic("out", 1);
  SimLog log(broker, {.group = "g", .transactional_id = "m", .topics = {}});
  ASSERT_TRUE(log.produce(out(0, "a")));
  ASSERT_TRUE(log.commit({}));
  broker.set_now(42);
  ASSERT_TRUE(log.produce(out(0, "b")));
  ASSERT_TRUE(log.commit({}));
  std::vector<std::optional<std::int64_t>> stamps;
  broker.drain("out", [&](const Record& record) { stamps.push_back(record.timestamp_ms); });
  EXPECT_EQ(stamps, (std::vector<std::optional<std::int64_t>>{std::nullopt, 42}));
}

}  // namespace
}  // namespace touchstone
