#include "app/rules_book.h"

#include <algorithm>
#include <array>
#include <exception>
#include <optional>
#include <utility>

#include <boost/json.hpp>

#include "ingest/map_loader.h"

namespace touchstone {
namespace {

/// Those that are not part of the fingerprint of a state.
struct RecordedTime {
  std::string_view name;
  Millis Settings::* member;
};
constexpr std::array<RecordedTime, 5> kRecordedTimes = {{{"max_future_ms", &Settings::max_future},
                                                         {"duplicates_within_ms", &Settings::duplicates_within},
                                                         {"lookback_ms", &Settings::lookback},
                                                         {"rating_within_ms", &Settings::rating_within},
                                                         {"decay_half_life_ms", &Settings::decay_half_life}}};
struct RecordedCount {
  std::string_view name;
  std::size_t Settings::* member;
};
constexpr std::array<RecordedCount, 2> kRecordedCounts = {
    {{"duplicate_ids", &Settings::duplicate_ids}, {"max_touches", &Settings::max_touches}}};

boost::json::object text_of(const AlertSettings& alerts) {
  boost::json::array kinds;
  for (const bool watched : alerts.kinds) kinds.push_back(watched);
  return {{"false_alarms", alerts.false_alarms},
          {"per_ms", alerts.false_alarms_per.count()},
          {"drop", alerts.drop},
          {"kinds", std::move(kinds)}};
}

boost::json::object text_of(const TimeZone& zone) {
  boost::json::array changes;
  for (const TimeZone::Change& each : zone.changes) {
    changes.push_back(boost::json::array{millis_of(each.from), each.offset.count()});
  }
  return {{"offset_ms", zone.offset.count()}, {"changes", std::move(changes)}};
}

// What we wrote ourselves and read again; anything else throws, which read_text() catches.
AlertSettings alerts_of(const boost::json::value& text) {
  AlertSettings alerts;
  alerts.false_alarms = text.at("false_alarms").to_number<double>();
  alerts.false_alarms_per = Millis{text.at("per_ms").to_number<std::int64_t>()};
  alerts.drop = text.at("drop").to_number<double>();
  for (std::size_t kind = 0; kind < alerts.kinds.size(); ++kind) {
    alerts.kinds[kind] = text.at("kinds").as_array().at(kind).as_bool();
  }
  return alerts;
}

TimeZone zone_of(const boost::json::value& text) {
  TimeZone zone;
  zone.offset = Millis{text.at("offset_ms").to_number<std::int64_t>()};
  for (const boost::json::value& each : text.at("changes").as_array()) {
    const boost::json::array& change = each.as_array();
    zone.changes.push_back(
        {EventTime{Millis{change.at(0).to_number<std::int64_t>()}}, Millis{change.at(1).to_number<std::int64_t>()}});
  }
  return zone;
}

struct Recorded {
  std::string map;
  Settings settings;
};

std::optional<Recorded> read_text(std::string_view text, Settings settings) {
  try {
    const boost::json::value value = boost::json::parse(text);
    for (const auto& [name, member] : kRecordedTimes)
      settings.*member = Millis{value.at(name).to_number<std::int64_t>()};
    for (const auto& [name, member] : kRecordedCounts) settings.*member = value.at(name).to_number<std::size_t>();
    settings.alerts = alerts_of(value.at("alerts"));
    settings.zone = zone_of(value.at("zone"));
    return Recorded{std::string(value.at("map").as_string()), std::move(settings)};
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace

std::string rules_text(const Settings& settings, std::string_view map) {
  boost::json::object object;
  for (const auto& [name, member] : kRecordedTimes) object[name] = (settings.*member).count();
  for (const auto& [name, member] : kRecordedCounts) object[name] = static_cast<std::int64_t>(settings.*member);
  object["alerts"] = text_of(settings.alerts);
  object["zone"] = text_of(settings.zone);
  object["map"] = map;
  return boost::json::serialize(object);
}

RulesBook::RulesBook(std::shared_ptr<const Rules> rules) : known_({{std::move(rules), nullptr}}) {}

RulesBook::RulesBook(std::shared_ptr<const Rules> rules, std::string_view map) { change(std::move(rules), map); }

RulesInForce RulesBook::current() const {
  const std::scoped_lock lock(mutex_);
  return known_.back();
}

bool RulesBook::change(std::shared_ptr<const Rules> rules, std::string_view map) {
  std::string text = rules_text(rules->settings(), map);
  const std::scoped_lock lock(mutex_);
  if (!known_.empty() && known_.back().text && *known_.back().text == text) return false;
  const auto same = std::find_if(known_.begin(), known_.end(),
                                 [&](const RulesInForce& each) { return each.text && *each.text == text; });
  if (same != known_.end()) {
    std::rotate(same, same + 1, known_.end());
  } else {
    known_.push_back({std::move(rules), std::make_shared<const std::string>(std::move(text))});
  }
  return true;
}

Result<RulesInForce> RulesBook::recorded(std::string_view text) {
  const std::scoped_lock lock(mutex_);
  for (const RulesInForce& each : known_) {
    if (each.text && *each.text == text) return each;
  }
  auto recorded = read_text(text, known_.back().rules->settings());
  if (!recorded) return Error(ErrorKind::kReject, "their text is not in a form that it knows");
  MapLoaded loaded = load_map_text(recorded->map, "the recorded map");
  if (!loaded.map) return Error(ErrorKind::kReject, to_string(loaded.problems.front()));
  RulesInForce rules{std::make_shared<const Rules>(std::move(*loaded.map), recorded->settings),
                     std::make_shared<const std::string>(text)};
  known_.insert(known_.begin(), rules);
  return rules;
}

}  // namespace touchstone
