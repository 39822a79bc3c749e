#include "engine/model/conversion_detector.h"

#include <cmath>

#include "engine/model/fixed.h"

namespace touchstone {

void ConversionDetector::end_hours(EventTime until, Millis step, const TimeZone& zone, bool& slow_changed) {
  if (slow.first == EventTime{}) {
    slow.first = recent.last = until;
    slow_changed = true;
  }
  const std::int64_t last = zone.hour_of(until).number;
  const bool learning = until - slow.first < kLearnRatesFor || !share.recent.firing;
  EventTime at = recent.last;
  for (LocalHour hour = zone.hour_of(at); hour.number < last; hour = zone.hour_of(at)) {
    if (learning) slow.rate.learn(hour, recent.hour, step);
    recent.hour = {};
    at = next_hour(at, zone);
    slow_changed = true;
  }
}

bool ConversionDetector::fewer_than_usual(const LevelDetector::Stretch& stretch, EventTime until, const TimeZone& zone,
                                          const LevelOptions& options) const {
  if (slow.rate.came < kFewestForRates || until - slow.first < kLearnRatesFor) return false;
  const double expected = slow.rate.expected(stretch.since, until, zone);
  const double came = static_cast<double>(stretch.sum) / static_cast<double>(kMillion);
  if (came > (1 - kSeenOfFall * options.falls[0]) * expected) return false;
  const double evidence = (came > 0 ? came * std::log(came / expected) : 0) - came + expected;
  return evidence >= std::log1p(slow.rate.average() * options.hours_between) * slow.rate.dispersion();
}

std::optional<LevelChange> ConversionDetector::add(const LevelPane& pane, const LevelOptions& options,
                                                   const TimeZone& zone, bool& slow_changed) {
  if (pane.responses <= 0) return std::nullopt;
  end_hours(pane.begin, pane.step, zone, slow_changed);
  recent.last = pane.begin;
  recent.hour.add(pane.sum / kMillion);
  return share.add(pane, options, slow_changed, [&](const LevelDetector::Stretch& stretch, EventTime until) {
    return fewer_than_usual(stretch, until, zone, options);
  });
}

}  // namespace touchstone
