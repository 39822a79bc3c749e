#include "engine/model/level_detector.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/model/fixed.h"

namespace touchstone {
namespace {

constexpr double kUnit = static_cast<double>(kMillion);
/// So many responses are the past of nothing; no test begins before.
constexpr double kFewest = 30;
/// The variance counts as much as so many panes of the largest there can be, before there were panes.
constexpr double kPriorPanes = 20;
/// And the one between hours as much as so many hours of the usual one.
constexpr double kPriorHours = 6;
/// Hours after which the past, and the variance between hours, has faded to a third.
constexpr double kHoursOfPast = 672;
constexpr double kHoursOfSwing = 168;
/// How far hours of the day are expected to lie apart, and days of the week: standard deviations.
constexpr double kHourSpread = 0.05;
constexpr double kDaySpread = 0.03;
/// What an effect is known from, in observations; older ones fade.
constexpr double kEffectMemory = 28;
/// The tests are tuned anew when there are so many times more responses.
constexpr double kTuneAgain = 1.05;
/// Fewer responses are no evidence.
constexpr std::int64_t kFewestInStretch = 5;
/// The approximations are not exact; the bench (docs/detection.md) says how far they hold.
constexpr double kMargin = 2;
/// So many hours may wait for the end of a suspicion.
constexpr std::size_t kMostWaitingHours = 48;
constexpr double kOvershoot = 1.166;  // Siegmund, 2 x 0.583
constexpr double kLeastLimit = 2;
constexpr Millis kGiveUpAfter = std::chrono::days{7};
constexpr Millis kHour = std::chrono::hours{1};

double as_real(std::int64_t value) { return static_cast<double>(value); }

/// Cumulant function at theta of a fall with this variance that is `most` or else nearly nothing. Where `most` is the
/// mean it is the largest that a fall of values in 0..1 can have (Bennett).
double cumulant(double theta, double most, double variance) {
  const double square = most * most;
  const double rare = variance / (square + variance);
  // ln((1 - rare) exp(-theta variance / most) + rare exp(theta most)), with the larger exponential taken out.
  const double low = -theta * variance / most;
  const double high = theta * most;
  return high + std::log(rare + (1 - rare) * std::exp(low - high));
}

/// The theta at which a fall of this size gives the most evidence: the maximum of a concave function.
double best_theta(double fall, double most, double variance) {
  double low = 0;
  double high = std::min(3 * fall / variance, 60 / most);
  for (int i = 0; i < 50; ++i) {
    const double third = (high - low) / 3;
    const double a = low + third;
    const double b = high - third;
    if (a * fall - cumulant(a, most, variance) < b * fall - cumulant(b, most, variance)) {
      low = a;
    } else {
      high = b;
    }
  }
  return (low + high) / 2;
}

/// The h at which a test with this psi runs for `responses` on average.
double limit_for(double responses, double theta, double psi, double variance) {
  const double wanted = std::max(1.0, responses * psi);
  double h = std::log1p(wanted);
  for (int i = 0; i < 4; ++i) h = std::log(wanted + 1 + h);
  return std::max(kLeastLimit, h - kOvershoot * theta * std::sqrt(variance));
}

void halve(Cell& cell) {
  Cell half;
  for (const Cell::Amount& each : cell.amounts()) half.add(each.key, each.amount / 2);
  cell = std::move(half);
}

void learn(LevelDetector::Effect& effect, double deviation, double precision, double spread) {
  const double prior = 1 / (spread * spread);
  const double gain = precision / (prior + effect.precision + precision);
  effect.value += gain * deviation;
  effect.precision = effect.precision * (1 - 1 / kEffectMemory) + precision;
}

}  // namespace

void LevelDetector::Stretch::add(const LevelPane& pane, double effect) {
  if (responses == 0) since = pane.begin;
  responses += pane.responses;
  sum += pane.sum;
  usual += as_real(pane.responses) * effect;
  parts.add(pane.parts);
}

double LevelDetector::effect_at(const LocalHour& hour) const {
  return slow.hours[hour.hour].value + slow.days[hour.day].value;
}

double LevelDetector::smallest_fall(const LevelOptions& options) const {
  return options.relative ? options.falls[0] * mean() : options.falls[0];
}

double LevelDetector::variance(const LevelOptions& options) const {
  const double m = mean();
  double least = options.least_variance;
  if (options.binary) {
    // That nothing but ones was seen does not make the next one certain (H. Jeffreys, Theory of probability, 1939).
    const double share = std::clamp((recent.sum + 0.5) / (recent.responses + 1), 0.0, 1.0);
    least = std::max(least, share * (1 - share));
  }
  const double widest = std::max(m * (1 - m), least);
  const double known = (recent.squares + kPriorPanes * widest) / (recent.panes + kPriorPanes);
  return std::max(known, least);
}

double LevelDetector::farthest(const LevelOptions& options) const {
  const double bound = std::max(mean(), 1e-6);
  // A 0 lies as far below as the mean is high, whether or not one has been seen.
  if (options.binary) return bound;
  const double deviation = std::sqrt(variance(options));
  // Bennett's two values have the skewness bound / deviation - deviation / bound.
  const double widest = bound / deviation - deviation / bound;
  const double cubed = deviation * deviation * deviation;
  const double skewness = (recent.cubes / cubed + kPriorPanes * widest) / (recent.cubed_responses + kPriorPanes);
  const double likely = deviation * (skewness + std::sqrt(skewness * skewness + 4)) / 2;
  return std::min(likely, bound) * 0.75 + bound * 0.25;
}

double LevelDetector::swing(const LevelOptions& options) const {
  const double deviation = variance(options);
  const double usual = options.relative ? options.usual_swing * mean() : options.usual_swing;
  const double each = slow.swing_hours > 0 ? slow.swing_responses / slow.swing_hours : 1;
  const double squares = slow.swing_squares + kPriorHours * (each * usual * usual + deviation);
  const double hours = slow.swing_hours + kPriorHours;
  const double responses = slow.swing_responses + kPriorHours * each;
  return std::max(0.0, (squares - deviation * hours) / responses);
}

bool LevelDetector::suspects() const {
  return std::any_of(recent.tests.begin(), recent.tests.end(), [](const Stretch& test) { return test.evidence > 0; });
}

void LevelDetector::learn_hour(const Hour& learned, const LevelOptions& options) {
  const double n = learned.responses;
  if (n <= 0) return;
  const double deviation = learned.deviation / n;
  slow.swing_squares = slow.swing_squares * (1 - 1 / kHoursOfSwing) + n * deviation * deviation;
  slow.swing_responses = slow.swing_responses * (1 - 1 / kHoursOfSwing) + n;
  slow.swing_hours = slow.swing_hours * (1 - 1 / kHoursOfSwing) + 1;

  const std::int64_t hour = learned.number;
  const auto of_day = static_cast<std::size_t>((hour % 24 + 24) % 24);
  constexpr std::int64_t kThursday = 3;
  const std::int64_t day = (hour - static_cast<std::int64_t>(of_day)) / 24;
  const auto of_week = static_cast<std::size_t>(((day + kThursday) % 7 + 7) % 7);
  const double precision = 1 / (variance(options) / n + swing(options) + 1e-9);
  const double scale = options.relative ? mean() : 1;
  Effect& of_hour = slow.hours[of_day];
  const double before = of_hour.value;
  learn(of_hour, deviation, precision, kHourSpread * scale + 1e-9);
  // A day has its hours in common; each of them is a part of one observation.
  learn(slow.days[of_week], deviation - (of_hour.value - before), precision / 24, kDaySpread * scale + 1e-9);
}

void LevelDetector::end_hour(const LevelPane& pane, const LevelOptions& options) {
  if (recent.hour.number == pane.hour.number) return;
  if (recent.hour.responses > 0) {
    if (!suspects()) {
      learn_hour(recent.hour, options);
    } else {
      recent.waiting_hours.push_back(recent.hour);
      // What has been suspected for days without an alert is too small for one.
      if (recent.waiting_hours.size() > kMostWaitingHours) {
        learn_hour(recent.waiting_hours.front(), options);
        recent.waiting_hours.erase(recent.waiting_hours.begin());
      }
    }
    const double kept = 1 - 1 / kHoursOfPast;
    for (double* each : {&recent.responses, &recent.sum, &recent.squares, &recent.panes, &recent.cubes,
                         &recent.cubed_responses, &slow.rate_responses, &slow.rate_hours}) {
      *each *= kept;
    }
    slow.rate_responses += recent.hour.responses;
    slow.rate_hours += static_cast<double>(std::clamp<std::int64_t>(pane.hour.number - recent.hour.number, 1, 168));
    constexpr std::int64_t kHalveEvery = 336;
    if (++slow.hours_seen % kHalveEvery == 0) halve(recent.parts);
  }
  recent.hour = {pane.hour.number, 0, 0};
}

void LevelDetector::tune(const LevelOptions& options) {
  const double m = mean();
  const double deviation = variance(options);
  const double most = farthest(options);
  // In the first hour the rate is not known; what came so far is then taken for what comes in one.
  const double rate = (slow.rate_responses + recent.hour.responses) / std::max(1.0, slow.rate_hours);
  const double responses = rate * options.hours_between * static_cast<double>(kTunings) * kMargin;
  for (std::size_t i = 0; i < kTunings; ++i) {
    Tuning& tuning = slow.tunings[i];
    const double fall = std::min(options.relative ? options.falls[i] * m : options.falls[i], 0.95 * m);
    tuning = {};
    if (fall < 1e-5) continue;
    tuning.theta = best_theta(fall, most, deviation);
    tuning.psi = cumulant(tuning.theta, most, deviation);
    tuning.limit = limit_for(responses, tuning.theta, tuning.psi, deviation);
    // Over the hours that it takes to find such a fall the swings of the hours even out.
    const double found_after = tuning.limit / std::max(tuning.theta * fall - tuning.psi, 1e-6);
    tuning.allowance = std::sqrt(swing(options) / (1 + found_after / std::max(rate, 1.0)));
  }
  slow.tuned_at = recent.responses;
}

void LevelDetector::take_in(const LevelPane& pane, double effect, const LevelOptions& options, bool& slow_changed) {
  const double n = as_real(pane.responses);
  const double value = as_real(pane.sum) / kUnit - n * effect;
  if (recent.responses > 0) {
    const double off = value - n * mean();
    recent.waiting_squares += off * off / (n * (1 + n / recent.responses));
    recent.waiting_panes += 1;
    recent.waiting_cubes -= off * off * off;
    recent.waiting_cubed += n;
  }
  recent.waiting_responses += n;
  recent.waiting_sum += value;
  recent.waiting_parts.add(pane.parts);
  // Against a past that is shorter than what is suspected nothing can be said: then that is the past too.
  if (suspects() && recent.waiting_responses > recent.responses) recent.tests = {};
  if (suspects()) return;
  slow_changed = slow_changed || !recent.waiting_hours.empty();
  for (const Hour& hour : std::exchange(recent.waiting_hours, {})) learn_hour(hour, options);
  recent.responses += std::exchange(recent.waiting_responses, 0);
  recent.sum += std::exchange(recent.waiting_sum, 0);
  recent.squares += std::exchange(recent.waiting_squares, 0);
  recent.panes += std::exchange(recent.waiting_panes, 0);
  recent.cubes += std::exchange(recent.waiting_cubes, 0);
  recent.cubed_responses += std::exchange(recent.waiting_cubed, 0);
  recent.parts.add(std::exchange(recent.waiting_parts, {}));
}

void LevelDetector::forget_suspicion() {
  recent.tests = {};
  recent.waiting_responses = recent.waiting_sum = recent.waiting_squares = recent.waiting_panes = 0;
  recent.waiting_cubes = recent.waiting_cubed = 0;
  recent.waiting_parts = {};
  recent.waiting_hours.clear();
  recent.hour.responses = recent.hour.deviation = 0;
}

std::optional<LevelChange> LevelDetector::test(const LevelPane& pane, double effect, const LevelOptions& options,
                                               const Confirm& confirms) {
  const double n = as_real(pane.responses);
  const double expected = std::clamp(mean() + effect, 0.0, 1.0);
  const double below = n * expected - as_real(pane.sum) / kUnit;
  const EventTime closing = pane.begin + pane.step;
  std::optional<LevelChange> found;
  for (std::size_t i = 0; i < kTunings; ++i) {
    Stretch& stretch = recent.tests[i];
    const Tuning& tuning = slow.tunings[i];
    if (tuning.limit <= 0) continue;
    const double evidence = stretch.evidence + tuning.theta * (below - n * tuning.allowance) - n * tuning.psi;
    if (evidence <= 0) {
      stretch = {};
      continue;
    }
    stretch.evidence = evidence;
    stretch.add(pane, effect);
    if (evidence < tuning.limit) continue;
    const double responses = as_real(stretch.responses);
    const double observed = as_real(stretch.sum) / kUnit / responses;
    const double baseline = std::clamp(mean() + stretch.usual / responses, 0.0, 1.0);
    const double fall = baseline - observed;
    const double hours = 1 + as_real((closing - stretch.since).count()) / as_real(kHour.count());
    const double deviation = variance(options);
    const double spread = deviation / responses + deviation / recent.responses + swing(options) / hours;
    if (stretch.responses < kFewestInStretch || fall < kSeenOfFall * smallest_fall(options)) continue;
    if (fall * fall < 2 * spread * tuning.limit) continue;
    if (confirms && !confirms(stretch, closing)) {
      // What is no fall is not to be made good for longer than what nearly was one.
      stretch.evidence = tuning.limit;
      continue;
    }
    const double score = fall / std::sqrt(spread);
    if (found && found->score >= score) continue;
    found =
        LevelChange{std::nullopt, closing, stretch.since, observed, baseline, stretch.responses, score, stretch.parts};
  }
  return found;
}

std::optional<LevelChange> LevelDetector::watch(const LevelPane& pane, double effect, const LevelOptions& options) {
  Firing& firing = *recent.firing;
  firing.all.add(pane, effect);
  const double n = as_real(pane.responses);
  const double halfway = std::clamp(mean() + effect - firing.fall / 2, 0.0, 1.0);
  Stretch& recovery = firing.recovery;
  // Values in the middle of the scale vary more than those at its end.
  const double low = std::clamp(mean() - firing.fall, 0.01, 0.99);
  const double wider = std::max(1.0, low * (1 - low) / std::max(mean() * (1 - mean()), 0.01));
  const double gain = firing.fall / (variance(options) * wider) * (as_real(pane.sum) / kUnit - n * halfway);
  if (recovery.evidence + gain <= 0) {
    recovery = {};
    return std::nullopt;
  }
  recovery.evidence += gain;
  recovery.add(pane, effect);
  double limit = kLeastLimit;
  for (const Tuning& tuning : slow.tunings) limit = std::max(limit, tuning.limit);
  if (recovery.evidence < limit || recovery.responses < kFewestInStretch) return std::nullopt;
  const double responses = as_real(recovery.responses);
  const double observed = as_real(recovery.sum) / kUnit / responses;
  const double baseline = std::clamp(mean() + recovery.usual / responses, 0.0, 1.0);
  const double spread = variance(options) * (1 / responses + 1 / recent.responses) + swing(options);
  LevelChange change{Resolution::kRecovered,
                     pane.begin + pane.step,
                     firing.told.since,
                     observed,
                     baseline,
                     recovery.responses,
                     (baseline - observed) / std::sqrt(spread),
                     {}};
  recent.firing.reset();
  return change;
}

std::optional<LevelChange> LevelDetector::add(const LevelPane& pane, const LevelOptions& options, bool& slow_changed,
                                              const Confirm& confirms) {
  if (pane.responses <= 0) return std::nullopt;
  const bool new_hour = recent.hour.number != pane.hour.number;
  end_hour(pane, options);
  if (recent.responses >= kFewest && (new_hour || recent.responses >= kTuneAgain * slow.tuned_at)) {
    tune(options);
    slow_changed = true;
  }
  slow_changed = slow_changed || new_hour;
  const double effect = effect_at(pane.hour);
  if (recent.firing) return watch(pane, effect, options);

  const double n = as_real(pane.responses);
  recent.hour.responses += n;
  if (recent.responses > 0) recent.hour.deviation += as_real(pane.sum) / kUnit - n * (mean() + effect);
  std::optional<LevelChange> found;
  if (slow.tuned_at > 0) found = test(pane, effect, options, confirms);
  if (!found) {
    take_in(pane, effect, options, slow_changed);
    return std::nullopt;
  }
  Firing firing;
  firing.at = found->at;
  firing.fall = std::max(found->baseline - found->observed, smallest_fall(options));
  firing.told = *found;
  firing.told.parts = {};
  recent.firing = std::move(firing);
  forget_suspicion();
  return found;
}

std::optional<EventTime> LevelDetector::gives_up_at() const {
  if (!recent.firing) return std::nullopt;
  return recent.firing->at + kGiveUpAfter;
}

LevelChange LevelDetector::give_up(EventTime at, bool& slow_changed) {
  const Firing firing = *std::exchange(recent.firing, std::nullopt);
  const Stretch& all = firing.all;
  LevelChange change = firing.told;
  change.resolution = Resolution::kSilent;
  change.at = at;
  if (all.responses == 0) return change;
  const double responses = as_real(all.responses);
  change.resolution = Resolution::kAccepted;
  change.observed = as_real(all.sum) / kUnit / responses;
  change.baseline = std::clamp(mean() + all.usual / responses, 0.0, 1.0);
  change.responses = all.responses;
  recent.responses = responses;
  recent.sum = as_real(all.sum) / kUnit - all.usual;
  recent.parts = all.parts;
  slow.tuned_at = 0;
  slow_changed = true;
  return change;
}

}  // namespace touchstone
