// Records of any size: whatever comes, what is written because of it is small enough for the log, and a valid event is
// never refused for what becomes of it.
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "engine/flow/dead_letter.h"
#include "engine/flow/intake_stage.h"
#include "engine/flow/journey_stage.h"
#include "ingest/event_decoder.h"
#include "ingest/kafka_options.h"
#include "ingest/line_reader.h"
#include "tests/support/maps.h"

namespace touchstone {
namespace {

constexpr std::size_t kMebi = std::size_t{1} << 20;
static_assert(kLongestLine > kLargestKeptValue, "a dead letter of a line that was cut says so");
static_assert(kLargestKeptKey >= kLargestRecord, "the key of a valid event is kept whole");

std::size_t size_of(const OutRecord& record) {
  std::size_t size = record.key.value_or("").size() + record.value.value_or("").size();
  for (const auto& [name, value] : record.headers) size += name.size() + value.size();
  return size;
}

void expect_writable(const Output& out) {
  for (const OutRecord& record : out.records) EXPECT_LE(size_of(record), kLargestKafkaRecord) << record.topic;
}

std::string header(const OutRecord& record, std::string_view name) {
  for (const auto& [known, value] : record.headers) {
    if (known == name) return value;
  }
  return {};
}

class LargeRecords : public ::testing::Test {
 protected:
  LargeRecords() {
    JourneyOptions journey;
    journey.rules = {testing::small_rules(), nullptr};
    journey_ = std::make_unique<JourneyStage>(std::move(journey), decoder_, slices_);
    IntakeOptions intake;
    intake_ = std::make_unique<IntakeStage>(std::move(intake), *decoder_);
  }

  static Record record(std::string_view value) {
    Record made;
    made.topic = "events";
    made.timestamp_ms = millis_of(testing::at(0));
    made.value = value;
    return made;
  }
  static Output process(Stage& stage, const Record& record) {
    Output out;
    EXPECT_TRUE(stage.process(record, out));
    stage.flush(out);
    expect_writable(out);
    return out;
  }
  static std::uint64_t too_large(const Output& out) {
    return out.counts.dead_letters[static_cast<std::size_t>(Reason::kTooLarge)];
  }

  std::shared_ptr<EventDecoder> decoder_ = std::make_shared<EventDecoder>(Settings{}.max_future);
  Slices slices_{1};
  std::unique_ptr<Stage> journey_;
  std::unique_ptr<Stage> intake_;
};

TEST_F(LargeRecords, AreDeadLettersWithTheirBeginningAndSaySo) {
  const std::string value(20 * kMebi, 'x');
  const std::string key(2 * kMebi, 'k');
  Record huge = record(value);
  huge.key = key;
  const std::string mine(2 * kMebi, 'h');
  huge.headers = {{"mine", mine}};
  for (Stage* stage : {journey_.get(), intake_.get()}) {
    const Output out = process(*stage, huge);
    ASSERT_EQ(too_large(out), 1U);
    const OutRecord& letter = out.records.front();
    EXPECT_EQ(letter.value, value.substr(0, kLargestKeptValue));
    EXPECT_EQ(letter.key, key.substr(0, kLargestKeptKey));
    EXPECT_EQ(header(letter, "mine"), "");
    EXPECT_EQ(header(letter, "touchstone.reason"), "too-large");
    EXPECT_NE(header(letter, "touchstone.detail").find("only its beginning is kept"), std::string::npos);
  }
}

TEST_F(LargeRecords, AreKeptWholeAsFarAsTheyCanBe) {
  const std::string value(kLargestKeptValue, 'x');
  Record large = record(value);
  large.headers = {{"mine", "yes"}};
  const Output out = process(*journey_, large);
  ASSERT_EQ(too_large(out), 1U);
  EXPECT_EQ(out.records.front().value, value);
  EXPECT_EQ(header(out.records.front(), "mine"), "yes");
  EXPECT_EQ(header(out.records.front(), "touchstone.detail"), "larger than 1 MiB");
}

TEST_F(LargeRecords, PassAnIntakeWithTheirKeyUpToWhatIsKept) {
  const std::string value(kLargestKeptValue, 'x');
  const std::string key(kLargestKeptKey, 'k');
  Record large = record(value);
  large.key = key;
  const Output out = process(*intake_, large);
  ASSERT_FALSE(out.records.empty());
  EXPECT_EQ(out.records.front().topic, TopicNames().events);
  EXPECT_EQ(out.records.front().value, value);
  EXPECT_EQ(too_large(out), 0U) << "the journey stage refuses it, in its order";
}

TEST_F(LargeRecords, WithAKeyOfTheLargestSizeAreStillEvents) {
  // Each of these bytes takes six in JSON.
  const std::string key(kLargestRecord, '\x01');
  Record large = record(R"({"type":"page_view"})");
  large.key = key;
  for (Stage* stage : {intake_.get(), journey_.get()}) {
    const Output out = process(*stage, large);
    EXPECT_EQ(too_large(out), 0U);
    EXPECT_GE(out.records.size(), 1U);
  }
  const std::string longer = key + "k";
  large.key = longer;
  EXPECT_EQ(too_large(process(*journey_, large)), 1U);
}

TEST_F(LargeRecords, OfExactlyOneMebibyteAreEventsHoweverTheyAreWritten) {
  std::string value = R"({"type":"page_view","customer":")";
  while (value.size() + 4 <= kLargestRecord) value += R"(\n)";
  value += "\"}";
  value.append(kLargestRecord - value.size(), ' ');
  const Output out = process(*journey_, record(value));
  EXPECT_EQ(out.counts.interactions.size(), 1U);
  EXPECT_EQ(too_large(process(*journey_, record(value + " "))), 1U);
}

TEST_F(LargeRecords, AskToForgetNobodyWhereTheIdIsNone) {
  const std::string key(20 * kMebi, 'k');
  Record forget = record("");
  forget.value.reset();
  forget.key = key;
  const Output out = process(*intake_, forget);
  for (const OutRecord& passed : out.records) EXPECT_FALSE(passed.key.has_value());
  (void)process(*journey_, forget);
}

}  // namespace
}  // namespace touchstone
