#include "engine/model/silence_detector.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace touchstone {
namespace {

/// What is looked for: so little of the usual rate is left.
constexpr double kLeft = 0.1;
const double kFallOfEach = std::log(1 / kLeft);
constexpr double kSmallestRate = 1e-6;
/// Nobody looks further ahead: by then the cell is forgotten (detect.cc).
constexpr int kMostHoursAhead = 24 * 35;
constexpr Millis kSilentUntil = std::chrono::days{7};

}  // namespace

double SilenceDetector::limit(double hours_between) const {
  // Evidence that an interaction to be expected takes away, while all is as usual.
  const double loss = (kFallOfEach - (1 - kLeft)) / rate.dispersion();
  return std::max(2.0, std::log1p(rate.average() * hours_between * loss));
}

std::optional<LevelChange> SilenceDetector::add(EventTime begin, Millis step, std::int64_t interactions,
                                                const TimeZone& zone, double hours_between, bool& slow_changed) {
  if (interactions <= 0) return std::nullopt;
  std::optional<LevelChange> change;
  if (!rate.begun()) {
    rate.begin(begin);
    recent.last = begin;
    slow_changed = true;
  }
  if (rate.known_at(begin)) {
    const double expected = rate.expected(recent.last, begin, zone);
    if (recent.evidence <= 0) recent.since = recent.last;
    recent.expected += expected;
    recent.came += interactions;
    recent.evidence += ((1 - kLeft) * expected - kFallOfEach * static_cast<double>(interactions)) / rate.dispersion();
    if (recent.firing && recent.evidence >= limit(hours_between)) {
      // A long silence is no more to be made good than a short one.
      recent.evidence = limit(hours_between);
      recent.since = begin;
      recent.expected = 0;
      recent.came = 0;
    }
    if (recent.evidence <= 0) {
      if (recent.firing) {
        const LevelChange told = *std::exchange(recent.firing, std::nullopt);
        const double hours = in_hours(begin + step - recent.since);
        change =
            LevelChange{Resolution::kRecovered,  begin + step, told.since, static_cast<double>(recent.came) / hours,
                        recent.expected / hours, recent.came,  0,          {}};
        change->score = (recent.expected - static_cast<double>(recent.came)) /
                        std::sqrt(std::max(recent.expected, 1.0) * rate.dispersion());
      }
      recent.evidence = recent.expected = 0;
      recent.came = 0;
    }
  }
  slow_changed = rate.end_hours(recent.last, begin, recent.hour, step, zone) || slow_changed;
  recent.hour.add(interactions);
  recent.last = begin;
  return change;
}

std::optional<EventTime> SilenceDetector::fires_at(Millis step, const TimeZone& zone, double hours_between) const {
  const std::optional<EventTime> known_from = rate.known_from();
  if (recent.firing || !known_from) return std::nullopt;
  double missing = limit(hours_between) - recent.evidence;
  EventTime at = recent.last;
  for (int i = 0; i < kMostHoursAhead; ++i) {
    const EventTime next = next_hour(at, zone);
    const double hourly = std::max(rate.at(zone.hour_of(at)), kSmallestRate);
    const double gain = (1 - kLeft) * hourly * in_hours(next - at) / rate.dispersion();
    if (gain >= missing) {
      const double hours = std::max(0.0, missing) * rate.dispersion() / ((1 - kLeft) * hourly);
      const EventTime crossing = at + Millis{static_cast<std::int64_t>(hours * 3.6e6)};
      return first_after(std::max(crossing, *known_from), step);
    }
    missing -= gain;
    at = next;
  }
  return std::nullopt;
}

LevelChange SilenceDetector::fire(EventTime at, Millis step, const TimeZone& zone, bool& slow_changed) {
  const double expected = recent.expected + rate.expected(recent.last, at, zone);
  const EventTime since = recent.evidence > 0 ? recent.since : recent.last;
  const double hours = in_hours(at - since);
  const double came = static_cast<double>(recent.came);
  LevelChange change{std::nullopt, at, since, came / hours, expected / hours, recent.came, 0, {}};
  change.score = (expected - came) / std::sqrt(std::max(expected, 1.0) * rate.dispersion());
  recent.firing = change;
  // From here on what comes takes the evidence down again.
  recent.evidence = (1 - kLeft) * expected / rate.dispersion();
  recent.expected = 0;
  recent.came = 0;
  slow_changed = rate.end_hours(recent.last, at, recent.hour, step, zone) || slow_changed;
  recent.last = at;
  return change;
}

std::optional<EventTime> SilenceDetector::gives_up_at() const {
  if (!recent.firing) return std::nullopt;
  return recent.firing->at + kSilentUntil;
}

LevelChange SilenceDetector::give_up(EventTime at, bool& slow_changed) {
  LevelChange change = *recent.firing;
  change.resolution = recent.came > 0 ? Resolution::kAccepted : Resolution::kSilent;
  change.at = at;
  // It is learned anew what is usual.
  recent = {};
  rate = {};
  slow_changed = true;
  return change;
}

}  // namespace touchstone
