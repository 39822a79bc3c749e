// What the demo shows must look like customers of the retail map: the traffic made for it is valid, matched
// by its rules, repeatable, and as imperfect as it says.
#include "app/traffic.h"

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <variant>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/model/journey.h"
#include "engine/model/rules.h"
#include "ingest/event_decoder.h"
#include "ingest/map_loader.h"

namespace touchstone {
namespace {

using namespace std::chrono_literals;
using Kind = TrafficRecord::Kind;

constexpr EventTime kStart{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21}};
constexpr int kRate = 100;

const Rules& retail() {
  static const Rules kRules(*load_map(TOUCHSTONE_SOURCE_DIR "/deploy/maps/retail.yaml").map, Settings{});
  return kRules;
}

TrafficOptions options() {
  TrafficOptions options;
  options.seed = 7;
  options.customers = 600;
  return options;
}

using Visit = std::function<void(const TrafficRecord&, EventTime now)>;

/// Shows what happens within so many minutes.
void watch(const TrafficOptions& options, int minutes, const Visit& visit) {
  Traffic traffic(options, kStart);
  for (int i = 0; i < minutes * 60 * kRate; ++i) {
    const EventTime now = kStart + Millis{i * 1'000 / kRate};
    visit(traffic.next(now), now);
  }
}

/// The record as the engine's decoder reads it.
class Reader {
 public:
  Decoded read(const TrafficRecord& traffic, EventTime now) {
    Record record;
    record.topic = "events";
    record.key = traffic.customer;
    record.value = *traffic.value;
    record.timestamp_ms = millis_of(now);
    return decoder_.decode(record);
  }

 private:
  EventDecoder decoder_{Settings{}.max_future};
};

TEST(Traffic, MeetsEveryTouchpointThatTheRetailMapRecognisesAndNothingElse) {
  Reader reader;
  std::set<std::string> met;
  watch(options(), 10, [&](const TrafficRecord& record, EventTime now) {
    if (record.kind != Kind::kEvent) return;
    const Decoded decoded = reader.read(record, now);
    ASSERT_TRUE(std::holds_alternative<const Event*>(decoded)) << *record.value;
    const Placement placement = place(*std::get<const Event*>(decoded), retail());
    ASSERT_NE(placement.touchpoint, retail().unmapped()) << *record.value;
    ASSERT_NE(placement.channel, retail().other_channel()) << *record.value;
    met.insert(retail().touchpoints().id(placement.touchpoint));
  });
  std::set<std::string> recognised;
  for (const Touchpoint& touchpoint : retail().map().touchpoints) {
    if (!touchpoint.match.empty()) recognised.insert(touchpoint.id);
  }
  EXPECT_EQ(met, recognised);
}

TEST(Traffic, FillsEveryStageAndSegmentAndRatesWhatNoEventTellsOf) {
  Reader reader;
  std::map<std::string, Customer> customers;
  std::set<std::string> stages;
  std::set<std::string> segments;
  std::set<std::string> rated;
  watch(options(), 10, [&](const TrafficRecord& record, EventTime now) {
    if (record.kind != Kind::kEvent) return;
    const Decoded decoded = reader.read(record, now);
    const auto seen = observe(customers[record.customer], *std::get<const Event*>(decoded), retail(), false);
    ASSERT_TRUE(seen) << *record.value;
    stages.insert(retail().stages().id(seen->stage));
    segments.insert(retail().segments().id(seen->segment));
    if (seen->satisfaction) rated.insert(retail().touchpoints().id(seen->satisfaction->rates));
  });
  EXPECT_EQ(stages.size(), retail().stages().size());
  EXPECT_EQ(segments.size(), retail().segments().size());
  EXPECT_THAT(rated, testing::IsSupersetOf({"delivery.parcel", "product.packaging", "store.ambience", "phone.service",
                                            "survey.relationship"}));
}

TEST(Traffic, IsTheSameForTheSameSeedAndAnotherForAnother) {
  const auto all = [](std::uint64_t seed) {
    TrafficOptions seeded = options();
    seeded.seed = seed;
    std::string text;
    watch(seeded, 1, [&](const TrafficRecord& record, EventTime) {
      text += record.customer + record.value.value_or("forget") + "\n";
    });
    return text;
  };
  EXPECT_EQ(all(1), all(1));
  EXPECT_NE(all(1), all(2));
}

TEST(Traffic, IsAsImperfectAsItSays) {
  Reader reader;
  std::map<Kind, int> kinds;
  std::set<std::string> before;
  int late = 0;
  int out_of_order = 0;
  watch(options(), 10, [&](const TrafficRecord& record, EventTime now) {
    ++kinds[record.kind];
    if (record.kind == Kind::kForget) {
      EXPECT_FALSE(record.value);
      return;
    }
    const Decoded decoded = reader.read(record, now);
    ASSERT_EQ(std::holds_alternative<Rejection>(decoded), record.kind == Kind::kBroken) << *record.value;
    if (record.kind == Kind::kBroken) return;
    EXPECT_EQ(before.insert(*record.value).second, record.kind == Kind::kEvent) << *record.value;
    const Millis age = now - std::get<const Event*>(decoded)->time;
    EXPECT_GE(age, 0ms);
    EXPECT_LE(age, 50s);
    if (record.kind != Kind::kEvent) return;
    if (age > 10s) {
      ++late;
    } else if (age > 0s) {
      ++out_of_order;
    }
  });
  const int all = 10 * 60 * kRate;
  EXPECT_NEAR(kinds[Kind::kRepeated], 0.003 * all, 0.001 * all);
  EXPECT_NEAR(kinds[Kind::kBroken], 0.002 * all, 0.001 * all);
  EXPECT_NEAR(late, 0.004 * all, 0.002 * all);
  EXPECT_NEAR(out_of_order, 0.04 * all, 0.01 * all);
  EXPECT_GT(kinds[Kind::kForget], 0);
}

TEST(Traffic, SpeaksOfACustomerBeforeItAsksToForgetTheCustomerAndNeverAfterwards) {
  std::set<std::string> seen;
  std::set<std::string> forgotten;
  watch(options(), 10, [&](const TrafficRecord& record, EventTime) {
    if (record.kind == Kind::kEvent) seen.insert(record.customer);
    if (record.kind == Kind::kForget) {
      EXPECT_TRUE(seen.contains(record.customer));
      EXPECT_TRUE(forgotten.insert(record.customer).second);
      return;
    }
    EXPECT_FALSE(forgotten.contains(record.customer)) << record.customer;
  });
}

TEST(Traffic, DropsAtOneTouchpointForAWhileAndRecovers) {
  TrafficOptions dropping = options();
  dropping.drop = {.touchpoint = "delivery.parcel", .depth = 0.45, .first = 4min, .lasts = 2min, .every = 10min};
  Reader reader;
  struct Sum {
    double satisfaction = 0;
    int responses = 0;
    [[nodiscard]] double mean() const { return satisfaction / responses; }
  };
  std::map<std::string, std::map<std::int64_t, Sum>> by_minute;
  std::map<std::string, Customer> customers;
  watch(dropping, 9, [&](const TrafficRecord& record, EventTime now) {
    if (record.kind != Kind::kEvent) return;
    const Decoded decoded = reader.read(record, now);
    const auto seen = observe(customers[record.customer], *std::get<const Event*>(decoded), retail(), false);
    if (!seen || !seen->satisfaction) return;
    const std::string id = retail().touchpoints().id(seen->satisfaction->rates);
    Sum& sum = by_minute[id][(now - kStart) / 1min];
    sum.satisfaction += static_cast<double>(seen->satisfaction->millionths) / 1e6;
    ++sum.responses;
  });
  auto& parcel = by_minute["delivery.parcel"];
  for (const std::int64_t minute : {2, 3, 6, 7, 8}) EXPECT_GT(parcel[minute].mean(), 0.75) << minute;
  for (const std::int64_t minute : {4, 5}) EXPECT_LT(parcel[minute].mean(), 0.6) << minute;
  for (auto& [minute, sum] : by_minute["product.use"]) EXPECT_GT(sum.mean(), 0.7) << minute;
}

}  // namespace
}  // namespace touchstone
