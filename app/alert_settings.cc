#include "app/alert_settings.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "app/zone_file.h"
#include "engine/model/alert.h"

namespace touchstone {
namespace {

constexpr std::array<std::string_view, 3> kAlertsKeys = {"false_alarms", "drop", "kinds"};
constexpr std::array<std::string_view, 2> kFalseAlarmsKeys = {"count", "per"};

}  // namespace

void read_alerts(const YamlValue& value, AlertSettings& alerts) {
  const YamlMapping keys(value, kAlertsKeys);
  if (const auto budget = keys.find("false_alarms")) {
    const YamlMapping parts(*budget, kFalseAlarmsKeys);
    if (const auto count = parts.find("count")) {
      if (const auto number = count->number({0.001, 1'000'000})) alerts.false_alarms = *number;
    }
    if (const auto per = parts.find("per")) {
      if (const auto period = per->duration({"1h", "3650d"})) alerts.false_alarms_per = *period;
    }
  }
  if (const auto drop = keys.find("drop")) {
    if (const auto size = drop->number({0.01, 0.5})) alerts.drop = *size;
  }
  const auto kinds = keys.find("kinds");
  if (!kinds) return;
  alerts.kinds.fill(false);
  for (const YamlValue& item : kinds->items()) {
    const auto name = item.one_of(kAlertKindNames);
    if (!name) continue;
    const auto found = std::find(kAlertKindNames.begin(), kAlertKindNames.end(), *name);
    alerts.kinds[static_cast<std::size_t>(found - kAlertKindNames.begin())] = true;
  }
}

void read_zone_name(const YamlValue& value, TimeZone& zone) {
  const std::optional<std::string> name = value.text();
  if (!name) return;
  if (auto found = find_zone(*name)) {
    zone = std::move(*found);
  } else {
    value.problem(in_quotes(*name) +
                  " is no time zone: write UTC, an offset such as +03:30, or a name that this system knows, such as "
                  "Asia/Tehran");
  }
}

}  // namespace touchstone
