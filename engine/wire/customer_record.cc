// The customer's half of records.h.
#include <map>
#include <utility>

#include "engine/wire/records.h"

namespace touchstone {
namespace {

constexpr std::uint8_t kCustomerVersion = 2;
enum CustomerFlags : std::uint8_t { kStarted = 1, kLapsed = 2, kHasSegment = 4 };

/// Collects the ids a record refers to and gives each a number.
class IdCollector {
 public:
  std::uint64_t number(std::string_view id) {
    const auto [entry, added] = numbers_.try_emplace(std::string(id), ids_.size());
    if (added) ids_.push_back(entry->first);
    return entry->second;
  }
  [[nodiscard]] const std::vector<std::string>& ids() const { return ids_; }

 private:
  std::map<std::string, std::uint64_t, std::less<>> numbers_;
  std::vector<std::string> ids_;
};

void write_presence(ByteWriter& out, const Customer& customer, const Rules& rules, IdCollector& ids) {
  out.number(customer.presence.cells().size());
  for (const auto& [cell, panes] : customer.presence.cells()) {
    const CellKey key = key_of(cell, rules);
    out.byte(static_cast<std::uint8_t>(key.scope));
    out.number(ids.number(key.id));
    out.number(ids.number(key.segment));
    out.number(panes.size());
    std::int64_t before = 0;
    for (const EventTime pane : panes) {
      out.signed_number(millis_of(pane) - before);
      before = millis_of(pane);
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
  std::map<CellNo, Presence::Panes> cells;
  const std::size_t count = in.count();
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    const std::uint8_t scope_number = in.byte();
    if (scope_number >= kScopeNames.size()) in.fail();
    const auto scope = static_cast<Scope>(scope_number);
    const std::string_view id = ids.next();
    const std::string_view segment = ids.next();
    Presence::Panes panes;
    const std::size_t pane_count = in.count();
    for (std::size_t p = 0; p < pane_count && in.ok(); ++p) {
      const EventTime pane = in.time_after(panes.empty() ? EventTime{} : panes.back());
      if (!panes.empty() && pane <= panes.back()) in.fail();
      panes.push_back(pane);
    }
    const auto cell = cell_number(scope, id, segment, rules);
    if (cell && !panes.empty()) cells[*cell] = std::move(panes);
  }
  for (auto& [cell, panes] : cells) customer.presence.restore(cell, std::move(panes));
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
  for (const std::string& id : ids.ids()) out.text(id);
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
