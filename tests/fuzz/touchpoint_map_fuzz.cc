// Any text at all is a map or has problems, each with a place in it; a map that was accepted compiles, and written out
// and read again it is the same map.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/model/journey.h"
#include "engine/model/rules.h"
#include "ingest/map_loader.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/yaml_text.h"

namespace touchstone {
namespace {

using fuzz::require;
using fuzz::YamlText;

void write(YamlText& out, const LocalizedText& text) {
  if (text.size() == 1 && text.contains("")) {
    out.text(text.at(""));
    return;
  }
  out.begin('{');
  for (const auto& [tag, name] : text) out.key(tag).text(name);
  out.end('}');
}

void write(YamlText& out, const Condition& condition) {
  if (!condition.any_of.empty()) {
    out.begin('[');
    for (const Condition& choice : condition.any_of) write(out, choice);
    out.end(']');
  } else if (condition.equals) {
    out.scalar(*condition.equals);
  } else if (condition.glob) {
    out.text(*condition.glob);
  } else {
    out.begin('{');
    if (condition.min) out.key("min").number(*condition.min);
    if (condition.max) out.key("max").number(*condition.max);
    if (condition.exists) out.key("exists").flag(*condition.exists);
    if (condition.regex) out.key("regex").text(*condition.regex);
    out.end('}');
  }
}

void write(YamlText& out, const Predicate& predicate) {
  out.begin('[');
  for (const Conjunction& conjunction : predicate) {
    out.begin('{');
    for (const FieldCondition& field : conjunction) {
      out.key(field.field);
      write(out, field.condition);
    }
    out.end('}');
  }
  out.end(']');
}

void write(YamlText& out, const std::vector<std::string>& texts) {
  out.begin('[');
  for (const std::string& text : texts) out.text(text);
  out.end(']');
}

void write(YamlText& out, const Lifecycle& lifecycle) {
  out.begin('{').key("stages");
  write(out, lifecycle.stages);
  out.key("weights").begin('{');
  for (const auto& [stage, weight] : lifecycle.weights) out.key(stage).number(weight);
  out.end('}').key("lapse_after").duration(lifecycle.lapse_after).end('}');
}

void write(YamlText& out, const Move& move) {
  out.begin('{').key("to").text(move.to);
  if (!move.when.empty()) {
    out.key("when");
    write(out, move.when);
  }
  out.key("back").flag(move.back).end('}');
}

void write(YamlText& out, const Touchpoint& touchpoint) {
  out.begin('{').key("id").text(touchpoint.id);
  if (touchpoint.channel) out.key("channel").text(*touchpoint.channel);
  const std::array<std::pair<std::string_view, const std::string*>, 7> texts = {{{"medium", &touchpoint.medium},
                                                                                 {"contact", &touchpoint.contact},
                                                                                 {"phase", &touchpoint.phase},
                                                                                 {"owner", &touchpoint.owner},
                                                                                 {"process", &touchpoint.process},
                                                                                 {"need", &touchpoint.need},
                                                                                 {"outcome", &touchpoint.outcome}}};
  for (const auto& [key, text] : texts) {
    if (!text->empty()) out.key(key).text(*text);
  }
  if (!touchpoint.name.empty()) {
    out.key("name");
    write(out, touchpoint.name);
  }
  const std::array<std::pair<std::string_view, const std::vector<std::string>*>, 4> lists = {
      {{"stages", &touchpoint.stages},
       {"interactions", &touchpoint.interactions},
       {"people", &touchpoint.people},
       {"data", &touchpoint.data}}};
  for (const auto& [key, list] : lists) {
    out.key(key);
    write(out, *list);
  }
  if (!touchpoint.match.empty()) {
    out.key("match");
    write(out, touchpoint.match);
  }
  out.key("expect").begin('{');
  if (touchpoint.expect.satisfaction) out.key("satisfaction").number(*touchpoint.expect.satisfaction);
  if (touchpoint.expect.wait_s) out.key("wait_s").number(*touchpoint.expect.wait_s);
  out.end('}').key("moves").begin('[');
  for (const Move& move : touchpoint.moves) write(out, move);
  out.end(']').key("conversion").flag(touchpoint.conversion).key("feedback").flag(touchpoint.feedback).end('}');
}

/// The map as its author could have written it.
std::string yaml_of(const TouchpointMap& map) {
  YamlText out;
  out.begin('{').key("version").whole(1);
  if (!map.name.empty()) {
    out.key("name");
    write(out, map.name);
  }
  out.key("lifecycle");
  write(out, map.lifecycle);
  out.key("segments").begin('[');
  for (const Segment& segment : map.segments) {
    out.begin('{').key("id").text(segment.id);
    if (!segment.name.empty()) {
      out.key("name");
      write(out, segment.name);
    }
    if (!segment.when.empty()) {
      out.key("when");
      write(out, segment.when);
    }
    out.end('}');
  }
  out.end(']').key("touchpoints").begin('[');
  for (const Touchpoint& touchpoint : map.touchpoints) write(out, touchpoint);
  out.end(']').end('}');
  return out.take();
}

void require_sound(const TouchpointMap& map) {
  require(map.lifecycle.stages.size() >= kFewestStages && map.lifecycle.stages.size() <= kMostStages);
  require(map.segments.size() <= kMostSegments && map.touchpoints.size() <= kMostTouchpoints);
  for (const Touchpoint& touchpoint : map.touchpoints) require(is_valid_id(touchpoint.id));
  for (const Segment& segment : map.segments) require(is_valid_id(segment.id));
}

/// Asks the rules about a few events; a name in an event goes before every rule.
void try_rules(const TouchpointMap& map) {
  const Rules rules(map, Settings{});
  Customer customer;
  Event event;
  event.customer = "someone";
  event.time = kEarliestEventTime;
  event[Field::kType] = std::string_view("page_view");
  event[Field::kChannel] = std::string_view("web");
  event[Field::kValue] = std::int64_t{5};
  event[Field::kCsat] = 4.5;
  event.attributes = {{"path", std::string_view("/product/\xD8\xB3")}, {"tier", std::string_view("gold")}, {"n", 2.0}};
  require(observe(customer, event, rules, false).has_value());
  for (const Touchpoint& touchpoint : map.touchpoints) {
    event[Field::kTouchpoint] = std::string_view(touchpoint.id);
    const auto seen = observe(customer, event, rules, false);
    require(seen && rules.touchpoints().id(seen->touchpoint) == touchpoint.id);
  }
}

}  // namespace
}  // namespace touchstone

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace touchstone;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const MapLoaded loaded = load_map_text(text, "map.yaml");
  require(loaded.map.has_value() == loaded.problems.empty());
  fuzz::require_places(loaded.problems, text);
  fuzz::require_places(loaded.warnings, text);
  if (!loaded.map) return 0;
  require_sound(*loaded.map);
  try_rules(*loaded.map);
  const std::string written = yaml_of(*loaded.map);
  const MapLoaded again = load_map_text(written, "map.yaml");
  require(again.map.has_value());
  require(yaml_of(*again.map) == written);
  return 0;
}
