// Small maps and events for tests that do not care about files.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/model/event.h"
#include "engine/model/rules.h"

namespace touchstone::testing {

inline FieldCondition equals(std::string field, OwnedScalar value) {
  Condition condition;
  condition.equals = std::move(value);
  return {std::move(field), std::move(condition)};
}

inline Touchpoint touchpoint(std::string id, std::string type) {
  Touchpoint made;
  made.id = std::move(id);
  made.match = {{equals("type", std::move(type))}};
  return made;
}

/// Stages a, b, c; segment gold by attributes.tier; touchpoints ad, page (to b), buy (conversion, to c), call,
/// survey (feedback), quiet (never matched).
inline TouchpointMap small_map() {
  TouchpointMap map;
  map.lifecycle.stages = {"a", "b", "c"};
  map.lifecycle.lapse_after = std::chrono::days{1};
  map.segments = {{"gold", {}, {{equals("attributes.tier", std::string("gold"))}}}};
  Touchpoint ad = touchpoint("ad", "impression");
  ad.channel = "ad";
  Touchpoint page = touchpoint("page", "page_view");
  page.moves = {{"b", {}, false}};
  Touchpoint buy = touchpoint("buy", "purchase");
  buy.conversion = true;
  buy.moves = {{"c", {}, false}};
  Touchpoint call = touchpoint("call", "call");
  call.channel = "phone";
  call.moves = {{"a", {{equals("customer.stage", std::string("c"))}}, true}};
  Touchpoint survey = touchpoint("survey", "survey_response");
  survey.feedback = true;
  Touchpoint quiet;
  quiet.id = "quiet";
  map.touchpoints = {ad, page, buy, call, survey, quiet};
  return map;
}

inline std::shared_ptr<const Rules> small_rules(Settings settings = {}) {
  return std::make_shared<const Rules>(small_map(), std::move(settings));
}

/// Seconds after 2026-01-01T00:00:00Z.
inline EventTime at(std::int64_t seconds) {
  return EventTime{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}} + std::chrono::seconds{seconds};
}

/// An event of customer `who`; the texts must outlive it.
inline Event event(std::string_view type, std::int64_t seconds, std::string_view who = "someone") {
  Event made;
  made.customer = who;
  made.time = at(seconds);
  made[Field::kType] = type;
  return made;
}

}  // namespace touchstone::testing
