// The customer's half of records.h.
#include <algorithm>
#include <utility>

#include "engine/wire/records.h"

namespace touchstone {
namespace {

constexpr std::uint8_t kCustomerVersion = 2;
enum CustomerFlags : std::uint8_t { kStarted = 1, kLapsed = 2, kHasSegment = 4 };

/// Collects the ids a record refers to and gives each a number.
class IdCollector {
 public:
  /// The id must live where it is until the record is written: in a dictionary, say.
  std::uint64_t number(const std::string& id) {
    // Few and found by where they are; the same text in two dictionaries may get two numbers.
    const auto known = std::find(ids_.begin(), ids_.end(), &id);
    if (known != ids_.end()) return static_cast<std::uint64_t>(known - ids_.begin());
    ids_.push_back(&id);
    return ids_.size() - 1;
  }
  [[nodiscard]] const std::vector<const std::string*>& ids() const { return ids_; }

 private:
  std::vector<const std::string*> ids_;
};

const std::string kAllText{kAllId};

/// The id of a cell that has rows.
const std::string& id_of(const CellNo& cell, const Rules& rules) {
  switch (cell.scope) {
    case Scope::kTouchpoint:
      return rules.touchpoints().id(TouchpointNo(cell.id));
    case Scope::kChannel:
      return rules.channels().id(ChannelNo(cell.id));
    case Scope::kStage:
      return rules.stages().id(StageNo(cell.id));
    default:
      return kAllText;
  }
}

void write_presence(ByteWriter& out, const Customer& customer, const Rules& rules, IdCollector& ids) {
  const auto& entries = customer.presence.entries();
  const auto same_cell = [](const Presence::Entry& a, const Presence::Entry& b) { return a.cell == b.cell; };
  std::size_t cells = entries.empty() ? 0 : 1;
  for (std::size_t i = 1; i < entries.size(); ++i) cells += same_cell(entries[i - 1], entries[i]) ? 0U : 1U;
  out.number(cells);
  for (auto first = entries.begin(); first != entries.end();) {
    const auto last = std::find_if(first, entries.end(), [&](const auto& entry) { return !same_cell(entry, *first); });
    const CellNo& cell = first->cell;
    out.byte(static_cast<std::uint8_t>(cell.scope));
    out.number(ids.number(id_of(cell, rules)));
    out.number(
        ids.number(cell.segment == CellNo::kAllNumber ? kAllText : rules.segments().id(SegmentNo(cell.segment))));
    out.number(static_cast<std::uint64_t>(last - first));
    std::int64_t before = 0;
    for (; first != last; ++first) {
      out.signed_number(millis_of(first->pane) - before);
      before = millis_of(first->pane);
    }
  }
}

/// Reads the ids of a record by number; an unknown number is a fault of the bytes.
class IdReader {
 public:
  explicit IdReader(ByteReader& in) : in_(in) {
    const std::size_t count = in.count();
    for (std::size_t i = 0; i < count && in.ok(); ++i) ids_.push_back(in.text());
  }
  std::string_view next() {
    const std::uint64_t number = in_.number();
    if (number >= ids_.size()) {
      in_.fail();
      return {};
    }
    return ids_[number];
  }

 private:
  ByteReader& in_;
  std::vector<std::string_view> ids_;
};

std::optional<CellNo> cell_number(Scope scope, std::string_view id, std::string_view segment, const Rules& rules) {
  CellNo cell{scope, CellNo::kAllNumber, CellNo::kAllNumber};
  const auto take = [&](const auto& number) {
    if (number) cell.id = number->value();
    return number.has_value();
  };
  if (!has_rows(scope)) return std::nullopt;
  if (scope == Scope::kTouchpoint && !take(rules.touchpoints().find(id))) return std::nullopt;
  if (scope == Scope::kChannel && !take(rules.channels().find(id))) return std::nullopt;
  if (scope == Scope::kStage && !take(rules.stages().find(id))) return std::nullopt;
  if (segment != kAllId) {
    const auto number = rules.segments().find(segment);
    if (!number) return std::nullopt;
    cell.segment = number->value();
  }
  return cell;
}

void read_touches(ByteReader& in, IdReader& ids, const Rules& rules, Customer& customer) {
  const std::size_t touches = in.count();
  for (std::size_t i = 0; i < touches && in.ok(); ++i) {
    const auto touchpoint = rules.touchpoints().find(ids.next());
    const EventTime time = in.time();
    const auto overtaken = static_cast<std::uint32_t>(in.number());
    if (touchpoint) customer.touches.push_back({{*touchpoint, time}, overtaken});
  }
  const std::size_t rateable = in.count();
  for (std::size_t i = 0; i < rateable && in.ok(); ++i) {
    const auto touchpoint = rules.touchpoints().find(ids.next());
    const auto channel = rules.channels().find(ids.next());
    const EventTime time = in.time();
    if (touchpoint) customer.rateable.push_back({*touchpoint, channel.value_or(rules.other_channel()), time});
  }
}

void read_presence(ByteReader& in, IdReader& ids, const Rules& rules, Customer& customer) {
  std::vector<Presence::Entry> entries;
  const std::size_t count = in.count();
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    const std::uint8_t scope_number = in.byte();
    if (scope_number >= kScopeNames.size()) in.fail();
    const auto scope = static_cast<Scope>(scope_number);
    const std::string_view id = ids.next();
    const std::string_view segment = ids.next();
    const auto cell = cell_number(scope, id, segment, rules);
    std::int64_t at = 0;
    const std::size_t panes = in.count();
    for (std::size_t p = 0; p < panes && in.ok(); ++p) {
      at += in.signed_number();
      if (cell) entries.push_back({*cell, time_from_millis(at)});
    }
  }
  customer.presence.restore(std::move(entries));
}

}  // namespace

std::string encode_customer(const Customer& customer, const Rules& rules) {
  IdCollector ids;
  ByteWriter body;
  body.byte(static_cast<std::uint8_t>((customer.started ? kStarted : 0) | (customer.lapsed ? kLapsed : 0) |
                                      (customer.segment ? kHasSegment : 0)));
  body.number(ids.number(rules.stages().id(customer.stage)));
  body.time(customer.stage_since);
  if (customer.segment) body.number(ids.number(rules.segments().id(*customer.segment)));
  body.time(customer.highest);
  body.number(ids.number(rules.touchpoints().id(customer.last_touchpoint)));
  body.signed_number(customer.conversions);
  body.number(customer.touches.size());
  for (const RememberedTouch& touch : customer.touches) {
    body.number(ids.number(rules.touchpoints().id(touch.touch.touchpoint)));
    body.time(touch.touch.time);
    body.number(touch.overtaken);
  }
  body.number(customer.rateable.size());
  for (const RateableTouch& touch : customer.rateable) {
    body.number(ids.number(rules.touchpoints().id(touch.touchpoint)));
    body.number(ids.number(rules.channels().id(touch.channel)));
    body.time(touch.time);
  }
  body.number(customer.ids.size());
  for (const AcceptedId& id : customer.ids) {
    body.fixed64(id.high);
    body.fixed64(id.low);
    body.time(id.time);
  }
  write_presence(body, customer, rules, ids);

  ByteWriter out;
  out.byte(kCustomerVersion);
  out.number(ids.ids().size());
  for (const std::string* id : ids.ids()) out.text(*id);
  out.raw(body.bytes());
  return out.take();
}

std::optional<Customer> decode_customer(std::string_view bytes, const Rules& rules) {
  ByteReader in(bytes);
  if (in.byte() != kCustomerVersion) return std::nullopt;
  IdReader ids(in);
  Customer customer;
  const std::uint8_t flags = in.byte();
  customer.started = (flags & kStarted) != 0;
  customer.lapsed = (flags & kLapsed) != 0;
  customer.stage = rules.stages().find(ids.next()).value_or(StageNo(0));
  customer.stage_since = in.time();
  if ((flags & kHasSegment) != 0) customer.segment = rules.segments().find(ids.next());
  customer.highest = in.time();
  customer.last_touchpoint = rules.touchpoints().find(ids.next()).value_or(rules.unmapped());
  customer.conversions = in.signed_number();
  read_touches(in, ids, rules, customer);
  const std::size_t accepted = in.count();
  for (std::size_t i = 0; i < accepted && in.ok(); ++i) {
    AcceptedId id;
    id.high = in.fixed64();
    id.low = in.fixed64();
    id.time = in.time();
    customer.ids.push_back(id);
  }
  read_presence(in, ids, rules, customer);
  if (!in.done()) return std::nullopt;
  return customer;
}

}  // namespace touchstone
