#include "bench/detection_kinds.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "bench/chance.h"
#include "engine/model/detect.h"
#include "engine/model/quantile.h"

namespace touchstone::bench {
namespace {

/// How much an hour's rate differs beyond its daily cycle: a standard deviation, as a share.
constexpr double kRateNoise = 0.2;
/// The daily cycle of the share of conversions, and of waits, and how much hours differ beyond.
constexpr double kLevelSwing = 0.2;
constexpr double kLevelNoise = 0.05;
constexpr double kConverting = 0.05;
constexpr double kUsualWaitSeconds = 120;
/// Once a week, in one minute: a mailing to everybody, as many interactions as come in so many hours.
constexpr double kMailingHours = 12;

/// What a planted change leaves of the rate and of the share of conversions, and how many times as long waits are.
struct Planted {
  std::string_view name;
  double rate = 1;
  double converting = 1;
  double wait = 1;
};

struct Kind {
  AlertKind kind;
  std::vector<Planted> planted;
};

std::vector<Kind> kinds() {
  return {
      {AlertKind::kWaitRise, {{"waits twice as long", 1, 1, 2}, {"waits four times as long", 1, 1, 4}}},
      {AlertKind::kConversionDrop, {{"half of the conversions", 1, 0.5, 1}, {"a tenth of the conversions", 1, 0.1, 1}}},
      {AlertKind::kVolumeDrop, {{"nothing", 0, 1, 1}, {"one in twenty", 0.05, 1, 1}}}};
}

/// The interactions of one cell in panes of the finest window. A copy goes on from where the original stands.
class Interactions {
 public:
  Interactions(double rate, std::uint64_t seed) : rate_(rate), random_(seed) {}

  void plant(const Planted& planted) { planted_ = planted; }

  /// The next pane that is not empty, before `end`.
  std::optional<EventTime> next(Cell& amounts, EventTime end) {
    amounts = {};
    for (;;) {
      const std::int64_t mailing = mailing_in_pane();
      const std::int64_t usual = interactions_in_pane();
      const EventTime begin = at_;
      if (begin >= end) return std::nullopt;
      at_ += kStep;
      if (usual + mailing == 0) continue;
      amounts.add(measure_key(MeasureKind::kInteractions), usual + mailing);
      for (std::int64_t i = 0; i < usual; ++i) interact(amounts);
      return begin;
    }
  }

 private:
  [[nodiscard]] double hours() const { return static_cast<double>((at_ - kBegin).count()) / 3.6e6; }

  std::int64_t mailing_in_pane() {
    constexpr Millis kWeek = std::chrono::days{7};
    const Millis into_week = (at_ - kBegin) % kWeek - std::chrono::hours{24 + 9};
    if (into_week < Millis{0} || into_week >= std::chrono::minutes{1}) return 0;
    return static_cast<std::int64_t>(rate_ * kMailingHours * static_cast<double>(kStep.count()) / 6e4);
  }

  std::int64_t interactions_in_pane() {
    const auto hour = static_cast<std::int64_t>(hours());
    if (hour != hour_) {
      hour_ = hour;
      rate_noise_ = std::max(0.0, 1 + kRateNoise * normal(random_));
      level_noise_ = std::max(0.1, 1 + kLevelNoise * normal(random_));
    }
    const double cycle = 1 + kRateSwing * std::sin(2 * std::numbers::pi * hours() / 24);
    const double mean = rate_ * cycle * rate_noise_ * planted_.rate * static_cast<double>(kStep.count()) / 3.6e6;
    // Poisson, by the product of uniform numbers: means here are a few at most.
    std::int64_t count = 0;
    const double least = std::exp(-mean);
    for (double product = share(random_); product > least; product *= share(random_)) ++count;
    return count;
  }

  void interact(Cell& amounts) {
    const double level = (1 + kLevelSwing * std::cos(2 * std::numbers::pi * hours() / 24)) * level_noise_;
    if (share(random_) < kConverting * level * planted_.converting) {
      amounts.add(measure_key(MeasureKind::kConversions), 1);
    }
    const double seconds = kUsualWaitSeconds * level * planted_.wait * std::exp(normal(random_));
    amounts.add(measure_key(MeasureKind::kWait, bucket_of(static_cast<std::int64_t>(seconds * 1e3))), 1);
  }

  double rate_;
  Random random_;
  EventTime at_ = kBegin;
  Planted planted_;
  std::int64_t hour_ = -1;
  double rate_noise_ = 1;
  double level_noise_ = 1;
};

/// The detectors of one cell, as the engine runs them.
class Watched {
 public:
  Watched(AlertKind kind, double months_between) : rules_(rules_for(kind, months_between)) {
    // A touchpoint is what falls silent; conversions are not judged there.
    cell_ = {kind == AlertKind::kVolumeDrop ? Scope::kTouchpoint : Scope::kAll, std::string(kAllId),
             std::string(kAllId)};
  }

  /// Feeds the stream up to a time. False: `fired` asked to end there.
  template <typename Fired>
  bool feed(Interactions& stream, EventTime end, const Fired& fired) {
    bool on = true;
    const Detectors::AlertSink sink = [&](const Alert& alert) {
      if (!alert.resolution) on = fired(alert.at) && on;
    };
    const auto any = [](CellIndex) { return true; };
    Cell amounts;
    while (on) {
      const auto begin = stream.next(amounts, end);
      const EventTime upto = begin.value_or(end);
      detectors_.reach(upto, any, sink);
      if (!begin) break;
      detectors_.add(0, *begin, amounts, sink);
    }
    return on;
  }
  [[nodiscard]] bool fires() const { return !detectors_.firing().empty(); }

 private:
  static Rules rules_for(AlertKind kind, double months_between) {
    Settings settings;
    settings.alerts.kinds = {};
    settings.alerts.kinds[static_cast<std::size_t>(kind)] = true;
    // The budget is that of all cells of the map; this one shall have its part.
    const double hours = hours_between_alarms(Rules({}, settings));
    settings.alerts.false_alarms = hours / (months_between * 720);
    return Rules({}, settings);
  }

  Rules rules_;
  CellKey cell_;
  Detectors detectors_{rules_, rules_.names(), [this](CellIndex) -> const CellKey& { return cell_; }};
};

struct Counted {
  std::int64_t alarms = 0;
  std::int64_t early = 0;  ///< in a cell's first four weeks
};

Counted count_false_alarms(AlertKind kind, int rate, const DetectionOptions& options) {
  Counted counted;
  const EventTime known = kBegin + std::chrono::days{kLearnDays};
  for (int cell = 0; cell < options.cells; ++cell) {
    Interactions stream(rate, options.seed * 1'000'003 + static_cast<std::uint64_t>(rate * 1'000 + cell));
    Watched watched(kind, options.months_between);
    watched.feed(stream, kBegin + std::chrono::days{30} * options.months, [&](EventTime at) {
      ++counted.alarms;
      if (at < known) ++counted.early;
      return true;
    });
  }
  return counted;
}

void measure_planted(AlertKind kind, int rate, const Planted& planted, const DetectionOptions& options,
                     std::ostream& out) {
  std::vector<double> hours;
  int missed = 0;
  for (int trial = 0; trial < options.trials; ++trial) {
    Interactions stream(rate, options.seed * 7'000'003 + static_cast<std::uint64_t>(rate * 100'000 + trial));
    Watched watched(kind, options.months_between);
    // At another hour of the day each time.
    const EventTime onset = kBegin + std::chrono::days{kLearnDays} + std::chrono::hours{trial % 24};
    watched.feed(stream, onset, [](EventTime) { return true; });
    if (watched.fires()) continue;
    stream.plant(planted);
    const bool silent = watched.feed(stream, onset + std::chrono::days{kWaitDays}, [&](EventTime at) {
      hours.push_back(in_hours(at - onset));
      return false;
    });
    if (silent) ++missed;
  }
  std::sort(hours.begin(), hours.end());
  if (hours.empty()) {
    fmt::print(out, "  {}: never found, missed {}\n", planted.name, missed);
    return;
  }
  fmt::print(out, "  {}: found after {:.1f} hours in the middle, {:.1f} in nine of ten, missed {}\n", planted.name,
             hours[hours.size() / 2], hours[hours.size() * 9 / 10], missed);
}

}  // namespace

bool measure_kinds(const DetectionOptions& options, std::ostream& out) {
  const double stated = options.cells * options.months / options.months_between;
  bool kept = true;
  for (const Kind& kind : kinds()) {
    for (const int rate : options.rates) {
      const Counted counted = count_false_alarms(kind.kind, rate, options);
      fmt::print(out,
                 "{}, {} interactions an hour: {} false alarms, {} of them in the first four weeks; stated {:.1f}\n",
                 kAlertKindNames[static_cast<std::size_t>(kind.kind)], rate, counted.alarms, counted.early, stated);
      if (options.most_alarms > 0 && static_cast<double>(counted.alarms) > options.most_alarms * stated) kept = false;
      for (const Planted& planted : kind.planted) {
        if (options.trials > 0) measure_planted(kind.kind, rate, planted, options, out);
      }
    }
  }
  return kept;
}

}  // namespace touchstone::bench
