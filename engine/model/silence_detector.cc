#include "engine/model/silence_detector.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace touchstone {
namespace {

/// What is looked for: so little of the usual rate is left.
constexpr double kLeft = 0.1;
const double kFallOfEach = std::log(1 / kLeft);
/// Rates are learned for so long first, and from so many hours.
constexpr Millis kLearnFor = std::chrono::days{14};
constexpr double kFewestCame = 200;
/// Before a kind of hour is known, it counts as so many interactions at the average rate.
constexpr double kPriorCame = 10;
constexpr double kHoursLearned = 672;
constexpr double kMemoryOfKind = 28;
constexpr double kPriorDispersionHours = 24;
constexpr double kPriorDispersion = 3;
constexpr double kSmallestRate = 1e-6;
/// Nobody looks further ahead: by then the cell is forgotten (detect.cc).
constexpr int kMostHoursAhead = 24 * 35;
constexpr Millis kSilentUntil = std::chrono::days{7};

double in_hours(Millis length) { return static_cast<double>(length.count()) / 3.6e6; }

/// The next full hour by the clock after a time. All offsets are whole minutes, so it is found by the minute.
EventTime next_hour(EventTime time, const TimeZone& zone) {
  const std::int64_t number = zone.hour_of(time).number;
  EventTime at = first_after(time, std::chrono::minutes{15});
  while (zone.hour_of(at).number == number) at += std::chrono::minutes{15};
  return at;
}

}  // namespace

double SilenceDetector::rate_at(const LocalHour& hour) const {
  if (slow.hours <= 0) return 0;
  const auto factor = [](const Share& share) { return (share.came + kPriorCame) / (share.expected + kPriorCame); };
  return slow.came / slow.hours * factor(slow.of_day[hour.hour]) * factor(slow.of_week[hour.day]);
}

double SilenceDetector::dispersion() const {
  const double squares = slow.squares + kPriorDispersionHours * kPriorDispersion;
  return std::max(1.0, squares / (slow.squared_hours + kPriorDispersionHours));
}

double SilenceDetector::limit(double hours_between) const {
  const double rate = slow.came / std::max(1.0, slow.hours);
  // Evidence that an interaction to be expected takes away, while all is as usual.
  const double loss = (kFallOfEach - (1 - kLeft)) / dispersion();
  return std::max(2.0, std::log1p(rate * hours_between * loss));
}

void SilenceDetector::learn_hour(const LocalHour& hour, double came) {
  const double expected = rate_at(hour);
  if (slow.hours >= 24) {
    const double off = came - expected;
    const double kept = 1 - 1 / 336.0;
    slow.squares = slow.squares * kept + off * off / std::max(expected, 0.5);
    slow.squared_hours = slow.squared_hours * kept + 1;
  }
  const double kept = 1 - 1 / kHoursLearned;
  slow.came = slow.came * kept + came;
  slow.hours = slow.hours * kept + 1;
  const double base = slow.came / slow.hours;
  const auto learn = [&](Share& share, double memory) {
    share.came = share.came * (1 - 1 / memory) + came;
    share.expected = share.expected * (1 - 1 / memory) + base;
  };
  learn(slow.of_day[hour.hour], kMemoryOfKind);
  learn(slow.of_week[hour.day], kMemoryOfKind * 4);
}

void SilenceDetector::end_hours(EventTime until, const TimeZone& zone, double hours_between) {
  const std::int64_t last = zone.hour_of(until).number;
  EventTime at = recent.last;
  const bool suspicious = recent.firing || recent.evidence > limit(hours_between) / 2;
  for (LocalHour hour = zone.hour_of(at); hour.number < last; hour = zone.hour_of(at)) {
    const bool learning = until - slow.first < kLearnFor;
    if (learning || !suspicious) learn_hour(hour, static_cast<double>(recent.in_hour));
    recent.in_hour = 0;
    at = next_hour(at, zone);
  }
}

double SilenceDetector::expected_until(EventTime until, const TimeZone& zone) const {
  double expected = 0;
  for (EventTime at = recent.last; at < until;) {
    const EventTime next = std::min(next_hour(at, zone), until);
    expected += rate_at(zone.hour_of(at)) * in_hours(next - at);
    at = next;
  }
  return expected;
}

std::optional<LevelChange> SilenceDetector::add(EventTime begin, Millis step, std::int64_t interactions,
                                                const TimeZone& zone, double hours_between, bool& slow_changed) {
  if (interactions <= 0) return std::nullopt;
  std::optional<LevelChange> change;
  if (slow.first == EventTime{}) {
    slow.first = recent.last = begin;
    slow_changed = true;
  }
  const bool learned = slow.came >= kFewestCame && begin - slow.first >= kLearnFor;
  if (learned) {
    const double expected = expected_until(begin, zone);
    if (recent.evidence <= 0) recent.since = recent.last;
    recent.expected += expected;
    recent.came += interactions;
    recent.evidence += ((1 - kLeft) * expected - kFallOfEach * static_cast<double>(interactions)) / dispersion();
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
                        std::sqrt(std::max(recent.expected, 1.0) * dispersion());
      }
      recent.evidence = recent.expected = 0;
      recent.came = 0;
    }
  }
  if (zone.hour_of(recent.last).number != zone.hour_of(begin).number) {
    end_hours(begin, zone, hours_between);
    slow_changed = true;
  }
  recent.in_hour += interactions;
  recent.last = begin;
  return change;
}

std::optional<EventTime> SilenceDetector::fires_at(Millis step, const TimeZone& zone, double hours_between) const {
  if (recent.firing || slow.came < kFewestCame) return std::nullopt;
  const EventTime learned_at = slow.first + kLearnFor;
  double missing = limit(hours_between) - recent.evidence;
  EventTime at = recent.last;
  for (int i = 0; i < kMostHoursAhead; ++i) {
    const EventTime next = next_hour(at, zone);
    const double rate = std::max(rate_at(zone.hour_of(at)), kSmallestRate);
    const double gain = (1 - kLeft) * rate * in_hours(next - at) / dispersion();
    if (gain >= missing) {
      const double hours = std::max(0.0, missing) * dispersion() / ((1 - kLeft) * rate);
      const EventTime crossing = at + Millis{static_cast<std::int64_t>(hours * 3.6e6)};
      return first_after(std::max(crossing, learned_at), step);
    }
    missing -= gain;
    at = next;
  }
  return std::nullopt;
}

LevelChange SilenceDetector::fire(EventTime at, const TimeZone& zone) {
  const double expected = recent.expected + expected_until(at, zone);
  const EventTime since = recent.evidence > 0 ? recent.since : recent.last;
  const double hours = in_hours(at - since);
  const double came = static_cast<double>(recent.came);
  LevelChange change{std::nullopt, at, since, came / hours, expected / hours, recent.came, 0, {}};
  change.score = (expected - came) / std::sqrt(std::max(expected, 1.0) * dispersion());
  recent.firing = change;
  // From here on what comes takes the evidence down again.
  recent.evidence = (1 - kLeft) * expected / dispersion();
  recent.expected = 0;
  recent.came = 0;
  recent.last = at;
  recent.in_hour = 0;
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
  slow = {};
  slow_changed = true;
  return change;
}

}  // namespace touchstone
