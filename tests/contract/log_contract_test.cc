// What every Log promises. One test for the fake and the real thing: SimLog always, KafkaLog where the
// environment variable TOUCHSTONE_KAFKA names a broker (deploy/kafka-local/kafka-local starts one).
#include <algorithm>
#include <functional>
#include <future>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "ingest/partitioner.h"
#include "tests/contract/log_world.h"

namespace touchstone {
namespace {

constexpr std::size_t kMany = 10'000;

/// A record with its own bytes.
struct Kept {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::optional<std::int64_t> timestamp_ms;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::string>> headers;
};

Kept keep(const Record& record) {
  Kept kept{.topic = std::string(record.topic),
            .partition = record.partition.value(),
            .offset = record.offset.value(),
            .timestamp_ms = record.timestamp_ms,
            .key = std::nullopt,
            .value = std::nullopt,
            .headers = {}};
  if (record.key) kept.key = std::string(*record.key);
  if (record.value) kept.value = std::string(*record.value);
  for (const auto& [name, value] : record.headers) kept.headers.emplace_back(name, value);
  return kept;
}

/// A log with all that it has told so far.
struct Member {
  std::unique_ptr<Log> log;
  std::set<TopicPartition> owned;
  std::vector<TopicPartition> lost;
  std::vector<TopicPartition> at_end;
  Offset end_offset;  ///< of the end told last
  std::vector<Kept> records;

  /// One poll; starts what is newly assigned at its committed offset, else at its beginning.
  void step(std::size_t max_records = kMany) {
    const auto polled = log->poll(Millis{50}, max_records);
    ASSERT_TRUE(polled) << polled.error().message();
    for (const auto& partition : polled->lost) {
      owned.erase(partition);
      lost.push_back(partition);
    }
    for (const auto& partition : polled->assigned) {
      owned.insert(partition);
      if (!starts) continue;
      const auto committed = log->committed(partition);
      ASSERT_TRUE(committed) << committed.error().message();
      const auto range = log->range(partition);
      ASSERT_TRUE(range) << range.error().message();
      ASSERT_TRUE(log->start(partition, committed->value_or(range->begin)));
    }
    for (const Record& record : polled->records) records.push_back(keep(record));
    for (const ConsumedOffset& end : polled->at_end) {
      at_end.push_back(end.partition);
      end_offset = end.next;
    }
  }
  bool starts = true;

  [[nodiscard]] std::vector<std::string> values() const {
    std::vector<std::string> all;
    for (const Kept& record : records) all.push_back(record.value.value_or("(null)"));
    return all;
  }
};

using MakeWorld = std::function<std::unique_ptr<LogWorld>()>;
struct Flavour {
  std::string name;
  MakeWorld make;
};

class LogContract : public testing::TestWithParam<Flavour> {
 protected:
  LogContract() : world_(GetParam().make()) {
    // A broker outlives the test: names are never used twice.
    static int count = 0;
    suffix_ = "-" + std::to_string(getpid()) + "-" + std::to_string(++count);
    in_ = "in" + suffix_;
    out_ = "out" + suffix_;
    group_ = "group" + suffix_;
  }

  void create(std::int32_t in_partitions, std::int32_t out_partitions = 1) {
    world_->create_topic(in_, in_partitions);
    world_->create_topic(out_, out_partitions);
    feeder_ = world_->open("feeders" + suffix_, "feeder" + suffix_, {});
  }
  Member join(const std::string& id) {
    Member member;
    member.log = world_->open(group_, id + suffix_, {in_});
    return member;
  }

  OutRecord record(const std::string& topic, std::int32_t partition, const std::string& value) {
    OutRecord made;
    made.topic = topic;
    made.partition = Partition(partition);
    made.value = value;
    return made;
  }
  /// Writes committed records, one transaction for all.
  void feed(std::int32_t partition, const std::vector<std::string>& values) {
    for (const std::string& value : values) ASSERT_TRUE(feeder_->produce(record(in_, partition, value)));
    const auto committed = feeder_->commit({});
    ASSERT_TRUE(committed) << committed.error().message();
  }
  [[nodiscard]] TopicPartition in(std::int32_t partition) const { return {in_, Partition(partition)}; }
  [[nodiscard]] TopicPartition out(std::int32_t partition) const { return {out_, Partition(partition)}; }

  /// Polls all of them in turn until the condition holds.
  void poll_until(const std::vector<Member*>& members, const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + world_->patience();
    while (!holds()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "in vain";
      for (Member* member : members) ASSERT_NO_FATAL_FAILURE(member->step());
    }
  }
  std::vector<std::string> read_all(Log& log, const TopicPartition& partition, Offset from = Offset(0)) {
    std::vector<std::string> values;
    const auto end = log.read(partition, from, [&](const Record& each) {
      values.emplace_back(each.value ? *each.value : std::string_view("(null)"));
    });
    EXPECT_TRUE(end) << end.error().message();
    return values;
  }

  std::unique_ptr<LogWorld> world_;
  std::string suffix_;
  std::string in_;
  std::string out_;
  std::string group_;
  std::unique_ptr<Log> feeder_;
};

using Strings = std::vector<std::string>;

TEST_P(LogContract, GivesAllPartitionsToASoleMemberAndNoRecordBeforeStart) {
  create(3);
  feed(0, {"a"});
  Member member = join("m");
  member.starts = false;
  poll_until({&member}, [&] { return member.owned.size() == 3; });
  EXPECT_EQ(member.owned, (std::set<TopicPartition>{in(0), in(1), in(2)}));
  EXPECT_TRUE(member.lost.empty());
  for (int i = 0; i < 3; ++i) member.step();
  EXPECT_TRUE(member.records.empty());
  EXPECT_TRUE(member.at_end.empty());
  ASSERT_TRUE(member.log->start(in(0), Offset(0)));
  poll_until({&member}, [&] { return !member.at_end.empty(); });
  EXPECT_EQ(member.values(), (Strings{"a"}));
  EXPECT_EQ(member.at_end, (std::vector{in(0)}));
}

TEST_P(LogContract, DeliversAPartitionInOrderFromTheOffsetGiven) {
  create(1);
  feed(0, {"a", "b", "c"});
  Member member = join("m");
  member.starts = false;
  poll_until({&member}, [&] { return member.owned.size() == 1; });
  ASSERT_TRUE(member.log->start(in(0), Offset(1)));
  poll_until({&member}, [&] { return !member.at_end.empty(); });
  EXPECT_EQ(member.values(), (Strings{"b", "c"}));
  EXPECT_EQ(member.records.front().offset, 1);
  EXPECT_EQ(member.log->lag(in(0)), 0);
}

TEST_P(LogContract, KeepsItsPlaceWithoutReadingAndThenGoesOnWhereItWas) {
  create(2);
  feed(0, {"a", "b"});
  Member member = join("m");
  poll_until({&member}, [&] { return member.at_end.size() == 2; });
  member.at_end.clear();
  feed(0, {"c", "d"});
  for (int i = 0; i < 5; ++i) member.step(0);
  EXPECT_EQ(member.values(), (Strings{"a", "b"}));
  EXPECT_TRUE(member.at_end.empty());
  EXPECT_TRUE(member.lost.empty());
  poll_until({&member}, [&] { return member.at_end.size() == 2; });
  EXPECT_EQ(member.values(), (Strings{"a", "b", "c", "d"}));
}

TEST_P(LogContract, IsToldOfARebalanceWhileItReadsNothing) {
  create(2);
  feed(0, {"a"});
  feed(1, {"b"});
  Member first = join("first");
  poll_until({&first}, [&] { return first.records.size() == 2; });
  Member second = join("second");
  const auto deadline = std::chrono::steady_clock::now() + world_->patience();
  while (first.owned.size() != 1 || second.owned.size() != 1) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "in vain";
    ASSERT_NO_FATAL_FAILURE(first.step(0));
    ASSERT_NO_FATAL_FAILURE(second.step());
  }
  EXPECT_EQ(first.records.size(), 2U);
}

TEST_P(LogContract, CarriesKeysValuesHeadersAndTimes) {
  create(1);
  OutRecord full = record(in_, 0, "v");
  full.key = "k";
  full.headers = {{"h", "1"}, {"h", ""}, {"g", std::string("\0x", 2)}};
  OutRecord tombstone = record(in_, 0, "");
  tombstone.key = "k";
  tombstone.value.reset();
  OutRecord empty = record(in_, 0, "");
  empty.key = "";
  ASSERT_TRUE(feeder_->produce(full));
  ASSERT_TRUE(feeder_->produce(tombstone));
  ASSERT_TRUE(feeder_->produce(empty));
  ASSERT_TRUE(feeder_->commit({}));
  Member member = join("m");
  poll_until({&member}, [&] { return member.records.size() == 3; });
  EXPECT_EQ(member.records[0].topic, in_);
  EXPECT_EQ(member.records[0].key, "k");
  EXPECT_EQ(member.records[0].value, "v");
  EXPECT_EQ(member.records[0].headers, full.headers);
  EXPECT_GT(member.records[0].timestamp_ms.value_or(0), 1'600'000'000'000);
  EXPECT_EQ(member.records[1].key, "k");
  EXPECT_EQ(member.records[1].value, std::nullopt);
  EXPECT_EQ(member.records[2].key, "");
  EXPECT_EQ(member.records[2].value, "");
}

TEST_P(LogContract, BringsNoMoreRecordsThanAskedFor) {
  create(2);
  feed(0, {"a", "b", "c"});
  feed(1, {"d", "e", "f"});
  Member member = join("m");
  std::size_t before = 0;
  while (member.at_end.size() < 2) {
    ASSERT_NO_FATAL_FAILURE(member.step(2));
    ASSERT_LE(member.records.size(), before + 2);
    before = member.records.size();
  }
  Strings values = member.values();
  std::sort(values.begin(), values.end());
  EXPECT_EQ(values, (Strings{"a", "b", "c", "d", "e", "f"}));
}

TEST_P(LogContract, TellsTheEndAgainWhenItHasMovedOn) {
  create(1);
  Member member = join("m");
  poll_until({&member}, [&] { return member.at_end.size() == 1; });
  feed(0, {"a"});
  poll_until({&member}, [&] { return member.at_end.size() == 2; });
  EXPECT_EQ(member.values(), (Strings{"a"}));
  // The end lies behind the marker of the transaction, from where reading can go on.
  EXPECT_EQ(member.end_offset, member.log->range(in(0))->end);
}

TEST_P(LogContract, GoesBackExactlyWhenStartedAgain) {
  create(2);
  Strings values;
  for (int i = 0; i < 1000; ++i) values.push_back(std::to_string(i));
  feed(0, values);
  feed(1, {"other"});
  Member member = join("m");
  for (int round = 0; round < 5; ++round) {
    poll_until({&member}, [&] { return member.records.size() >= 400; });
    member.records.clear();
    ASSERT_TRUE(member.log->start(in(0), Offset(100)));
    ASSERT_TRUE(member.log->start(in(1), Offset(0)));
    ASSERT_NO_FATAL_FAILURE(member.step(7));
  }
  poll_until({&member}, [&] { return member.records.size() >= 901; });
  ASSERT_EQ(member.records.size(), 901U);
  Strings first;
  for (const Kept& record : member.records) {
    if (record.partition == 0) first.push_back(*record.value);
  }
  EXPECT_EQ(first, Strings(values.begin() + 100, values.end()));
}

TEST_P(LogContract, DeliversNothingOfWhatIsHeldBeforeItIsStartedAgain) {
  create(2);
  Strings values;
  for (int i = 0; i < 1000; ++i) values.push_back(std::to_string(i));
  feed(0, values);
  feed(1, {"other"});
  Member member = join("m");
  poll_until({&member}, [&] { return member.records.size() >= 400; });
  member.log->hold();
  member.records.clear();
  member.at_end.clear();
  for (int i = 0; i < 10; ++i) ASSERT_NO_FATAL_FAILURE(member.step());
  EXPECT_TRUE(member.records.empty());
  EXPECT_TRUE(member.at_end.empty());
  ASSERT_TRUE(member.log->start(in(1), Offset(0)));
  poll_until({&member}, [&] { return !member.at_end.empty(); });
  EXPECT_EQ(member.values(), Strings{"other"}) << "the other one is still held";
  member.records.clear();
  ASSERT_TRUE(member.log->start(in(0), Offset(100)));
  poll_until({&member}, [&] { return member.records.size() >= 900; });
  EXPECT_EQ(member.values(), Strings(values.begin() + 100, values.end()));
}

TEST_P(LogContract, KeepsThePositionsOfOtherPartitionsWhenOneGoesBack) {
  create(2);
  feed(0, {"a", "b"});
  feed(1, {"c", "d"});
  Member member = join("m");
  poll_until({&member}, [&] { return member.at_end.size() >= 2; });
  member.records.clear();
  ASSERT_TRUE(member.log->start(in(1), Offset(1)));
  feed(0, {"e"});
  poll_until({&member}, [&] { return member.records.size() >= 2; });
  Strings all = member.values();
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, (Strings{"d", "e"}));
}

TEST_P(LogContract, CommitsRecordsTogetherWithOffsets) {
  create(1, 2);
  feed(0, {"a"});
  Member member = join("m");
  poll_until({&member}, [&] { return member.records.size() == 1; });
  EXPECT_EQ(member.log->committed(in(0)).value(), std::nullopt);
  ASSERT_TRUE(member.log->produce(record(out_, 0, "x")));
  ASSERT_TRUE(member.log->produce(record(out_, 1, "y")));
  ASSERT_TRUE(member.log->produce(record(out_, 1, "z")));
  const std::vector<ConsumedOffset> consumed{{in(0), Offset(1)}};
  const auto receipt = member.log->commit(consumed);
  ASSERT_TRUE(receipt) << receipt.error().message();
  std::map<TopicPartition, Offset> written;
  for (const auto& [partition, next] : receipt->written) written[partition] = next;
  EXPECT_EQ(written, (std::map<TopicPartition, Offset>{{out(0), Offset(1)}, {out(1), Offset(2)}}));
  EXPECT_EQ(member.log->committed(in(0)).value(), Offset(1));
  EXPECT_EQ(read_all(*member.log, out(0)), (Strings{"x"}));
  EXPECT_EQ(read_all(*member.log, out(1)), (Strings{"y", "z"}));
}

TEST_P(LogContract, NeverShowsWhatWasAborted) {
  create(1, 1);
  feed(0, {"a"});
  Member member = join("m");
  poll_until({&member}, [&] { return member.records.size() == 1; });
  ASSERT_TRUE(member.log->produce(record(out_, 0, "given up")));
  ASSERT_TRUE(member.log->abort());
  ASSERT_TRUE(member.log->abort());
  EXPECT_EQ(read_all(*member.log, out(0)), Strings{});
  ASSERT_TRUE(member.log->produce(record(out_, 0, "kept")));
  const std::vector<ConsumedOffset> consumed{{in(0), Offset(1)}};
  ASSERT_TRUE(member.log->commit(consumed));
  EXPECT_EQ(read_all(*member.log, out(0)), (Strings{"kept"}));
}

TEST_P(LogContract, CommitsOffsetsAloneAndNothingAtAll) {
  create(1);
  feed(0, {"a"});
  Member member = join("m");
  poll_until({&member}, [&] { return member.records.size() == 1; });
  EXPECT_TRUE(member.log->commit({})->written.empty());
  const std::vector<ConsumedOffset> consumed{{in(0), Offset(1)}};
  EXPECT_TRUE(member.log->commit(consumed)->written.empty());
  EXPECT_EQ(member.log->committed(in(0)).value(), Offset(1));
}

TEST_P(LogContract, GoesOnAtTheCommittedOffsetAfterARestart) {
  create(1);
  feed(0, {"a", "b", "c"});
  {
    Member member = join("m");
    poll_until({&member}, [&] { return member.records.size() == 3; });
    const std::vector<ConsumedOffset> consumed{{in(0), Offset(2)}};
    ASSERT_TRUE(member.log->commit(consumed));
    member.log->close();
  }
  Member member = join("m");
  poll_until({&member}, [&] { return !member.at_end.empty(); });
  EXPECT_EQ(member.values(), (Strings{"c"}));
}

TEST_P(LogContract, ChoosesPartitionsByTheKeyAsJavaClientsDo) {
  create(1, 5);
  std::map<std::int32_t, Strings> expected;
  for (const char* key : {"anna", "boris", "cyrus", "dora", "emil", "کلید"}) {
    OutRecord made;
    made.topic = out_;
    made.key = key;
    made.value = key;
    ASSERT_TRUE(feeder_->produce(made));
    expected[murmur2_partition(key, 5)].emplace_back(key);
  }
  EXPECT_TRUE(feeder_->commit({})->written.empty());
  for (const auto& [partition, values] : expected) EXPECT_EQ(read_all(*feeder_, out(partition)), values);
}

TEST_P(LogContract, FencesTheOlderOfTwoWithOneTransactionalId) {
  create(1);
  feed(0, {"a"});
  Member older = join("m");
  poll_until({&older}, [&] { return older.records.size() == 1; });
  ASSERT_TRUE(older.log->produce(record(out_, 0, "old")));
  const Member newer = join("m");
  const std::vector<ConsumedOffset> consumed{{in(0), Offset(1)}};
  const auto outcome = older.log->commit(consumed);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::kFatal) << outcome.error().message();
  const auto again = older.log->produce(record(out_, 0, "old"));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind(), ErrorKind::kFatal) << again.error().message();
  EXPECT_EQ(newer.log->committed(in(0)).value(), std::nullopt);
  EXPECT_EQ(read_all(*newer.log, out(0)), Strings{});
  older.log->close();
}

TEST_P(LogContract, SharesPartitionsWithWhoeverJoinsAndTakesThemBackWhenItLeaves) {
  create(4);
  feed(0, {"a"});
  Member first = join("a");
  poll_until({&first}, [&] { return first.owned.size() == 4 && first.records.size() == 1; });
  // What it has in hand when the group changes must not be committed.
  ASSERT_TRUE(first.log->produce(record(out_, 0, "stale")));
  Member second = join("b");
  poll_until({&first, &second}, [&] { return first.owned.size() == 2 && second.owned.size() == 2; });
  EXPECT_EQ(std::set(first.lost.begin(), first.lost.end()), (std::set{in(0), in(1), in(2), in(3)}));
  ASSERT_TRUE(first.log->abort());
  std::set<TopicPartition> all = first.owned;
  all.insert(second.owned.begin(), second.owned.end());
  EXPECT_EQ(all.size(), 4U);
  // Both go on, each with its own.
  for (Member* member : {&first, &second}) {
    std::vector<ConsumedOffset> consumed;
    for (const auto& partition : member->owned) consumed.push_back({partition, Offset(0)});
    const auto committed = member->log->commit(consumed);
    EXPECT_TRUE(committed) << committed.error().message();
  }
  second.log->close();
  poll_until({&first}, [&] { return first.owned.size() == 4; });
  EXPECT_EQ(read_all(*first.log, out(0)), Strings{});
}

TEST_P(LogContract, RefusesTheCommitOfOneWhoWasThrownOutMeanwhile) {
  create(2);
  feed(0, {"a"});
  Member paused = join("a");
  poll_until({&paused}, [&] { return paused.records.size() == 1; });
  ASSERT_TRUE(paused.log->produce(record(out_, 0, "stale")));
  Member second = join("b");
  world_->throw_out(group_, "a" + suffix_);
  poll_until({&second}, [&] { return second.owned.size() == 2; });
  const std::vector<ConsumedOffset> newer{{in(0), Offset(1)}};
  ASSERT_TRUE(second.log->commit(newer));
  const std::vector<ConsumedOffset> older{{in(0), Offset(0)}};
  const auto outcome = paused.log->commit(older);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::kAbort) << outcome.error().message();
  EXPECT_EQ(paused.log->produce(record(out_, 0, "stale")).error().kind(), ErrorKind::kAbort);
  ASSERT_TRUE(paused.log->abort());
  EXPECT_EQ(second.log->committed(in(0)).value(), Offset(1));
  EXPECT_EQ(read_all(*second.log, out(0)), Strings{});
  poll_until({&paused, &second}, [&] { return paused.owned.size() == 1 && second.owned.size() == 1; });
  EXPECT_EQ(paused.lost.size(), 2U);
}

TEST_P(LogContract, RefusesOffsetsOfOneWhoHasNotYetJoined) {
  create(1);
  Member member = join("m");
  const std::vector<ConsumedOffset> consumed{{in(0), Offset(1)}};
  const auto outcome = member.log->commit(consumed);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::kAbort) << outcome.error().message();
  ASSERT_TRUE(member.log->abort());
}

TEST_P(LogContract, ReadsWhatWasCommittedBehindAnOpenTransactionToo) {
  create(1);
  const auto writer = world_->open("writers" + suffix_, "writer" + suffix_, {});
  ASSERT_TRUE(feeder_->produce(record(out_, 0, "before")));
  ASSERT_TRUE(feeder_->commit({}));
  EXPECT_EQ(read_all(*feeder_, out(0)), (Strings{"before"}));
  ASSERT_TRUE(writer->produce(record(out_, 0, "open")));
  ASSERT_TRUE(feeder_->produce(record(out_, 0, "behind it")));
  ASSERT_TRUE(feeder_->commit({}));
  // Where open records take their place at once, the second is stable only when the writer has made up its
  // mind.
  auto values = std::async(std::launch::async, [&] { return read_all(*feeder_, out(0)); });
  ASSERT_TRUE(writer->abort());
  EXPECT_EQ(values.get(), (Strings{"before", "behind it"}));
}

TEST_P(LogContract, ReadsAPartitionToItsEndOutsideTheGroup) {
  create(1, 1);
  Log& log = *feeder_;
  for (const char* value : {"a", "b"}) ASSERT_TRUE(log.produce(record(out_, 0, value)));
  ASSERT_TRUE(log.commit({}));
  OutRecord tombstone = record(out_, 0, "");
  tombstone.value.reset();
  ASSERT_TRUE(log.produce(tombstone));
  ASSERT_TRUE(log.commit({}));
  EXPECT_EQ(read_all(log, out(0)), (Strings{"a", "b", "(null)"}));
  EXPECT_EQ(read_all(log, out(0), Offset(1)), (Strings{"b", "(null)"}));
  const auto end = log.read(out(0), Offset(0), [](const Record&) {});
  EXPECT_EQ(*end, log.range(out(0))->end);
  ASSERT_TRUE(log.produce(record(out_, 0, "c")));
  ASSERT_TRUE(log.commit({}));
  EXPECT_EQ(read_all(log, out(0), *end), (Strings{"c"}));
  const auto now = log.read(out(0), *end, [](const Record&) {});
  EXPECT_EQ(read_all(log, out(0), *now), Strings{});
}

TEST_P(LogContract, ReadsAnEmptyPartition) {
  create(1, 1);
  const auto end = feeder_->read(out(0), Offset(0), [](const Record&) { FAIL(); });
  ASSERT_TRUE(end) << end.error().message();
  EXPECT_EQ(*end, Offset(0));
}

TEST_P(LogContract, RejectsReadingFromAnOffsetThatIsNotHeld) {
  create(1, 1);
  const auto outcome = feeder_->read(out(0), Offset(1000), [](const Record&) {});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::kReject) << outcome.error().message();
}

TEST_P(LogContract, EndsWhenTheOffsetToGoOnFromIsNotHeld) {
  create(1);
  Member member = join("m");
  member.starts = false;
  poll_until({&member}, [&] { return member.owned.size() == 1; });
  ASSERT_TRUE(member.log->start(in(0), Offset(1000)));
  const auto deadline = std::chrono::steady_clock::now() + world_->patience();
  for (;;) {
    const auto polled = member.log->poll(Millis{50}, kMany);
    if (!polled) {
      EXPECT_EQ(polled.error().kind(), ErrorKind::kFatal) << polled.error().message();
      break;
    }
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "in vain";
  }
  member.log->close();
}

TEST_P(LogContract, KnowsTopicsAndTheirRanges) {
  create(3);
  EXPECT_EQ(*feeder_->partition_count(in_), 3);
  const auto unknown = feeder_->partition_count("nothing" + suffix_);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().kind(), ErrorKind::kReject) << unknown.error().message();
  feed(1, {"a"});
  EXPECT_EQ(feeder_->range(in(0))->end, Offset(0));
  EXPECT_EQ(feeder_->range(in(1))->begin, Offset(0));
  EXPECT_GE(feeder_->range(in(1))->end, Offset(1));
}

TEST_P(LogContract, CountsTheLagDownToZero) {
  create(1);
  feed(0, {"a", "b", "c", "d"});
  Member member = join("m");
  poll_until({&member}, [&] { return member.owned.size() == 1; });
  while (member.records.empty()) ASSERT_NO_FATAL_FAILURE(member.step(1));
  EXPECT_GE(member.log->lag(in(0)), 3);
  poll_until({&member}, [&] { return !member.at_end.empty(); });
  EXPECT_EQ(member.log->lag(in(0)), 0);
}

TEST_P(LogContract, RefusesToStartWhatIsNotAssigned) {
  create(1);
  const auto outcome = feeder_->start(in(0), Offset(0));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::kReject);
}

std::vector<Flavour> flavours() {
  std::vector<Flavour> all{{"Sim", [] { return std::make_unique<SimWorld>(); }}};
  if (const std::string servers = kafka_to_test(); !servers.empty()) {
    all.push_back({"Kafka", [servers] { return std::make_unique<KafkaWorld>(servers); }});
  }
  return all;
}

TEST(KafkaLogContract, IsTestedWhereABrokerIsNamed) {
  if (kafka_to_test().empty()) GTEST_SKIP() << "KafkaLog is not tested: TOUCHSTONE_KAFKA names no broker";
}

INSTANTIATE_TEST_SUITE_P(Everywhere, LogContract, testing::ValuesIn(flavours()),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace touchstone
