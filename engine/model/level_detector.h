// Sequential detection of a fall of a mean: of satisfaction, of the share of conversions, or of how soon customers are
// served. Values lie in 0..1 and are judged pane by pane, in the order of event time.
//
// Method. Three one-sided CUSUM tests (E. S. Page, Continuous inspection schemes, 1954), each tuned to a fall of
// another size, see how much worse panes are than the cell's own past. The increment of a pane with n responses of sum
// S is
//   theta (n m - S) - n psi(theta),
// m being the mean to be expected and psi the largest cumulant function that values in 0..1 with that mean and variance
// can have (G. Bennett, Probability inequalities for the sum of independent random variables, 1962), so that skewed
// ratings do not raise more false alarms than normal ones. The limit h comes from how many responses shall pass between
// false alarms, ARL = (exp(h') - h' - 1) / psi with h' = h + 1.166 theta sigma (D. Siegmund, Sequential Analysis, 1985,
// with his correction for overshoot). G. Lorden (Procedures for reacting to a change in distribution, 1971) shows that
// no test of such an average run length detects a fall of the tuned size faster, to the first order.
//
// What the past is: the mean and the variance between panes (a quasi-likelihood: R. W. M. Wedderburn, 1974), the
// variance between hours beyond that (as R. DerSimonian and N. Laird, 1986, estimate it), and effects of the hour of
// the day and the day of the week, shrunk towards nothing where they rest on little (C. R. Henderson's best linear
// unbiased prediction, 1975). Responses enter the past only when every test is back at zero, so that what is under
// suspicion is not part of it. A test alone would take an uncertain past for a fall; a likelihood ratio of the
// suspected stretch against the past, with the variance of both and that between hours, must pass the same limit.
//
// Pure and deterministic: the same panes give the same state, bit for bit, on one binary and machine. Some 1.5 KiB of
// memory.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "engine/model/alert.h"
#include "engine/model/cell.h"
#include "engine/model/time.h"
#include "engine/model/time_zone.h"

namespace touchstone {

inline constexpr std::size_t kTunings = 3;
/// What is seen of a fall in its first responses is uncertain; so much of the smallest one must be seen.
inline constexpr double kSeenOfFall = 0.75;

struct LevelOptions {
  double hours_between = 720;                         ///< false alarms of this detector, on average
  std::array<double, kTunings> falls{0.1, 0.2, 0.4};  ///< sizes that the tests are tuned to
  bool relative = false;                              ///< they are shares of the mean, else differences
  bool binary = false;                                ///< values are 0 or 1: no less variance than Bernoulli's
  double least_variance = 5e-4;                       ///< of one response; no past is taken to be more even
  double usual_swing = 0.015;                         ///< standard deviation between hours, before there were hours
};

/// What a closing adds: the responses of a pane and the sum of their values in millionths, and how both are divided
/// over segments and channels (MeasureKind::kSegmentResponses and so on).
struct LevelPane {
  EventTime begin;
  Millis step;
  LocalHour hour;
  std::int64_t responses;
  std::int64_t sum;
  Cell parts;
};

/// What a detector says when an alert begins or ends.
struct LevelChange {
  std::optional<Resolution> resolution;  ///< absent: it fires
  EventTime at;
  EventTime since;
  double observed = 0;
  double baseline = 0;
  std::int64_t responses = 0;
  double score = 0;
  Cell parts;  ///< of what was observed
};

/// Not thread-safe. All of its state is open, so that it can be written and read (wire/detector_record.h).
struct LevelDetector {
  /// A stretch of panes that is looked at together.
  struct Stretch {
    double evidence = 0;  ///< the test's statistic
    EventTime since{};
    std::int64_t responses = 0;
    std::int64_t sum = 0;
    double usual = 0;  ///< sum over responses of the effect of their hour and day
    Cell parts;

    void add(const LevelPane& pane, double effect);
  };
  struct Effect {
    double value = 0;
    double precision = 0;
  };
  struct Tuning {
    double theta = 0;
    double psi = 0;
    double limit = 0;      ///< 0: there is no such test
    double allowance = 0;  ///< an hour may be so much worse than was to be expected: a standard deviation
  };
  /// An alert that fires.
  struct Firing {
    EventTime at;
    double fall = 0;
    Stretch all;       ///< since it began
    Stretch recovery;  ///< since it last was as bad as ever
    LevelChange told;  ///< as it fired
  };
  /// What the responses of an hour were beside what was to be expected of them.
  struct Hour {
    std::int64_t number = 0;
    double responses = 0;
    double deviation = 0;
  };
  /// What changes with every pane.
  struct Recent {
    double responses = 0;  ///< of the past; what is older than four weeks fades
    double sum = 0;        ///< of values less the effects of their hour and day
    double squares = 0;    ///< sum of squared deviations of panes, by response
    double panes = 0;
    double cubes = 0;  ///< sum of cubed falls of panes, and of how many responses
    double cubed_responses = 0;
    Cell parts;
    /// Not yet of the past, because a test is not at zero.
    double waiting_responses = 0;
    double waiting_sum = 0;
    double waiting_squares = 0;
    double waiting_panes = 0;
    double waiting_cubes = 0;
    double waiting_cubed = 0;
    Cell waiting_parts;
    std::vector<Hour> waiting_hours;
    /// Of the present hour.
    Hour hour;
    std::array<Stretch, kTunings> tests;
    std::optional<Firing> firing;
  };
  /// What changes with every hour.
  struct Slow {
    std::array<Effect, 24> hours;
    std::array<Effect, 7> days;
    double swing_squares = 0;  ///< sum over hours of responses times squared mean deviation
    double swing_responses = 0;
    double swing_hours = 0;
    double rate_responses = 0;  ///< and the hours in which they came, for the rate
    double rate_hours = 0;
    std::int64_t hours_seen = 0;
    double tuned_at = 0;  ///< responses of the past when the tests were tuned
    std::array<Tuning, kTunings> tunings;
  };
  Recent recent;
  Slow slow;

  /// What else must be true of a stretch, which ends at the closing given, that has fallen.
  using Confirm = std::function<bool(const Stretch& stretch, EventTime closing)>;

  /// Panes come in the order of time. `slow_changed` is set where the slow part is not what it was.
  std::optional<LevelChange> add(const LevelPane& pane, const LevelOptions& options, bool& slow_changed,
                                 const Confirm& confirms = {});
  /// When an alert that fires is taken for what is usual, if nothing else happens.
  [[nodiscard]] std::optional<EventTime> gives_up_at() const;
  LevelChange give_up(EventTime at, bool& slow_changed);

  [[nodiscard]] double mean() const { return recent.responses > 0 ? recent.sum / recent.responses : 0; }
  [[nodiscard]] double variance(const LevelOptions& options) const;
  /// Variance between hours, beyond what that of responses explains.
  [[nodiscard]] double swing(const LevelOptions& options) const;

 private:
  /// How far below the mean a response is taken to lie at most: a quarter of the way from what the skewness says to
  /// what can be.
  [[nodiscard]] double farthest(const LevelOptions& options) const;
  [[nodiscard]] double smallest_fall(const LevelOptions& options) const;
  [[nodiscard]] double effect_at(const LocalHour& hour) const;
  void end_hour(const LevelPane& pane, const LevelOptions& options);
  void learn_hour(const Hour& learned, const LevelOptions& options);
  [[nodiscard]] bool suspects() const;
  void tune(const LevelOptions& options);
  void take_in(const LevelPane& pane, double effect, const LevelOptions& options, bool& slow_changed);
  [[nodiscard]] std::optional<LevelChange> test(const LevelPane& pane, double effect, const LevelOptions& options,
                                                const Confirm& confirms);
  [[nodiscard]] std::optional<LevelChange> watch(const LevelPane& pane, double effect, const LevelOptions& options);
  void forget_suspicion();
};

}  // namespace touchstone
