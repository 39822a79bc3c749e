#include "app/rules_book.h"

#include <algorithm>
#include <array>
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

struct Recorded {
  std::string map;
  Settings settings;
};

std::optional<Recorded> read_text(std::string_view text, Settings settings) {
  boost::system::error_code failed;
  const boost::json::value value = boost::json::parse(text, failed);
  const boost::json::object* const object = value.if_object();
  if (failed || object == nullptr) return std::nullopt;
  const boost::json::value* const map = object->if_contains("map");
  if (map == nullptr || !map->is_string()) return std::nullopt;
  const auto number = [&](std::string_view name) -> std::optional<std::int64_t> {
    const boost::json::value* const found = object->if_contains(name);
    if (found == nullptr || !found->is_int64() || found->as_int64() < 0) return std::nullopt;
    return found->as_int64();
  };
  for (const auto& [name, member] : kRecordedTimes) {
    const auto found = number(name);
    if (!found) return std::nullopt;
    settings.*member = Millis{*found};
  }
  for (const auto& [name, member] : kRecordedCounts) {
    const auto found = number(name);
    if (!found) return std::nullopt;
    settings.*member = static_cast<std::size_t>(*found);
  }
  return Recorded{std::string(map->as_string()), std::move(settings)};
}

}  // namespace

std::string rules_text(const Settings& settings, std::string_view map) {
  boost::json::object object;
  for (const auto& [name, member] : kRecordedTimes) object[name] = (settings.*member).count();
  for (const auto& [name, member] : kRecordedCounts) object[name] = static_cast<std::int64_t>(settings.*member);
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
