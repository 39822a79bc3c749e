// Several inputs merged by the intake: every event once, with its original coordinates; and silence, which lets
// windows close although a source has nothing more to say.
#include <memory>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "app/topology.h"
#include "engine/flow/hand_clock.h"
#include "engine/flow/worker.h"
#include "ingest/sim_broker.h"
#include "ingest/sim_log.h"
#include "state/memory_tables.h"
#include "tests/support/maps.h"

namespace touchstone {
namespace {

class IntakeSimulation : public ::testing::Test {
 protected:
  IntakeSimulation() {
    topology_.rules = std::make_shared<RulesBook>(testing::small_rules());
    topology_.inputs = {{"clicks", 2}, {"calls", 1}};
    topology_.through_intake = true;
    topology_.event_partitions = 2;
    topology_.delta_partitions = 1;
    const TopicNames& names = topology_.topics;
    broker_.create_topic("clicks", 2);
    broker_.create_topic("calls", 1);
    broker_.create_topic(names.events, 2);
    broker_.create_topic(names.journey_changelog, 2);
    broker_.create_topic(names.deltas, 1);
    broker_.create_topic(names.windows_changelog, 1);
    for (const auto& topic :
         {names.interactions, names.transitions, names.conversions, names.windows, names.dead_letters}) {
      broker_.create_topic(topic, 1);
    }
    add(intake_worker(topology_), {"clicks", "calls"});
    add(journey_worker(topology_), {names.events});
    add(windows_worker(topology_), {names.deltas});
  }

  void add(const WorkerOptions& options, std::vector<std::string> topics) {
    workers_.push_back(std::make_unique<Worker>(
        options,
        [this, name = options.name, topics = std::move(topics)]() -> Result<std::unique_ptr<Log>> {
          return std::unique_ptr<Log>(std::make_unique<SimLog>(broker_, SimLogOptions{name, name, topics}));
        },
        tables_, clock_, board_));
  }

  void append(const std::string& topic, std::int32_t partition, std::int64_t second, const std::string& who,
              const std::string& type) {
    SimRecord record;
    record.topic = topic;
    record.partition = Partition(partition);
    record.timestamp_ms = millis_of(testing::at(second));
    record.value =
        "{\"type\":\"" + type + "\",\"customer\":\"" + who + "\",\"time\":\"" + to_rfc3339(testing::at(second)) + "\"}";
    ASSERT_TRUE(broker_.append(std::move(record)));
  }

  void turn(int count) {
    for (int i = 0; i < count; ++i) {
      clock_.advance(Millis{200});
      for (const auto& worker : workers_) {
        const auto moved = worker->turn(Millis{0});
        ASSERT_TRUE(moved) << moved.error().message();
      }
    }
  }

  std::vector<boost::json::object> read(const std::string& topic) {
    std::vector<boost::json::object> rows;
    broker_.drain(topic, [&](const Record& record) {
      rows.push_back(boost::json::parse({record.value->data(), record.value->size()}).as_object());
    });
    return rows;
  }

  Topology topology_;
  SimBroker broker_;
  MemoryTables tables_;
  HandClock clock_;
  Board board_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

TEST_F(IntakeSimulation, PassesEveryEventOnOnceWithItsOriginalSource) {
  append("clicks", 1, 0, "a", "page_view");
  append("calls", 0, 1, "a", "call");
  append("clicks", 0, 2, "b", "purchase");
  append("clicks", 0, 3, "", "purchase");  // nobody to be keyed by
  turn(10);
  const auto interactions = read(topology_.topics.interactions);
  ASSERT_EQ(interactions.size(), 3U);
  for (const auto& row : interactions) {
    const auto& source = row.at("source").as_object();
    if (row.at("touchpoint").as_string() == "call") {
      EXPECT_EQ(source.at("topic").as_string(), "calls");
      EXPECT_EQ(source.at("offset").to_number<int>(), 0);
    } else {
      EXPECT_EQ(source.at("topic").as_string(), "clicks");
    }
  }
  std::vector<std::string> reasons;
  broker_.drain(topology_.topics.dead_letters, [&](const Record& record) {
    for (const HeaderView& header : record.headers) {
      if (header.name == "touchstone.reason") reasons.emplace_back(header.value);
    }
  });
  EXPECT_EQ(reasons, std::vector<std::string>{"missing-field"});
}

TEST_F(IntakeSimulation, ASilentSourceDoesNotHoldWindowsBack) {
  append("clicks", 0, 0, "a", "page_view");
  append("clicks", 0, 120, "a", "page_view");
  turn(20);
  EXPECT_TRUE(read(topology_.topics.windows).empty()) << "calls and clicks/1 were not heard of yet";
  turn(400);  // 80 s: longer than the idle time
  const auto rows = read(topology_.topics.windows);
  ASSERT_FALSE(rows.empty());
  EXPECT_EQ(rows.front().at("end").as_string(), "2026-01-01T00:00:05.000Z");
}

}  // namespace
}  // namespace touchstone
