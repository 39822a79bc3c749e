// Bytes that no encoder writes: the decoders say so, and nothing is taken over that later arithmetic or a later index
// could not bear.
#include <string>

#include <gtest/gtest.h>

#include "engine/model/quantile.h"
#include "engine/wire/customer_record.h"
#include "engine/wire/delta_batch.h"
#include "engine/wire/records.h"
#include "tests/support/maps.h"

namespace touchstone {
namespace {

struct WrittenAmount {
  MeasureKind kind;
  std::uint64_t sub;
  std::int64_t amount;
};

std::string cell_of(std::initializer_list<WrittenAmount> amounts) {
  ByteWriter out;
  out.number(amounts.size());
  for (const WrittenAmount& each : amounts) {
    out.byte(static_cast<std::uint8_t>(each.kind));
    out.number(each.sub);
    out.signed_number(each.amount);
  }
  return out.take();
}

bool is_cell(const std::string& bytes) {
  Names names;
  ByteReader in(bytes);
  (void)read_cell(in, names);
  return in.done();
}

TEST(FaultyBytes, AreACellThatSaysAnAmountTwice) {
  EXPECT_TRUE(is_cell(cell_of({{MeasureKind::kRatings, 0, 1}, {MeasureKind::kRatings, 1, 1}})));
  EXPECT_FALSE(is_cell(cell_of({{MeasureKind::kRatings, 1, 1}, {MeasureKind::kRatings, 1, 1}})));
  // Found by fuzzing: the sum of these does not fit.
  EXPECT_FALSE(is_cell(cell_of({{MeasureKind::kWait, 1, INT64_MIN}, {MeasureKind::kWait, 1, INT64_MIN}})));
}

TEST(FaultyBytes, AreACellWithAnAmountOfZeroOrBeyondEverySum) {
  EXPECT_TRUE(is_cell(cell_of({{MeasureKind::kInteractions, 0, INT64_MAX / 2}})));
  EXPECT_FALSE(is_cell(cell_of({{MeasureKind::kInteractions, 0, INT64_MAX / 2 + 1}})));
  EXPECT_FALSE(is_cell(cell_of({{MeasureKind::kInteractions, 0, 0}})));
}

TEST(FaultyBytes, AreACellOfAnUnknownRatingModelOrBucket) {
  const std::uint64_t last_bucket = bucket_of(kLongestLengthMs);
  EXPECT_TRUE(is_cell(cell_of({{MeasureKind::kWait, last_bucket, 1}})));
  EXPECT_FALSE(is_cell(cell_of({{MeasureKind::kWait, last_bucket + 1, 1}})));
  EXPECT_FALSE(is_cell(cell_of({{MeasureKind::kRatings, kRatingKinds, 1}})));
  EXPECT_FALSE(is_cell(cell_of({{MeasureKind::kCreditShare, kCreditModels, 1}})));
  EXPECT_FALSE(is_cell(cell_of({{MeasureKind::kInteractions, 1, 1}})));
  // Not the first rating: numbers of more than 16 bits are not cut.
  EXPECT_FALSE(is_cell(cell_of({{MeasureKind::kRatings, 0x10000, 1}})));
}

TEST(FaultyBytes, AreMoreIdsThanThereAreNumbers) {
  Names names;
  const auto named = [&](int number) {
    ByteWriter out;
    out.number(1);
    out.byte(static_cast<std::uint8_t>(MeasureKind::kMove));
    out.text("t" + std::to_string(number));
    out.signed_number(1);
    ByteReader in(out.bytes());
    (void)read_cell(in, names);
    return in.done();
  };
  for (int number = 0; number < kToLapse; ++number) ASSERT_TRUE(named(number)) << number;
  EXPECT_FALSE(named(kToLapse));
  EXPECT_TRUE(named(7)) << "known ids can still be read";
}

TEST(FaultyBytes, AreTimesThatNoDurationCanBeAddedTo) {
  const auto is_time = [](std::int64_t ms) {
    ByteWriter out;
    out.signed_number(ms);
    ByteReader in(out.bytes());
    const EventTime read = in.time();
    return in.done() && read == time_from_millis(ms);
  };
  EXPECT_TRUE(is_time(kFurthestTimeMs));
  EXPECT_TRUE(is_time(-kFurthestTimeMs));
  EXPECT_FALSE(is_time(kFurthestTimeMs + 1));
  EXPECT_FALSE(is_time(-kFurthestTimeMs - 1));
  EXPECT_FALSE(is_time(INT64_MAX));
  EXPECT_FALSE(is_time(INT64_MIN));
}

TEST(FaultyBytes, AreTheChangesOfOnePaneTwice) {
  Names names = testing::small_rules()->names();
  DeltaBatch batch;
  batch.head.sources = 1;
  NamedDelta& all = batch.deltas.emplace_back(NamedDelta{{Scope::kAll, "all", "all"}, {}});
  for (const std::int64_t each : {0, 5}) all.delta.panes[testing::at(each)].add({MeasureKind::kInteractions, 0}, 1);
  std::string bytes = encode_deltas(batch, names);
  EXPECT_TRUE(decode_deltas(bytes, names));
  const auto written = [](std::int64_t second) {
    ByteWriter out;
    out.time(testing::at(second));
    return out.take();
  };
  ASSERT_EQ(written(0).size(), written(5).size());
  const std::size_t later = bytes.find(written(5));
  ASSERT_NE(later, std::string::npos);
  bytes.replace(later, written(5).size(), written(0));
  EXPECT_FALSE(decode_deltas(bytes, names));
}

TEST(FaultyBytes, AreACustomersPanesOutOfOrder) {
  const auto rules = testing::small_rules();
  const Numbering numbering(*rules);
  const CustomerCodec codec(*rules, numbering);
  Customer customer;
  for (const std::int64_t each : {0, 5}) customer.presence.put_back({testing::at(each), {}});
  ByteWriter out;
  codec.encode(customer, out);
  std::string bytes = out.take();
  EXPECT_TRUE(codec.decode(bytes, customer));
  char& passed = bytes[bytes.size() - 5];  // before the four numbers of the second one
  ASSERT_EQ(passed, 2);                    // one pane later than the one before, zigzag
  passed = 1;
  EXPECT_FALSE(codec.decode(bytes, customer));
}

}  // namespace
}  // namespace touchstone
