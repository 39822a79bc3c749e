#include "engine/wire/customer_record.h"

#include <algorithm>
#include <span>
#include <vector>

namespace touchstone {
namespace {

constexpr std::uint8_t kCustomerVersion = 3;
enum CustomerFlags : std::uint8_t { kStarted = 1, kLapsed = 2, kHasSegment = 4 };

/// The first byte of a cell's presence: scope, flags, and in the high half how many panes there are, less one.
constexpr std::uint8_t kScopeBits = 0x03;
constexpr std::uint8_t kAllSegments = 0x04;
constexpr std::uint8_t kSamePanes = 0x08;  ///< as the cell before
constexpr unsigned kCountShift = 4;
constexpr std::size_t kCountFollows = 15;

using Entries = std::span<const Presence::Entry>;

/// The entries at the front that are of one cell.
Entries first_cell(Entries entries) {
  std::size_t size = 0;
  while (size < entries.size() && entries[size].cell == entries.front().cell) ++size;
  return entries.first(size);
}

bool same_panes(Entries a, Entries b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Presence::Entry& x, const Presence::Entry& y) { return x.pane == y.pane; });
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
  const std::int64_t highest = millis_of(floor_to(customer.highest, rules_.pane())) / width;
  Entries left(customer.presence.entries());
  Entries earlier;
  while (!left.empty()) {
    const Entries cell = first_cell(left);
    left = left.subspan(cell.size());
    const CellNo& number = cell.front().cell;
    const bool all = number.segment == CellNo::kAllNumber;
    const bool same = same_panes(cell, earlier);
    const std::size_t count = std::min(cell.size() - 1, kCountFollows);
    out.byte(static_cast<std::uint8_t>(static_cast<unsigned>(number.scope) | (all ? kAllSegments : 0U) |
                                       (same ? kSamePanes : 0U) | ((same ? 0 : count) << kCountShift)));
    if (number.scope == Scope::kTouchpoint) out.number(numbering_.touchpoints.in_state(TouchpointNo(number.id)));
    if (number.scope == Scope::kChannel) out.number(numbering_.channels.in_state(ChannelNo(number.id)));
    if (number.scope == Scope::kStage) out.number(numbering_.stages.in_state(StageNo(number.id)));
    if (!all) out.number(numbering_.segments.in_state(SegmentNo(number.segment)));
    earlier = cell;
    if (same) continue;
    if (count == kCountFollows) out.number(cell.size());
    std::int64_t before = highest;
    for (const Presence::Entry& entry : cell) {
      const std::int64_t pane = millis_of(entry.pane) / width;
      out.signed_number(pane - before);
      before = pane;
    }
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

std::optional<CellNo> CustomerCodec::read_cell_number(std::uint8_t head, ByteReader& in) const {
  CellNo cell{static_cast<Scope>(head & kScopeBits), CellNo::kAllNumber, CellNo::kAllNumber};
  bool known = true;
  const auto take = [&](const auto& number, std::uint16_t& into) {
    if (number) into = number->value();
    known = known && number.has_value();
  };
  if (cell.scope == Scope::kTouchpoint) take(numbering_.touchpoints.own(in.number()), cell.id);
  if (cell.scope == Scope::kChannel) take(numbering_.channels.own(in.number()), cell.id);
  if (cell.scope == Scope::kStage) take(numbering_.stages.own(in.number()), cell.id);
  if ((head & kAllSegments) == 0) take(numbering_.segments.own(in.number()), cell.segment);
  return known ? std::optional(cell) : std::nullopt;
}

// Ends with the bytes: presence is what comes last.
void CustomerCodec::decode_presence(ByteReader& in, Customer& into) const {
  const std::int64_t width = rules_.pane().count();
  const std::int64_t highest = millis_of(floor_to(into.highest, rules_.pane())) / width;
  const std::int64_t furthest = kFurthestTimeMs / width;
  std::vector<EventTime> panes;  // of the cell before, too
  while (in.ok() && in.left() > 0) {
    const std::uint8_t head = in.byte();
    const std::optional<CellNo> cell = read_cell_number(head, in);
    if ((head & kSamePanes) == 0) {
      panes.clear();
      std::size_t count = (head >> kCountShift) + 1U;
      if (count > kCountFollows) count = in.count();
      std::int64_t pane = highest;
      for (std::size_t i = 0; i < count && in.ok(); ++i) {
        const std::int64_t passed = in.signed_number();
        if (passed < -2 * furthest || passed > 2 * furthest || (i > 0 && passed <= 0)) in.fail();
        pane += in.ok() ? passed : 0;
        if (pane < -furthest || pane > furthest) in.fail();
        panes.push_back(time_from_millis(in.ok() ? pane * width : 0));
      }
    }
    if (panes.empty()) in.fail();
    if (!cell || !in.ok()) continue;
    for (const EventTime pane : panes) into.presence.put_back({*cell, pane});
  }
}

}  // namespace touchstone
