#include "engine/model/conversion_detector.h"

#include <cmath>

#include "engine/model/fixed.h"

namespace touchstone {

bool ConversionDetector::fewer_than_usual(const LevelDetector::Stretch& stretch, EventTime until, const TimeZone& zone,
                                          const LevelOptions& options) const {
  if (!rate.known_at(until)) return false;
  const double expected = rate.expected(stretch.since, until, zone);
  const double came = static_cast<double>(stretch.sum) / static_cast<double>(kMillion);
  if (came > (1 - kSeenOfFall * options.falls[0]) * expected) return false;
  const double evidence = (came > 0 ? came * std::log(came / expected) : 0) - came + expected;
  return evidence >= std::log1p(rate.average() * options.hours_between) * rate.dispersion();
}

std::optional<LevelChange> ConversionDetector::add(const LevelPane& pane, const LevelOptions& options,
                                                   const TimeZone& zone, bool& slow_changed) {
  if (pane.responses <= 0) return std::nullopt;
  if (!rate.begun()) {
    rate.begin(pane.begin);
    recent.last = pane.begin;
    slow_changed = true;
  }
  slow_changed = rate.end_hours(recent.last, pane.begin, recent.hour, pane.step, zone) || slow_changed;
  recent.last = pane.begin;
  recent.hour.add(pane.sum / kMillion);
  return share.add(pane, options, slow_changed, [&](const LevelDetector::Stretch& stretch, EventTime until) {
    return fewer_than_usual(stretch, until, zone, options);
  });
}

}  // namespace touchstone
