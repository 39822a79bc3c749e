// What a journey stage writes of an event, and what it does not where nobody wants it.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/flow/journey_stage.h"
#include "ingest/event_decoder.h"
#include "tests/support/maps.h"

namespace touchstone {
namespace {

using testing::at;

/// All that came out of three events, one of them sent twice, with the deltas of a commit at the end.
Output output_of(bool writes_interactions) {
  JourneyOptions options;
  options.rules = {testing::small_rules(), nullptr};
  options.topics = TopicNames("t.");
  options.writes_interactions = writes_interactions;
  Slices slices(1);
  JourneyStage stage(std::move(options), std::make_shared<EventDecoder>(Settings{}.max_future), slices);
  const std::vector<std::string> events = {"a", "b", "b", "c"};
  Output out;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const std::string value =
        R"({"id":")" + events[i] + R"(","type":"page_view","customer":"c","time":")" + to_rfc3339(at(0)) + "\"}";
    Record record;
    record.topic = "events";
    record.offset = Offset(static_cast<std::int64_t>(i));
    record.timestamp_ms = millis_of(at(0));
    record.value = value;
    EXPECT_TRUE(stage.process(record, out));
  }
  stage.flush(out);
  return out;
}

TEST(JourneyOutputs, WithoutInteractionsAreTheOthersAsTheyAre) {
  const TopicNames topics("t.");
  const Output all = output_of(true);
  const Output quiet = output_of(false);
  const auto is_interaction = [&](const OutRecord& each) { return each.topic == topics.interactions; };
  EXPECT_EQ(std::count_if(all.records.begin(), all.records.end(), is_interaction), 3);
  std::vector<OutRecord> others = all.records;
  std::erase_if(others, is_interaction);
  ASSERT_FALSE(others.empty());
  ASSERT_EQ(quiet.records.size(), others.size());
  for (std::size_t i = 0; i < others.size(); ++i) {
    EXPECT_EQ(quiet.records[i].topic, others[i].topic);
    EXPECT_EQ(quiet.records[i].value, others[i].value);
  }
  EXPECT_EQ(quiet.counts.interactions, all.counts.interactions);
  EXPECT_EQ(quiet.counts.duplicates, 1U);
}

}  // namespace
}  // namespace touchstone
