#include "bench/detection.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <functional>
#include <numbers>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "bench/chance.h"
#include "engine/model/fixed.h"
#include "engine/model/level_detector.h"

namespace touchstone::bench {
namespace {

constexpr std::array kDrops = {0.1, 0.2, 0.4};
constexpr Millis kHour = std::chrono::hours{1};
constexpr double kMean = 0.82;
/// The daily cycle of the mean.
constexpr double kMeanSwing = 0.03;
/// Hours differ by so much more: a standard deviation.
constexpr double kHourNoise = 0.01;

/// Ratings of five steps with a given mean: one skewed shape, tilted.
class Ratings {
 public:
  Ratings() {
    for (int step = -3'000; step < 3'000; ++step) {
      const double tilt = 0.002 * step;
      constexpr std::array kShape = {0.04, 0.05, 0.10, 0.20, 0.61};
      std::array<double, 5> weights{};
      double all = 0;
      double mean = 0;
      for (std::size_t i = 0; i < weights.size(); ++i) {
        weights[i] = kShape[i] * std::exp(tilt * static_cast<double>(i) / 4);
        all += weights[i];
        mean += weights[i] * static_cast<double>(i) / 4;
      }
      const auto at = static_cast<std::size_t>(mean / all * kCells);
      double sum = 0;
      for (std::size_t i = 0; i < weights.size(); ++i) upto_[at][i] = sum += weights[i] / all;
    }
    for (std::size_t i = 1; i < upto_.size(); ++i) {
      if (upto_[i][4] == 0) upto_[i] = upto_[i - 1];
    }
  }
  /// Millionths.
  [[nodiscard]] std::int64_t draw(double mean, Random& random) const {
    const auto& upto = upto_[static_cast<std::size_t>(std::clamp(mean, 0.02, 0.98) * kCells)];
    const double at = share(random);
    std::int64_t step = 0;
    while (step < 4 && at > upto[static_cast<std::size_t>(step)]) ++step;
    return step * (kMillion / 4);
  }

 private:
  static constexpr std::size_t kCells = 1'000;
  std::array<std::array<double, 5>, kCells + 1> upto_{};
};

struct Response {
  EventTime at;
  std::int64_t millionths{};
};

/// The ratings of one cell, in order of time. A copy goes on from where the original stands.
class Stream {
 public:
  Stream(double rate, std::uint64_t seed) : rate_(rate), random_(seed) {}

  void drop_by(double drop) { drop_ = drop; }

  Response next(const Ratings& ratings) {
    const double most = rate_ * (1 + kRateSwing);
    double cycle = 0;
    do {
      passed_hours_ += -std::log(1 - share(random_)) / most;
      cycle = std::sin(2 * std::numbers::pi * passed_hours_ / 24);
    } while (share(random_) * most > rate_ * (1 + kRateSwing * cycle));
    const auto hour = static_cast<std::int64_t>(passed_hours_);
    if (hour != hour_) {
      hour_ = hour;
      noise_ = kHourNoise * normal(random_);
    }
    const double mean = kMean + kMeanSwing * std::cos(2 * std::numbers::pi * passed_hours_ / 24) + noise_ - drop_;
    return {kBegin + Millis{static_cast<std::int64_t>(passed_hours_ * 3.6e6)}, ratings.draw(mean, random_)};
  }

 private:
  double rate_;
  Random random_;
  double passed_hours_ = 0;
  double drop_ = 0;
  std::int64_t hour_ = -1;
  double noise_ = 0;
};

/// The detector, fed with panes of the finest window as the engine does.
class Ours {
 public:
  explicit Ours(const LevelOptions& options) : options_(options) {}

  /// The change that the pane before this response's brought, if it was over.
  std::optional<LevelChange> see(const Response& response) {
    const EventTime begin = floor_to(response.at, kStep);
    std::optional<LevelChange> change;
    if (begin != pane_.begin && pane_.responses > 0) {
      pane_.hour = zone_.hour_of(pane_.begin);
      bool ignored = false;
      change = detector_.add(pane_, options_, ignored);
      pane_.responses = pane_.sum = 0;
    }
    pane_.begin = begin;
    ++pane_.responses;
    pane_.sum += response.millionths;
    return change;
  }
  [[nodiscard]] bool fires() const { return detector_.recent.firing.has_value(); }

 private:
  LevelOptions options_;
  TimeZone zone_;
  LevelDetector detector_;
  LevelPane pane_{{}, kStep, {}, 0, 0, {}};
};

/// A fixed threshold: an alarm when the mean of the last so many responses is so far below what it is in the long run.
/// It may fire again when that mean has been back at the long-run one.
class Threshold {
 public:
  explicit Threshold(std::size_t window) : last_(window, 0) {}

  /// How far the mean is below; nothing before there are enough responses.
  std::optional<double> see(const Response& response) {
    sum_ += response.millionths - std::exchange(last_[at_], response.millionths);
    at_ = at_ + 1 == last_.size() ? 0 : at_ + 1;
    if (++seen_ < last_.size()) return std::nullopt;
    return kMean - static_cast<double>(sum_) / static_cast<double>(kMillion) / static_cast<double>(last_.size());
  }
  /// Depths of excursions below the long-run mean that are over.
  void note(double below, std::vector<float>& depths) {
    deepest_ = std::max(deepest_, below);
    if (below > 0) return;
    if (deepest_ > 0.02) depths.push_back(static_cast<float>(deepest_));
    deepest_ = 0;
  }
  [[nodiscard]] std::size_t size() const { return last_.size(); }

 private:
  std::vector<std::int64_t> last_;
  std::size_t at_ = 0;
  std::uint64_t seen_ = 0;
  std::int64_t sum_ = 0;
  double deepest_ = 0;
};

constexpr std::array<std::size_t, 11> kWindows = {5, 10, 15, 20, 30, 50, 100, 200, 400, 800, 1'600};

/// What is measured at one rate.
struct Measured {
  std::int64_t alarms = 0;
  std::int64_t early = 0;                       ///< of these in a cell's first four weeks
  std::array<double, kWindows.size()> depth{};  ///< by window: the threshold with as many alarms as stated
};

LevelOptions options_for(const DetectionOptions& options) {
  LevelOptions level;
  level.hours_between = options.months_between * 30 * 24;
  return level;
}

Measured measure_null(int rate, const DetectionOptions& options, const Ratings& ratings) {
  Measured measured;
  std::array<std::vector<float>, kWindows.size()> depths;
  for (int cell = 0; cell < options.cells; ++cell) {
    Stream stream(rate, options.seed * 1'000'003 + static_cast<std::uint64_t>(rate * 1'000 + cell));
    Ours ours(options_for(options));
    std::vector<Threshold> rivals(kWindows.begin(), kWindows.end());
    const EventTime end = kBegin + std::chrono::days{30} * options.months;
    for (Response response = stream.next(ratings); response.at < end; response = stream.next(ratings)) {
      if (const auto change = ours.see(response); change && !change->resolution) {
        ++measured.alarms;
        if (change->at < kBegin + std::chrono::days{kLearnDays}) ++measured.early;
      }
      for (std::size_t i = 0; i < rivals.size(); ++i) {
        if (const auto below = rivals[i].see(response)) rivals[i].note(*below, depths[i]);
      }
    }
  }
  const auto allowed = static_cast<std::size_t>(options.cells * options.months / options.months_between);
  for (std::size_t i = 0; i < depths.size(); ++i) {
    std::sort(depths[i].begin(), depths[i].end(), std::greater<>());
    measured.depth[i] = depths[i].size() > allowed ? static_cast<double>(depths[i][allowed]) : 0.02;
  }
  return measured;
}

/// Delays in responses; a drop that was not found in a week is a miss.
struct Delays {
  std::vector<double> found;
  int missed = 0;
  [[nodiscard]] double mean() const {
    double sum = 0;
    for (const double each : found) sum += each;
    return found.empty() ? 0 : sum / static_cast<double>(found.size());
  }
  [[nodiscard]] double error() const {
    double squares = 0;
    for (const double each : found) squares += (each - mean()) * (each - mean());
    const auto n = static_cast<double>(found.size());
    return n < 2 ? 0 : std::sqrt(squares / (n - 1) / n);
  }
};

struct Found {
  Delays ours;
  std::array<Delays, kWindows.size()> rivals;
  [[nodiscard]] std::size_t best(int trials) const {
    std::size_t best = 0;
    const auto cost = [&](std::size_t i) {
      return rivals[i].found.empty() ? 1e18 : rivals[i].mean() + 1e6 * rivals[i].missed / trials;
    };
    for (std::size_t i = 1; i < rivals.size(); ++i) {
      if (cost(i) < cost(best)) best = i;
    }
    return best;
  }
};

void plant(double drop, Stream stream, Ours ours, std::vector<Threshold> rivals, EventTime onset,
           const Measured& measured, const Ratings& ratings, Found& found) {
  stream.drop_by(drop);
  const EventTime end = onset + std::chrono::days{kWaitDays};
  std::array<bool, kWindows.size()> done{};
  bool ours_done = false;
  double seen = 0;
  for (Response response = stream.next(ratings); response.at < end; response = stream.next(ratings)) {
    ++seen;
    if (!ours_done) {
      ours.see(response);
      ours_done = ours.fires();
      // The pane is judged when it is over: with the first response after it.
      if (ours_done) found.ours.found.push_back(seen - 1);
    }
    for (std::size_t i = 0; i < rivals.size(); ++i) {
      const auto below = rivals[i].see(response);
      if (done[i] || !below || *below <= measured.depth[i]) continue;
      done[i] = true;
      found.rivals[i].found.push_back(seen);
    }
    if (ours_done && std::all_of(done.begin(), done.end(), [](bool each) { return each; })) return;
  }
  if (!ours_done) ++found.ours.missed;
  for (std::size_t i = 0; i < rivals.size(); ++i) found.rivals[i].missed += done[i] ? 0 : 1;
}

std::array<Found, kDrops.size()> measure_drops(int rate, const Measured& measured, const DetectionOptions& options,
                                               const Ratings& ratings) {
  std::array<Found, kDrops.size()> found;
  for (int trial = 0; trial < options.trials; ++trial) {
    Stream stream(rate, options.seed * 7'000'003 + static_cast<std::uint64_t>(rate * 100'000 + trial));
    Ours ours(options_for(options));
    std::vector<Threshold> rivals(kWindows.begin(), kWindows.end());
    // At another hour of the day each time.
    const EventTime onset = kBegin + std::chrono::days{kLearnDays} + kHour * (trial % 24);
    for (Response response = stream.next(ratings); response.at < onset; response = stream.next(ratings)) {
      ours.see(response);
      for (Threshold& rival : rivals) rival.see(response);
    }
    if (ours.fires()) continue;
    for (std::size_t i = 0; i < kDrops.size(); ++i)
      plant(kDrops[i], stream, ours, rivals, onset, measured, ratings, found[i]);
  }
  return found;
}

}  // namespace

bool measure_detection(const DetectionOptions& options, std::ostream& out) {
  const Ratings ratings;
  const double stated = options.cells * options.months / options.months_between;
  fmt::print(out,
             "{} cell-months at each rate, one false alarm stated in {} of them; {} trials of each drop; seed {}\n",
             options.cells * options.months, options.months_between, options.trials, options.seed);
  bool kept = true;
  for (const int rate : options.rates) {
    const Measured measured = measure_null(rate, options, ratings);
    fmt::print(out,
               "{} responses an hour: {} false alarms, {} of them in the first four weeks of a cell; stated {:.1f}\n",
               rate, measured.alarms, measured.early, stated);
    if (options.most_alarms > 0 && static_cast<double>(measured.alarms) > options.most_alarms * stated) kept = false;
    if (options.trials == 0) continue;
    const auto found = measure_drops(rate, measured, options, ratings);
    for (std::size_t i = 0; i < kDrops.size(); ++i) {
      const std::size_t best = found[i].best(options.trials);
      const Delays& rival = found[i].rivals[best];
      fmt::print(out, "  drop {}: found after {:.1f} +- {:.1f} responses, missed {}; ", kDrops[i], found[i].ours.mean(),
                 found[i].ours.error(), found[i].ours.missed);
      fmt::print(out, "best threshold {:.1f} +- {:.1f}, missed {} (last {} responses {:.3f} below)\n", rival.mean(),
                 rival.error(), rival.missed, kWindows[best], measured.depth[best]);
    }
  }
  return kept;
}

}  // namespace touchstone::bench
