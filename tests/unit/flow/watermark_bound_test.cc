// How far one event can move the time of everybody else: where records have timestamps no further than an hour ahead of
// its own, and never beyond the year 2100.
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "engine/flow/intake_stage.h"
#include "engine/flow/journey_stage.h"
#include "ingest/event_decoder.h"
#include "tests/support/maps.h"

namespace touchstone {
namespace {

using std::chrono::hours;
using testing::at;

const Millis kLateness = Settings{}.lateness;
const TaskId kTask{StageKind::kJourney, "events", Partition(0)};

std::string event_at(EventTime time, const std::string& customer = "c") {
  return R"({"type":"page_view","customer":")" + customer + R"(","time":")" + to_rfc3339(time) + "\"}";
}

/// A journey stage on a topic of one partition, and what came out of it last.
class Journey {
 public:
  Output process(const std::string& value, std::optional<EventTime> timestamp) {
    Record record;
    record.topic = "events";
    record.offset = Offset(next_++);
    if (timestamp) record.timestamp_ms = millis_of(*timestamp);
    record.value = value;
    Output out;
    EXPECT_TRUE(stage_.process(record, out));
    return out;
  }
  std::optional<EventTime> watermark() {
    Board board;
    stage_.publish(board, kTask, false);
    return board.snapshot().journeys.at(kTask).watermark;
  }

 private:
  static JourneyOptions options() {
    JourneyOptions options;
    options.rules = {testing::small_rules(), nullptr};
    return options;
  }
  Slices slices_{1};
  JourneyStage stage_{options(), std::make_shared<EventDecoder>(Settings{}.max_future), slices_};
  std::int64_t next_ = 0;
};

std::uint64_t refused_for(const Output& out, Reason reason) {
  return out.counts.dead_letters[static_cast<std::size_t>(reason)];
}

TEST(WatermarkBound, IsAnHourAfterTheRecordsTimestamp) {
  Journey journey;
  (void)journey.process(event_at(at(0)), at(0));
  EXPECT_EQ(journey.watermark(), at(0) - kLateness);
  const Output beyond = journey.process(event_at(at(0) + hours{1} + Millis{1}), at(0));
  EXPECT_EQ(refused_for(beyond, Reason::kFutureTime), 1U);
  EXPECT_EQ(journey.watermark(), at(0) - kLateness) << "a dead letter moves nothing";
  const Output just_within = journey.process(event_at(at(0) + hours{1}), at(0));
  EXPECT_EQ(refused_for(just_within, Reason::kFutureTime), 0U);
  EXPECT_EQ(journey.watermark(), at(0) + hours{1} - kLateness);
}

TEST(WatermarkBound, IsMovedByNoTimeHoweverFar) {
  Journey journey;
  (void)journey.process(event_at(at(0)), at(0));
  for (const EventTime time : {kLatestEventTime, kLatestEventTime + Millis{1}, at(0) + hours{24 * 365}}) {
    const Output out = journey.process(event_at(time), at(0));
    EXPECT_EQ(refused_for(out, Reason::kFutureTime) + refused_for(out, Reason::kBadTime), 1U) << to_rfc3339(time);
    EXPECT_EQ(journey.watermark(), at(0) - kLateness);
  }
}

TEST(WatermarkBound, LeavesTheOthersTimelyAfterAnEventTooFarAhead) {
  Journey journey;
  (void)journey.process(event_at(at(0), "honest"), at(0));
  (void)journey.process(event_at(at(0) + hours{24 * 30}, "astray"), at(0));
  const Output next = journey.process(event_at(at(1), "honest"), at(1));
  EXPECT_EQ(next.counts.late_events, 0U);
  EXPECT_EQ(next.counts.transitions.size(), 0U) << "nobody lapses";
}

TEST(WatermarkBound, IsTheYear2100WhereRecordsHaveNoTimestamp) {
  Journey journey;
  (void)journey.process(event_at(at(0), "honest"), std::nullopt);
  const Output beyond = journey.process(event_at(kLatestEventTime + Millis{1}), std::nullopt);
  EXPECT_EQ(refused_for(beyond, Reason::kBadTime), 1U);
  EXPECT_EQ(journey.watermark(), at(0) - kLateness);
  (void)journey.process(event_at(kLatestEventTime), std::nullopt);
  EXPECT_EQ(journey.watermark(), kLatestEventTime - kLateness);
  const Output next = journey.process(event_at(at(1), "honest"), std::nullopt);
  EXPECT_EQ(next.counts.late_events, 1U) << "as docs/events.md says of files";
}

TEST(WatermarkBound, HoldsForWhatAnIntakeTells) {
  IntakeOptions options;
  options.topics = TopicNames();
  options.sources = 1;
  options.event_partitions = 1;
  EventDecoder decoder(Settings{}.max_future);
  IntakeStage intake(options, decoder);
  for (const EventTime time : {at(0), at(0) + hours{1} + Millis{1}, kLatestEventTime}) {
    const std::string value = event_at(time);
    Record record;
    record.topic = "clicks";
    record.timestamp_ms = millis_of(at(0));
    record.value = value;
    Output out;
    EXPECT_TRUE(intake.process(record, out));
  }
  EXPECT_EQ(intake.highest(), at(0));
}

}  // namespace
}  // namespace touchstone
