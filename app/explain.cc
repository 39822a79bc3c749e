#include "app/explain.h"

#include <ostream>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "engine/model/fixed.h"
#include "engine/model/journey.h"
#include "ingest/event_decoder.h"

namespace touchstone {
namespace {

std::string text(const OwnedScalar& scalar) {
  if (const auto* flag = std::get_if<bool>(&scalar)) return *flag ? "true" : "false";
  if (const auto* whole = std::get_if<std::int64_t>(&scalar)) return std::to_string(*whole);
  if (const auto* number = std::get_if<double>(&scalar)) return fmt::format("{}", *number);
  return fmt::format("\"{}\"", std::get<std::string>(scalar));
}

std::string text(const Scalar& scalar) {
  if (const auto* flag = std::get_if<bool>(&scalar)) return *flag ? "true" : "false";
  if (const auto* whole = std::get_if<std::int64_t>(&scalar)) return std::to_string(*whole);
  if (const auto* number = std::get_if<double>(&scalar)) return fmt::format("{}", *number);
  if (is_present(scalar)) return fmt::format("\"{}\"", text_of(scalar));
  return "absent";
}

std::string text(const Condition& condition) {
  std::string out;
  const auto also = [&](std::string part) { out += (out.empty() ? "" : " and ") + std::move(part); };
  if (condition.equals) also("equals " + text(*condition.equals));
  if (condition.glob) also(fmt::format("is like \"{}\"", *condition.glob));
  if (condition.min) also(fmt::format("is at least {}", *condition.min));
  if (condition.max) also(fmt::format("is at most {}", *condition.max));
  if (condition.exists) also(*condition.exists ? "is there" : "is absent");
  if (condition.regex) also(fmt::format("matches /{}/", *condition.regex));
  if (!condition.any_of.empty()) {
    std::string choices;
    for (const Condition& choice : condition.any_of) choices += (choices.empty() ? "" : " or ") + text(choice);
    also(choices);
  }
  return out;
}

/// The conditions of the alternative that holds, each with the value the event has.
void print_reason(const Predicate& predicate, const Facts& facts, std::ostream& out) {
  for (const Conjunction& conjunction : predicate) {
    if (!CompiledConjunction(conjunction).holds(facts)) continue;
    for (const FieldCondition& part : conjunction) {
      fmt::print(out, "    {} {} (it is {})\n", part.field, text(part.condition), text(FieldRef(part.field).of(facts)));
    }
    return;
  }
}

void print_touchpoint(const Rules& rules, const Event& event, const Placement& placement, std::ostream& out) {
  const TouchpointMap& map = rules.map();
  const Facts facts{event};
  fmt::print(out, "touchpoint  {}\n", rules.touchpoints().id(placement.touchpoint));
  if (placement.touchpoint == rules.unmapped()) {
    fmt::print(out, "    no rule of the map holds\n");
  } else if (text_of(event[Field::kTouchpoint]) == rules.touchpoints().id(placement.touchpoint)) {
    fmt::print(out, "    named by the event\n");
  } else {
    fmt::print(out, "    rule {} of {}, the first that holds:\n", placement.touchpoint.value() + 1,
               map.touchpoints.size());
    print_reason(map.touchpoints[placement.touchpoint.value()].match, facts, out);
  }
  fmt::print(out, "channel     {}\n    {}\n", rules.channels().id(placement.channel),
             rules.touchpoint(placement.touchpoint).channel ? "the map's for this touchpoint"
             : placement.channel == rules.other_channel()   ? "the event's is not known to the map"
                                                            : "the event's");
  if (!placement.segment) {
    fmt::print(out, "segment     the one remembered for the customer, else {}\n", kOtherId);
    return;
  }
  fmt::print(out, "segment     {}\n", rules.segments().id(*placement.segment));
  if (text_of(event[Field::kSegment]) == rules.segments().id(*placement.segment)) {
    fmt::print(out, "    named by the event\n");
  } else {
    print_reason(map.segments[placement.segment->value()].when, facts, out);
  }
}

void print_consequences(const Rules& rules, const Observation& seen, std::ostream& out) {
  fmt::print(out, "stage       {}\n    for a new customer\n", rules.stages().id(seen.stage));
  if (seen.satisfaction) {
    std::string value;
    append_fixed(seen.satisfaction->millionths, kMillionthDecimals, value);
    fmt::print(out, "satisfaction {}\nrates       {} ({})\n", value, rules.touchpoints().id(seen.satisfaction->rates),
               rules.channels().id(seen.satisfaction->channel));
  }
  fmt::print(out, "conversion  {}\n", seen.conversion ? "yes" : "no");
}

}  // namespace

int explain(const Rules& rules, const std::string& event_json, std::ostream& out) {
  EventDecoder decoder(rules.settings().max_future);
  Record record;
  record.topic = "explain";
  record.value = event_json;
  // What the record itself would bring; an event that says less than all can be explained too.
  record.key = "somebody";
  record.timestamp_ms = millis_of(kLatestEventTime);
  const Decoded decoded = decoder.decode(record);
  if (const auto* rejection = std::get_if<Rejection>(&decoded)) {
    fmt::print(out, "dead letter {}\n    {}\n", name_of(rejection->reason), rejection->detail);
    return 1;
  }
  const Event& event = *std::get<const Event*>(decoded);
  print_touchpoint(rules, event, place(event, rules), out);
  Customer nobody;
  if (const auto seen = observe(nobody, event, rules, false)) print_consequences(rules, *seen, out);
  return 0;
}

}  // namespace touchstone
