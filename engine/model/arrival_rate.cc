#include "engine/model/arrival_rate.h"

#include <algorithm>

namespace touchstone {
namespace {

constexpr Millis kLearnFor = std::chrono::days{14};
constexpr double kFewest = 200;
/// Before a kind of hour is known, it counts as so many events at the average rate.
constexpr double kPriorCame = 3;
constexpr double kHoursLearned = 672;
constexpr double kHoursOfDispersion = 336;
constexpr double kMemoryOfKind = 28;
constexpr double kPriorDispersionHours = 24;
constexpr double kPriorDispersion = 3;

}  // namespace

EventTime next_hour(EventTime time, const TimeZone& zone) {
  // All offsets are whole quarters of an hour.
  constexpr Millis kQuarter = std::chrono::minutes{15};
  const std::int64_t number = zone.hour_of(time).number;
  EventTime at = first_after(time, kQuarter);
  while (zone.hour_of(at).number == number) at += kQuarter;
  return at;
}

std::optional<EventTime> ArrivalRate::known_from() const {
  if (came < kFewest) return std::nullopt;
  return first + kLearnFor;
}

bool ArrivalRate::known_at(EventTime time) const {
  const std::optional<EventTime> from = known_from();
  return from && time >= *from;
}

bool ArrivalRate::end_hours(EventTime last, EventTime until, HourCounts& counts, Millis pane, const TimeZone& zone) {
  const std::int64_t present = zone.hour_of(until).number;
  bool any = false;
  for (LocalHour hour = zone.hour_of(last); hour.number < present; hour = zone.hour_of(last)) {
    learn(hour, counts, pane);
    counts = {};
    last = next_hour(last, zone);
    any = true;
  }
  return any;
}

void ArrivalRate::learn(const LocalHour& hour, const HourCounts& counts, Millis pane) {
  const double usual = at(hour);
  const auto came_in_it = static_cast<double>(counts.came);
  if (hours >= 24) {
    const double off = came_in_it - usual;
    const double kept = 1 - 1 / kHoursOfDispersion;
    squares = squares * kept + off * off / std::max(usual, 0.5);
    squared_hours = squared_hours * kept + 1;
    const double of_pane = usual * in_hours(pane);
    const double off_of_panes = static_cast<double>(counts.squares) - 2 * of_pane * came_in_it + of_pane * usual;
    pane_squares = pane_squares * kept + std::max(0.0, off_of_panes);
    pane_expected = pane_expected * kept + usual;
  }
  const double kept = 1 - 1 / kHoursLearned;
  came = came * kept + came_in_it;
  hours = hours * kept + 1;
  const double base = came / hours;
  const auto learn_kind = [&](Share& share, double memory) {
    share.came = share.came * (1 - 1 / memory) + came_in_it;
    share.expected = share.expected * (1 - 1 / memory) + base;
  };
  learn_kind(of_day[hour.hour], kMemoryOfKind);
  learn_kind(of_week[hour.day], kMemoryOfKind * 4);
}

double ArrivalRate::at(const LocalHour& hour) const {
  if (hours <= 0) return 0;
  const auto factor = [](const Share& share) { return (share.came + kPriorCame) / (share.expected + kPriorCame); };
  return came / hours * factor(of_day[hour.hour]) * factor(of_week[hour.day]);
}

double ArrivalRate::average() const { return came / std::max(1.0, hours); }

double ArrivalRate::dispersion() const {
  const double of_hours =
      (squares + kPriorDispersionHours * kPriorDispersion) / (squared_hours + kPriorDispersionHours);
  const double of_panes = (pane_squares + kPriorCame) / (pane_expected + kPriorCame);
  return std::max({1.0, of_hours, of_panes});
}

double ArrivalRate::expected(EventTime from, EventTime until, const TimeZone& zone) const {
  double sum = 0;
  for (EventTime time = from; time < until;) {
    const EventTime next = std::min(next_hour(time, zone), until);
    sum += at(zone.hour_of(time)) * in_hours(next - time);
    time = next;
  }
  return sum;
}

}  // namespace touchstone
