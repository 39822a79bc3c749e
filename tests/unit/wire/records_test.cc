#include "engine/wire/records.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "engine/model/journey.h"
#include "engine/wire/customer_record.h"
#include "engine/wire/delta_batch.h"
#include "engine/wire/intake_envelope.h"
#include "tests/support/maps.h"

namespace touchstone {
namespace {

using testing::at;

Customer lively_customer(const Rules& rules) {
  Customer customer;
  DeltaSet deltas;
  const char* const types[] = {"impression", "page_view", "call", "survey_response", "purchase", "page_view"};
  std::int64_t second = 0;
  for (const char* type : types) {
    Event event = testing::event(type, second);
    event[Field::kId] = std::string_view(type);
    if (second == 0) event.attributes.emplace_back("tier", std::string_view("gold"));
    const auto seen = observe(customer, event, rules, false);
    if (seen) tally(*seen, event.time, at(second - 10), rules, customer, deltas);
    second += 7;
  }
  return customer;
}

std::string encoded(const Customer& customer, const Rules& rules, const Numbering& numbering) {
  ByteWriter out;
  CustomerCodec(rules, numbering).encode(customer, out);
  return out.take();
}

TEST(Records, ACustomerComesBackAsItWas) {
  const auto rules = testing::small_rules();
  const Numbering numbering(*rules);
  const Customer customer = lively_customer(*rules);
  const std::string bytes = encoded(customer, *rules, numbering);
  Customer back = lively_customer(*rules);  // what it held before does not matter
  ASSERT_TRUE(CustomerCodec(*rules, numbering).decode(bytes, back));
  EXPECT_EQ(encoded(back, *rules, numbering), bytes);
  EXPECT_EQ(back.stage, customer.stage);
  EXPECT_EQ(back.segment, customer.segment);
  EXPECT_EQ(back.ids.size(), customer.ids.size());
  EXPECT_EQ(back.touches.size(), customer.touches.size());
  EXPECT_EQ(back.presence.entries(), customer.presence.entries());
}

TEST(Records, ACustomersPanesComeBackHoweverManyThereAre) {
  const auto rules = testing::small_rules();
  const Numbering numbering(*rules);
  const Dimensions page{TouchpointNo(1), ChannelNo(2), StageNo(1), SegmentNo(0)};
  const Dimensions call{TouchpointNo(2), ChannelNo(0), StageNo(1), SegmentNo(0)};
  for (const int panes : {1, 2, 15, 16, 17, 300}) {
    Customer customer;
    customer.highest = at(5 * 300);
    for (int i = 0; i < panes; ++i) customer.presence.put_back({at(5 * i), page});
    customer.presence.put_back({at(0), call});
    Customer back;
    ASSERT_TRUE(CustomerCodec(*rules, numbering).decode(encoded(customer, *rules, numbering), back)) << panes;
    EXPECT_EQ(back.presence.entries(), customer.presence.entries()) << panes;
  }
}

TEST(Records, ATruncatedCustomerIsNone) {
  const auto rules = testing::small_rules();
  const Numbering numbering(*rules);
  const CustomerCodec codec(*rules, numbering);
  const Customer customer = lively_customer(*rules);
  const std::string bytes = encoded(customer, *rules, numbering);
  Customer back;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(codec.decode(std::string_view(bytes).substr(0, size), back)) << size;
  }
  EXPECT_FALSE(codec.decode(bytes + "\x80", back));
}

// The map changes between writing and reading: another order, one touchpoint less, one more.
TEST(Records, ACustomerIsReadUnderAnotherMap) {
  const auto rules = testing::small_rules();
  const Numbering numbering(*rules);
  const Customer customer = lively_customer(*rules);
  const std::string bytes = encoded(customer, *rules, numbering);
  TouchpointMap other = testing::small_map();
  const std::string gone = other.touchpoints[1].id;
  other.touchpoints.erase(other.touchpoints.begin() + 1);
  std::reverse(other.touchpoints.begin(), other.touchpoints.end());
  other.touchpoints.push_back(other.touchpoints.front());
  other.touchpoints.back().id = "kiosk";
  const Rules later(other, Settings{});
  const auto went_on = Numbering::decode(numbering.encode(), later);
  ASSERT_TRUE(went_on);
  EXPECT_TRUE(went_on->has_grown());
  Customer back;
  ASSERT_TRUE(CustomerCodec(later, *went_on).decode(bytes, back));
  std::vector<std::string> expected;
  for (const RememberedTouch& touch : customer.touches) {
    const std::string& id = rules->touchpoints().id(touch.touch.touchpoint);
    if (id != gone) expected.push_back(id);
  }
  std::vector<std::string> found;
  for (const RememberedTouch& touch : back.touches) {
    found.push_back(later.touchpoints().id(touch.touch.touchpoint));
  }
  EXPECT_EQ(found, expected);
  // A visit to a touchpoint that is gone still counts in its channel, its stage and the whole.
  EXPECT_EQ(back.presence.entries().size(), customer.presence.entries().size());
  // What the later map writes is read by it again, and the first map finds its own.
  const std::string again = encoded(back, later, *went_on);
  const auto went_back = Numbering::decode(went_on->encode(), *rules);
  ASSERT_TRUE(went_back);
  EXPECT_FALSE(went_back->has_grown());
  Customer first;
  ASSERT_TRUE(CustomerCodec(*rules, *went_back).decode(again, first));
  EXPECT_EQ(first.touches.size(), expected.size());
  EXPECT_EQ(rules->touchpoints().id(first.last_touchpoint), later.touchpoints().id(back.last_touchpoint));
}

TEST(Records, ABrokenNumberingIsNone) {
  const auto rules = testing::small_rules();
  const std::string bytes = Numbering(*rules).encode();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(Numbering::decode(std::string_view(bytes).substr(0, size), *rules)) << size;
  }
  EXPECT_FALSE(Numbering::decode(bytes + "x", *rules));
}

TEST(Records, DeltasComeBackAsTheyWere) {
  const auto rules = testing::small_rules();
  DeltaBatch batch;
  batch.head.source = 2;
  batch.head.sources = 3;
  batch.head.has_mark = true;
  batch.head.mark = at(5);
  batch.head.end = EndOfInput{at(6), 77};
  batch.deltas.reserve(3);
  NamedDelta& delta = batch.deltas.emplace_back();
  delta.cell = {Scope::kTouchpoint, "page", "gold"};
  delta.delta.panes[at(0)].add({MeasureKind::kStage, 1}, 3);
  delta.delta.panes[at(5)].add({MeasureKind::kWait, 500}, -2);
  delta.delta.visits = {{{at(5), std::nullopt}, 7}, {{at(5), at(0)}, -1}, {{at(20), at(10)}, 3}};
  NamedDelta& moves = batch.deltas.emplace_back();
  moves.cell = {Scope::kMoves, "page", "gold"};
  moves.delta.panes[at(0)].add({MeasureKind::kMove, 0}, 2);
  moves.delta.panes[at(0)].add({MeasureKind::kMove, kToLapse}, 1);
  NamedDelta& paths = batch.deltas.emplace_back();
  paths.cell = {Scope::kPaths, "all", "gold"};
  paths.delta.items[at(5)]["ad>page>(conversion)"] = 3;
  const std::string bytes = encode_deltas(batch, rules->names());
  Names names;
  auto back = decode_deltas(bytes, names);
  ASSERT_TRUE(back);
  EXPECT_EQ(encode_deltas(*back, names), bytes);
  EXPECT_EQ(back->head.end->session, 77U);
  ASSERT_EQ(back->deltas.size(), 3U);
  EXPECT_EQ(back->deltas[0].delta.visits, delta.delta.visits);
  EXPECT_EQ(back->deltas[1].delta.panes[at(0)].at({MeasureKind::kMove, kToLapse}), 1);
  EXPECT_EQ(back->deltas[2].delta.items.at(at(5)).at("ad>page>(conversion)"), 3);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_deltas(std::string_view(bytes).substr(0, size), names)) << size;
  }
}

TEST(Records, PositionsAndKeysComeBackAsTheyWere) {
  const auto position = decode_position(encode_position({Offset(42), "print", std::string("s\0t", 3)}));
  ASSERT_TRUE(position);
  EXPECT_EQ(position->offset, Offset(42));
  EXPECT_EQ(position->state.size(), 3U);
  const CellKey cell{Scope::kStage, "b", "all"};
  const auto parts = read_windows_key(windows_key(KeyKind::kPane, 3, cell, at(5)));
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->cell, cell);
  EXPECT_EQ(parts->time, at(5));
  EXPECT_EQ(parts->window, 3);
}

TEST(Records, AnEnvelopeComesBackAsItWas) {
  Envelope envelope;
  envelope.source = 1;
  envelope.sources = 2;
  envelope.topic = "clicks";
  envelope.partition = Partition(7);
  envelope.offset = Offset(9);
  envelope.timestamp_ms = 123;
  envelope.key = "k";
  envelope.end = EndOfInput{std::nullopt, 5};
  const auto back = decode_envelope(encode_envelope(envelope));
  ASSERT_TRUE(back);
  EXPECT_EQ(encode_envelope(*back), encode_envelope(envelope));
  EXPECT_FALSE(decode_envelope("junk"));
}

TEST(Records, CellsSpreadOverPartitionsAndSlicesIndependently) {
  std::set<std::pair<std::int32_t, std::uint32_t>> seen;
  for (int i = 0; i < 500; ++i) {
    const CellKey cell{Scope::kChannel, "c" + std::to_string(i), "all"};
    seen.insert({partition_of_cell(cell, 4).value(), slice_of_cell(cell, 4)});
  }
  EXPECT_EQ(seen.size(), 16U);
}

TEST(Records, AChainAndTheTouchpointsItCreditsShareASlice) {
  for (const char* segment : {"all", "gold", "other"}) {
    const std::uint32_t slice = slice_of_cell({Scope::kChain, std::string(kStartId), segment}, 64);
    EXPECT_EQ(slice_of_cell({Scope::kChain, "ad", segment}, 64), slice);
    EXPECT_EQ(slice_of_cell({Scope::kTouchpoint, "page", segment}, 64), slice);
  }
}

}  // namespace
}  // namespace touchstone
