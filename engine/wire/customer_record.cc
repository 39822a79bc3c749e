#include "engine/wire/customer_record.h"

#include <cstdint>

namespace touchstone {
namespace {

constexpr std::uint8_t kCustomerVersion = 4;
enum CustomerFlags : std::uint8_t { kStarted = 1, kLapsed = 2, kHasSegment = 4 };

/// In the place of a number: the map that was in force when this was written no longer had it.
constexpr std::uint64_t kGone = 0;
/// The same in memory. It is the number of no id: a map has far fewer.
constexpr std::uint16_t kGoneNumber = 0xFFFF;

template <typename Number>
void write_place(Number own, const NumbersOf<Number>& numbers, ByteWriter& out) {
  out.number(own.value() == kGoneNumber ? kGone : std::uint64_t{1} + numbers.in_state(own));
}

template <typename Number>
Number read_place(const NumbersOf<Number>& numbers, ByteReader& in) {
  const std::uint64_t number = in.number();
  if (number == kGone) return Number(kGoneNumber);
  return numbers.own(number - 1).value_or(Number(kGoneNumber));
}

void write_since(EventTime time, EventTime base, ByteWriter& out) { out.signed_number((time - base).count()); }

}  // namespace

void CustomerCodec::encode(const Customer& customer, ByteWriter& out) const {
  out.byte(kCustomerVersion);
  out.byte(static_cast<std::uint8_t>((customer.started ? kStarted : 0) | (customer.lapsed ? kLapsed : 0) |
                                     (customer.segment ? kHasSegment : 0)));
  out.time(customer.highest);
  out.number(numbering_.stages.in_state(customer.stage));
  write_since(customer.stage_since, customer.highest, out);
  if (customer.segment) out.number(numbering_.segments.in_state(*customer.segment));
  out.number(numbering_.touchpoints.in_state(customer.last_touchpoint));
  out.signed_number(customer.conversions);
  out.number(customer.touches.size());
  EventTime before = customer.highest;
  for (const RememberedTouch& touch : customer.touches) {
    out.number(numbering_.touchpoints.in_state(touch.touch.touchpoint));
    write_since(touch.touch.time, before, out);
    out.number(touch.overtaken);
    before = touch.touch.time;
  }
  out.number(customer.rateable.size());
  for (const RateableTouch& touch : customer.rateable) {
    out.number(numbering_.touchpoints.in_state(touch.touchpoint));
    out.number(numbering_.channels.in_state(touch.channel));
    write_since(touch.time, customer.highest, out);
  }
  out.number(customer.ids.size());
  for (const AcceptedId& id : customer.ids) {
    out.fixed64(id.high);
    out.fixed64(id.low);
    write_since(id.time, customer.highest, out);
  }
  encode_presence(customer, out);
}

void CustomerCodec::encode_presence(const Customer& customer, ByteWriter& out) const {
  const std::int64_t width = rules_.pane().count();
  std::int64_t before = millis_of(floor_to(customer.highest, rules_.pane())) / width;
  out.number(customer.presence.entries().size());
  for (const Presence::Entry& entry : customer.presence.entries()) {
    const std::int64_t pane = millis_of(entry.pane) / width;
    out.signed_number(pane - before);
    before = pane;
    write_place(entry.at.touchpoint, numbering_.touchpoints, out);
    write_place(entry.at.channel, numbering_.channels, out);
    write_place(entry.at.stage, numbering_.stages, out);
    write_place(entry.at.segment, numbering_.segments, out);
  }
}

bool CustomerCodec::decode(std::string_view bytes, Customer& into) const {
  into.clear();
  ByteReader in(bytes);
  if (in.byte() != kCustomerVersion) return false;
  const std::uint8_t flags = in.byte();
  into.started = (flags & kStarted) != 0;
  into.lapsed = (flags & kLapsed) != 0;
  into.highest = in.time();
  into.stage = numbering_.stages.own(in.number()).value_or(StageNo(0));
  into.stage_since = in.time_after(into.highest);
  if ((flags & kHasSegment) != 0) into.segment = numbering_.segments.own(in.number());
  into.last_touchpoint = numbering_.touchpoints.own(in.number()).value_or(rules_.unmapped());
  into.conversions = in.signed_number();
  decode_touches(in, into);
  const std::size_t accepted = in.count();
  for (std::size_t i = 0; i < accepted && in.ok(); ++i) {
    AcceptedId id;
    id.high = in.fixed64();
    id.low = in.fixed64();
    id.time = in.time_after(into.highest);
    into.ids.push_back(id);
  }
  decode_presence(in, into);
  return in.done();
}

void CustomerCodec::decode_touches(ByteReader& in, Customer& into) const {
  const std::size_t touches = in.count();
  EventTime before = into.highest;
  for (std::size_t i = 0; i < touches && in.ok(); ++i) {
    const auto touchpoint = numbering_.touchpoints.own(in.number());
    before = in.time_after(before);
    const auto overtaken = static_cast<std::uint32_t>(in.number());
    if (touchpoint) into.touches.push_back({{*touchpoint, before}, overtaken});
  }
  const std::size_t rateable = in.count();
  for (std::size_t i = 0; i < rateable && in.ok(); ++i) {
    const auto touchpoint = numbering_.touchpoints.own(in.number());
    const auto channel = numbering_.channels.own(in.number());
    const EventTime time = in.time_after(into.highest);
    if (touchpoint) into.rateable.push_back({*touchpoint, channel.value_or(rules_.other_channel()), time});
  }
}

void CustomerCodec::decode_presence(ByteReader& in, Customer& into) const {
  const std::int64_t width = rules_.pane().count();
  const std::int64_t furthest = kFurthestTimeMs / width;
  std::int64_t pane = millis_of(floor_to(into.highest, rules_.pane())) / width;
  const std::size_t entries = in.count();
  for (std::size_t i = 0; i < entries && in.ok(); ++i) {
    const std::int64_t passed = in.signed_number();
    if (passed < -2 * furthest || passed > 2 * furthest || (i > 0 && passed < 0)) in.fail();
    pane += in.ok() ? passed : 0;
    if (pane < -furthest || pane > furthest) in.fail();
    Dimensions at;
    at.touchpoint = read_place(numbering_.touchpoints, in);
    at.channel = read_place(numbering_.channels, in);
    at.stage = read_place(numbering_.stages, in);
    at.segment = read_place(numbering_.segments, in);
    if (in.ok()) into.presence.put_back({time_from_millis(pane * width), at});
  }
}

}  // namespace touchstone
