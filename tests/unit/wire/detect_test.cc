// What the detectors say of streams whose truth is known, and that they go on from their bytes as if nothing had been.
#include "engine/model/detect.h"

#include <memory>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/model/explanation.h"
#include "engine/wire/detector_record.h"
#include "tests/support/maps.h"

namespace touchstone {
namespace {

using testing::at;

/// Ratings of a cell, of which a given share is good and the others are bad.
class Ratings {
 public:
  explicit Ratings(std::shared_ptr<const Rules> rules) : rules_(std::move(rules)) {}

  Cell pane(double good, int responses) {
    Cell amounts;
    for (int i = 0; i < responses; ++i) {
      const std::int64_t value = std::uniform_real_distribution<>(0, 1)(random_) < good ? kMillion : 0;
      amounts.add(measure_key(MeasureKind::kResponses), 1);
      amounts.add(measure_key(MeasureKind::kSatisfaction), value);
      const std::size_t segment = random_() % 2;
      amounts.add(measure_key(MeasureKind::kSegmentResponses, segment), 1);
      amounts.add(measure_key(MeasureKind::kSegmentSatisfaction, segment), value);
    }
    amounts.add(measure_key(MeasureKind::kInteractions), responses);
    return amounts;
  }

 private:
  std::shared_ptr<const Rules> rules_;
  std::mt19937_64 random_{1};
};

class DetectorsTest : public ::testing::Test {
 protected:
  std::shared_ptr<const Rules> rules_ = testing::small_rules();
  Names names_ = rules_->names();
  CellKey page_ = {Scope::kTouchpoint, "page", std::string(kAllId)};
  std::unique_ptr<Detectors> detectors_ = fresh();
  std::vector<Alert> told_;
  Ratings ratings_{rules_};
  std::int64_t second_ = 0;

  std::unique_ptr<Detectors> fresh() {
    return std::make_unique<Detectors>(*rules_, names_, [this](CellIndex) -> const CellKey& { return page_; });
  }
  void minutes(int count, double good, int responses) {
    for (int i = 0; i < count; ++i, second_ += 60) {
      detectors_->add(0, at(second_), ratings_.pane(good, responses),
                      [&](const Alert& alert) { told_.push_back(alert); });
      reach(at(second_ + 5));
    }
  }
  void reach(EventTime closing) {
    detectors_->reach(closing, [](CellIndex) { return true; }, [&](const Alert& alert) { told_.push_back(alert); });
  }
  /// As after a restart.
  void write_and_read() {
    const CellDetectors* held = detectors_->find(0);
    ASSERT_NE(held, nullptr);
    const std::string recent = encode_detectors(*held, DetectorPart::kRecent, names_);
    const std::string past = encode_detectors(*held, DetectorPart::kSlow, names_);
    std::unique_ptr<Detectors> anew = fresh();
    ASSERT_TRUE(decode_detectors(past, DetectorPart::kSlow, page_, names_, anew->restore(0)));
    ASSERT_TRUE(decode_detectors(recent, DetectorPart::kRecent, page_, names_, anew->restore(0)));
    anew->restored();
    ASSERT_EQ(encode_detectors(*anew->find(0), DetectorPart::kRecent, names_), recent);
    ASSERT_EQ(encode_detectors(*anew->find(0), DetectorPart::kSlow, names_), past);
    detectors_ = std::move(anew);
  }
};

TEST_F(DetectorsTest, SayNothingWhileAllIsAsUsual) {
  minutes(3'000, 0.8, 3);
  EXPECT_TRUE(told_.empty());
}

TEST_F(DetectorsTest, SayOnceThatSatisfactionFellAndOnceThatItIsBack) {
  minutes(1'000, 0.8, 3);
  const EventTime onset = at(second_);
  minutes(200, 0.4, 3);
  ASSERT_EQ(told_.size(), 1);
  const Alert fired = told_.front();
  EXPECT_EQ(fired.kind, AlertKind::kSatisfactionDrop);
  EXPECT_FALSE(fired.resolution);
  EXPECT_GT(fired.at, onset);
  EXPECT_LT(fired.at, onset + std::chrono::minutes{40});
  EXPECT_GT(fired.since, onset - std::chrono::minutes{30});
  EXPECT_LT(fired.observed, 600'000);
  EXPECT_NEAR(static_cast<double>(fired.baseline), 800'000, 30'000);
  EXPECT_EQ(detectors_->firing(), std::vector<Alert>{fired});
  minutes(200, 0.8, 3);
  ASSERT_EQ(told_.size(), 2);
  EXPECT_EQ(told_.back().id, fired.id);
  EXPECT_EQ(told_.back().since, fired.since);
  EXPECT_EQ(told_.back().resolution, Resolution::kRecovered);
  EXPECT_TRUE(detectors_->firing().empty());
}

TEST_F(DetectorsTest, SplitTheDropIntoPartsThatSumToIt) {
  minutes(1'000, 0.8, 3);
  minutes(100, 0.3, 3);
  ASSERT_EQ(told_.size(), 1);
  const std::vector<ChangePart>& parts = told_.front().explanation.by_segment;
  ASSERT_GE(parts.size(), 2);
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    sum += parts[i].millionths;
    if (i > 0) {
      EXPECT_LE(parts[i - 1].millionths, parts[i].millionths);
    }
  }
  EXPECT_EQ(sum, told_.front().observed - told_.front().baseline);
  EXPECT_EQ(parts.front().what, ChangePart::What::kWithin);
}

TEST_F(DetectorsTest, TakeALevelThatLastsForWhatIsUsual) {
  minutes(1'000, 0.8, 3);
  minutes(8 * 24 * 60, 0.5, 3);
  ASSERT_EQ(told_.size(), 2);
  EXPECT_EQ(told_.back().resolution, Resolution::kAccepted);
  EXPECT_EQ(told_.back().at, told_.front().at + std::chrono::days{7});
}

TEST_F(DetectorsTest, SayThatATouchpointHasGoneSilent) {
  minutes(16 * 24 * 60, 0.8, 1);
  ASSERT_TRUE(told_.empty());
  const EventTime last = at(second_ - 60);
  reach(last + std::chrono::hours{12});
  ASSERT_EQ(told_.size(), 1);
  EXPECT_EQ(told_.front().kind, AlertKind::kVolumeDrop);
  EXPECT_GT(told_.front().at, last + std::chrono::minutes{5});
  EXPECT_LT(told_.front().at, last + std::chrono::hours{3});
  second_ += 12 * 3'600;
  minutes(180, 0.8, 1);
  ASSERT_EQ(told_.size(), 2);
  EXPECT_EQ(told_.back().id, told_.front().id);
  EXPECT_EQ(told_.back().resolution, Resolution::kRecovered);
  reach(at(second_) + std::chrono::days{40});
  EXPECT_EQ(detectors_->find(0), nullptr) << "a cell without anything for so long costs nothing";
}

TEST_F(DetectorsTest, SayTheSameHoweverOftenTimeIsAskedForAndWhereverTheyAreRestarted) {
  const auto course = [&](int restart_every) {
    Ratings ratings{rules_};
    std::mt19937_64 random(5);
    told_.clear();
    detectors_ = fresh();
    for (int minute = 0; minute < 20 * 24 * 60; ++minute) {
      const bool bad = minute > 8'000 && minute < 9'000;
      const bool silent = minute > 25'000 && minute < 26'000;
      if (silent || random() % 3 == 0) continue;
      const EventTime begin = at(60 * minute);
      detectors_->add(0, begin, ratings.pane(bad ? 0.5 : 0.8, 2), [&](const Alert& alert) { told_.push_back(alert); });
      if (restart_every == 0) continue;
      reach(begin + std::chrono::seconds{5});
      if (minute % restart_every == 0) write_and_read();
    }
    return told_;
  };
  const std::vector<Alert> expected = course(0);
  ASSERT_EQ(expected.size(), 4);
  EXPECT_EQ(course(1'000'000), expected);
  EXPECT_EQ(course(97), expected);
}

TEST_F(DetectorsTest, SayNothingOfNightsAndDaysOnWhichAShopIsClosed) {
  // Open from 8 to 18 on weekdays, and once closed on a Friday: three interactions an hour, for twelve weeks.
  const auto sink = [&](const Alert& alert) { told_.push_back(alert); };
  constexpr int kMonday = 4;  // 2026 begins on a Thursday
  const int closed = kMonday + 7 * 9 + 4;
  for (int day = 0; day < 7 * 12; ++day) {
    if ((day - kMonday + 7) % 7 >= 5 || day == closed) continue;
    for (int minute = 8 * 60; minute < 18 * 60; minute += 20) {
      const EventTime begin = at(60LL * (24 * 60 * day + minute));
      reach(begin);
      detectors_->add(0, begin, ratings_.pane(0.8, 1), sink);
    }
  }
  ASSERT_EQ(told_.size(), 2);
  EXPECT_EQ(told_.front().kind, AlertKind::kVolumeDrop);
  EXPECT_GT(told_.front().at, at(24LL * 3'600 * closed));
  EXPECT_EQ(told_.back().resolution, Resolution::kRecovered);
}

TEST_F(DetectorsTest, SayNothingOfAnExportThatBringsTheDaysEventsAtOnce) {
  const auto sink = [&](const Alert& alert) { told_.push_back(alert); };
  for (int day = 0; day < 7 * 10; ++day) {
    const EventTime begin = at(3'600LL * (24 * day + 12));
    reach(begin);
    detectors_->add(0, begin, ratings_.pane(0.8, 30 + day % 7), sink);
  }
  EXPECT_TRUE(told_.empty());
}

class ConversionsTest : public DetectorsTest {
 protected:
  ConversionsTest() { page_ = {Scope::kAll, std::string(kAllId), std::string(kAllId)}; }

  /// Two interactions a minute, of which every tenth converts unless it is left out, and what never converts.
  void hours(int count, int kept_of_ten, int mailings_a_minute) {
    for (int minute = 0; minute < 60 * count; ++minute, second_ += 60) {
      Cell amounts;
      amounts.add(measure_key(MeasureKind::kInteractions), 2 + mailings_a_minute);
      if (minute % 5 == 0 && minute / 5 % 10 < kept_of_ten) amounts.add(measure_key(MeasureKind::kConversions), 1);
      detectors_->add(0, at(second_), amounts, [&](const Alert& alert) { told_.push_back(alert); });
      reach(at(second_ + 5));
    }
  }
};

TEST_F(ConversionsTest, ThatFallAreToldOnceAndThatTheyAreBack) {
  hours(24 * 20, 10, 0);
  ASSERT_TRUE(told_.empty());
  const EventTime onset = at(second_);
  hours(24, 2, 0);
  ASSERT_EQ(told_.size(), 1);
  EXPECT_EQ(told_.front().kind, AlertKind::kConversionDrop);
  EXPECT_LT(told_.front().at, onset + std::chrono::hours{8});
  EXPECT_NEAR(static_cast<double>(told_.front().baseline), 100'000, 5'000);
  write_and_read();
  hours(24, 10, 0);
  ASSERT_EQ(told_.size(), 2);
  EXPECT_EQ(told_.back().id, told_.front().id);
  EXPECT_EQ(told_.back().resolution, Resolution::kRecovered);
}

TEST_F(ConversionsTest, AreNotFewerBecauseOfAMailing) {
  hours(24 * 20, 10, 0);
  hours(3, 10, 100);
  hours(24, 10, 0);
  EXPECT_TRUE(told_.empty());
}

/// The changes that a level is told of: nothing but ones for a thousand minutes, then a zero among five.
int changes_after_one_failure(bool binary) {
  LevelOptions options;
  options.binary = binary;
  options.relative = true;
  options.falls = {0.25, 0.5, 0.9};
  options.least_variance = 1e-5;
  LevelDetector detector;
  int changes = 0;
  for (int minute = 0; minute < 1'005; ++minute) {
    bool slow_changed = false;
    const EventTime begin = at(60LL * minute);
    const std::int64_t value = minute == 1'000 ? 0 : kMillion;
    const auto change =
        detector.add({begin, std::chrono::seconds{5}, TimeZone{}.hour_of(begin), 1, value, {}}, options, slow_changed);
    if (change) ++changes;
  }
  return changes;
}

TEST(LevelDetector, TakesNothingForCertainBecauseItHasAlwaysBeenSo) {
  EXPECT_EQ(changes_after_one_failure(true), 0);
  EXPECT_GT(changes_after_one_failure(false), 0) << "else this shows nothing";
}

TEST(Explanation, TellsAShiftOfTheMixFromAChangeWithin) {
  const auto rules = testing::small_rules();
  Cell past;
  Cell now;
  const auto part = [](Cell& cell, std::size_t segment, std::int64_t responses, std::int64_t mean) {
    cell.add(measure_key(MeasureKind::kSegmentResponses, segment), responses);
    cell.add(measure_key(MeasureKind::kSegmentSatisfaction, segment), responses * mean);
  };
  part(past, 0, 90, 900'000);
  part(past, 1, 10, 400'000);
  part(now, 0, 10, 900'000);
  part(now, 1, 90, 400'000);
  const Explanation shifted = explain_change(past, now, 450'000 - 850'000, rules->names());
  std::int64_t sum = 0;
  for (const ChangePart& each : shifted.by_segment) {
    EXPECT_EQ(each.what, ChangePart::What::kMix);
    sum += each.millionths;
  }
  EXPECT_EQ(sum, -400'000);
  EXPECT_TRUE(shifted.by_channel.empty());
}

TEST(TimeZone, KnowsTheHourAndTheDayByItsOwnClock) {
  const TimeZone utc;
  EXPECT_EQ(utc.hour_of(at(0)).hour, 0);
  EXPECT_EQ(utc.hour_of(at(0)).day, 3);  // 2026 begins on a Thursday
  const TimeZone tehran{std::chrono::minutes{210}, {}};
  EXPECT_EQ(tehran.hour_of(at(-3 * 3'600)).hour, 0);
  EXPECT_EQ(tehran.hour_of(at(-4 * 3'600)).hour, 23);
  EXPECT_EQ(tehran.hour_of(at(-4 * 3'600)).day, 2);
}

}  // namespace
}  // namespace touchstone
