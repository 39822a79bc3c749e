#include "exporters/map_json.h"

#include <algorithm>
#include <cmath>

#include "engine/wire/json.h"

namespace touchstone {
namespace {

/// Appends the elements of a range to a JSON array, each by `append(element, out)`.
template <typename Range, typename Append>
void append_array(const Range& range, std::string& out, const Append& append) {
  out.push_back('[');
  for (const auto& element : range) {
    if (out.back() != '[') out.push_back(',');
    append(element, out);
  }
  out.push_back(']');
}

void put_number(JsonObject& object, std::string_view key, double value) {
  object.fixed(key, std::llround(value * static_cast<double>(kMillion)), kMillionthDecimals);
}

void put_millionths(JsonObject& object, std::string_view key, std::int64_t millionths) {
  object.fixed(key, millionths, kMillionthDecimals);
}

void put_texts(JsonObject& object, std::string_view key, const LocalizedText& texts) {
  JsonObject each(object.member(key));
  for (const auto& [language, text] : texts) each.text(language, text);
}

std::string_view name_of(Standing standing) {
  switch (standing) {
    case Standing::kUnknown:
      return "unknown";
    case Standing::kMet:
      return "met";
    case Standing::kWorse:
      return "worse";
    case Standing::kSurelyWorse:
      return "surely-worse";
  }
  return "unknown";
}

std::string_view name_of(Use use) {
  switch (use) {
    case Use::kUnknown:
      return "unknown";
    case Use::kFair:
      return "fair";
    case Use::kOverUsed:
      return "over-used";
    case Use::kUnderUsed:
      return "under-used";
  }
  return "unknown";
}

void put_mean(JsonObject& object, std::string_view key, const std::optional<Mean>& mean) {
  if (!mean) return;
  JsonObject each(object.member(key));
  each.integer("responses", mean->responses);
  put_millionths(each, "mean", mean->millionths);
}

void put_lengths(JsonObject& object, const Lengths& lengths) {
  object.integer("count", lengths.count);
  object.fixed("p50", lengths.p50_ms, kSecondsDecimals);
  object.fixed("p90", lengths.p90_ms, kSecondsDecimals);
  object.fixed("p99", lengths.p99_ms, kSecondsDecimals);
}

void put_period(JsonObject& object, const ReadingSubject& subject) {
  object.text("window", subject.window.name);
  if (!subject.end) return;
  object.time("start", *subject.end - subject.window.size);
  object.time("end", *subject.end);
}

const Expectation& expectation_of(TouchpointNo touchpoint, const Rules& rules) {
  static const Expectation kNone;
  return touchpoint == rules.unmapped() ? kNone : rules.map().touchpoints[touchpoint.value()].expect;
}

void append_touchpoint(const TouchpointReading& seen, const Rules& rules, std::string& out) {
  const Expectation& expect = expectation_of(seen.touchpoint, rules);
  JsonObject object(out);
  object.text("id", rules.touchpoints().id(seen.touchpoint));
  object.integer("interactions", seen.interactions);
  object.integer("customers", seen.customers);
  if (seen.satisfaction) {
    JsonObject rated(object.member("satisfaction"));
    rated.integer("responses", seen.satisfaction->responses);
    put_millionths(rated, "mean", seen.satisfaction->millionths);
    if (seen.interval) {
      put_number(rated, "low", seen.interval->low);
      put_number(rated, "high", seen.interval->high);
    }
    if (expect.satisfaction) put_number(rated, "expected", *expect.satisfaction);
    rated.text("standing", name_of(seen.satisfaction_standing));
  }
  if (seen.wait) {
    JsonObject waited(object.member("wait_s"));
    put_lengths(waited, *seen.wait);
    if (expect.wait_s) put_number(waited, "expected", *expect.wait_s);
    waited.text("standing", name_of(seen.wait_standing));
  }
  if (seen.share_of_interactions) put_number(object, "share_of_interactions", *seen.share_of_interactions);
  if (seen.share_of_credit) put_number(object, "share_of_credit", *seen.share_of_credit);
  object.text("use", name_of(seen.use));
  object.integer("lapses", seen.lapses);
}

void append_stage(const StageReading& stage, const Rules& rules, std::string& out) {
  JsonObject object(out);
  object.text("id", rules.stages().id(stage.stage));
  object.integer("interactions", stage.interactions);
  object.integer("customers", stage.customers);
  put_mean(object, "satisfaction", stage.satisfaction);
  put_number(object, "share", stage.share);
  put_number(object, "weight_share", stage.weight_share);
  append_array(stage.touchpoints, object.member("touchpoints"), [&](const StageTouchpoint& here, std::string& to) {
    JsonObject each(to);
    each.text("id", rules.touchpoints().id(here.touchpoint));
    each.integer("interactions", here.interactions);
    each.flag("declared", here.declared);
  });
  append_array(stage.channels, object.member("channels"), [&](const ChannelReading& channel, std::string& to) {
    JsonObject each(to);
    each.text("id", channel.channel);
    each.integer("responses", channel.satisfaction.responses);
    put_millionths(each, "mean", channel.satisfaction.millionths);
  });
  if (stage.spread) put_number(object, "spread", *stage.spread);
}

void append_segment(const SegmentReading& segment, const Rules& rules, std::string& out) {
  JsonObject object(out);
  object.text("id", segment.segment);
  object.integer("interactions", segment.interactions);
  object.integer("customers", segment.customers);
  object.integer("conversions", segment.conversions);
  put_number(object, "unmapped_share", segment.unmapped_share);
  append_array(segment.stages, object.member("stages"),
               [&](const StageReading& stage, std::string& to) { append_stage(stage, rules, to); });
  append_array(segment.touchpoints, object.member("touchpoints"),
               [&](const TouchpointReading& seen, std::string& to) { append_touchpoint(seen, rules, to); });
  append_array(segment.silent, object.member("silent"), [&](TouchpointNo touchpoint, std::string& to) {
    append_json_text(rules.touchpoints().id(touchpoint), to);
  });
}

/// A path `touchpoint>touchpoint>(end)` and its count.
void append_path(const std::pair<std::string, std::int64_t>& item, std::string& out) {
  std::vector<std::string_view> places;
  std::string_view rest = item.first;
  for (std::size_t at = rest.find('>'); at != std::string_view::npos; at = rest.find('>')) {
    places.push_back(rest.substr(0, at));
    rest.remove_prefix(at + 1);
  }
  JsonObject object(out);
  append_array(places, object.member("touchpoints"),
               [](std::string_view place, std::string& to) { append_json_text(place, to); });
  object.text("end", rest == kConversionEnd ? std::string_view("conversion") : kLapsedId);
  object.integer("count", item.second);
}

/// What the map itself says, for whoever shows the reading.
void put_map(JsonObject& object, const TouchpointMap& map) {
  put_texts(object, "name", map.name);
  append_array(map.lifecycle.stages, object.member("lifecycle"),
               [](const std::string& stage, std::string& to) { append_json_text(stage, to); });
  append_array(map.segments, object.member("segments"), [](const Segment& segment, std::string& to) {
    JsonObject each(to);
    each.text("id", segment.id);
    put_texts(each, "name", segment.name);
  });
  append_array(map.touchpoints, object.member("touchpoints"), [](const Touchpoint& touchpoint, std::string& to) {
    JsonObject each(to);
    each.text("id", touchpoint.id);
    put_texts(each, "name", touchpoint.name);
    append_array(touchpoint.stages, each.member("stages"),
                 [](const std::string& stage, std::string& out) { append_json_text(stage, out); });
    if (touchpoint.expect.satisfaction || touchpoint.expect.wait_s) {
      JsonObject expect(each.member("expect"));
      if (touchpoint.expect.satisfaction) put_number(expect, "satisfaction", *touchpoint.expect.satisfaction);
      if (touchpoint.expect.wait_s) put_number(expect, "wait_s", *touchpoint.expect.wait_s);
    }
    if (touchpoint.conversion) each.flag("conversion", true);
    if (touchpoint.feedback) each.flag("feedback", true);
    if (touchpoint.channel) each.text("channel", *touchpoint.channel);
    for (const auto& [key, text] : {std::pair<std::string_view, const std::string&>{"medium", touchpoint.medium},
                                    {"contact", touchpoint.contact},
                                    {"phase", touchpoint.phase},
                                    {"owner", touchpoint.owner},
                                    {"process", touchpoint.process},
                                    {"need", touchpoint.need},
                                    {"outcome", touchpoint.outcome}}) {
      if (!text.empty()) each.text(key, text);
    }
  });
}

}  // namespace

std::string map_json(const ReadingSubject& subject, const std::vector<SegmentReading>& segments, CreditModel model,
                     const RankedItems& unmapped) {
  std::string out;
  {
    JsonObject object(out);
    put_period(object, subject);
    object.text("model", kCreditModelNames[static_cast<std::size_t>(model)]);
    append_array(subject.rules.settings().windows, object.member("windows"),
                 [](const WindowSpec& each, std::string& to) {
                   JsonObject window(to);
                   window.text("name", each.name);
                   window.fixed("size_s", each.size.count(), kSecondsDecimals);
                   window.fixed("step_s", each.step.count(), kSecondsDecimals);
                 });
    {
      JsonObject map(object.member("map"));
      put_map(map, subject.rules.map());
    }
    append_array(segments, object.member("segments"),
                 [&](const SegmentReading& segment, std::string& to) { append_segment(segment, subject.rules, to); });
    append_array(unmapped, object.member("unmapped"), [](const auto& item, std::string& to) {
      const std::size_t space = item.first.find(' ');
      JsonObject each(to);
      each.text("channel", std::string_view(item.first).substr(0, space));
      each.text("type", std::string_view(item.first).substr(space + 1));
      each.integer("interactions", item.second);
    });
  }
  return out;
}

std::string journeys_json(const ReadingSubject& subject, const JourneyReading& reading, const RankedItems& paths,
                          const std::string& segment) {
  const Rules& rules = subject.rules;
  std::string out;
  {
    JsonObject object(out);
    put_period(object, subject);
    object.text("segment", segment);
    append_array(reading.steps, object.member("steps"), [&](const StepsFrom& steps, std::string& to) {
      JsonObject each(to);
      each.text("from", rules.touchpoints().id(steps.from));
      each.integer("count", steps.count);
      append_array(steps.next, each.member("next"), [&](const NextStep& step, std::string& next) {
        JsonObject way(next);
        way.text("to", step.to ? std::string_view(rules.touchpoints().id(*step.to)) : kLapsedId);
        way.integer("count", step.count);
        put_number(way, "probability", step.probability);
      });
    });
    append_array(reading.stays, object.member("stays"), [&](const StageStay& stay, std::string& to) {
      JsonObject each(to);
      each.text("stage", rules.stages().id(stay.stage));
      put_lengths(each, stay.lengths);
    });
    append_array(paths, object.member("paths"), [](const auto& item, std::string& to) { append_path(item, to); });
  }
  return out;
}

}  // namespace touchstone
