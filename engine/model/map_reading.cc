#include "engine/model/map_reading.h"

#include <algorithm>
#include <cmath>

namespace touchstone {
namespace {

constexpr double k95 = 1.959964;  // standard deviations around a mean that hold 95 % of a normal distribution
constexpr std::int64_t kInteractionsForUse = 30;
constexpr std::int64_t kConversionsForUse = 10;
constexpr double kOverUsedBelow = 0.5;
constexpr double kUnderUsedAbove = 2.0;
constexpr double kWorthAWord =
    0.01;  // of interactions or of credit; what has less is never used too much or too little

double fraction(std::int64_t millionths) { return static_cast<double>(millionths) / static_cast<double>(kMillion); }

double share_of(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

bool can_earn_credit(TouchpointNo touchpoint, const Rules& rules) {
  const CompiledTouchpoint& compiled = rules.touchpoint(touchpoint);
  return touchpoint != rules.unmapped() && !compiled.feedback && !compiled.conversion;
}

std::int64_t credit_of(const Measures& measures, CreditModel model) {
  for (const CreditSum& credit : measures.credit) {
    if (credit.model == model) return credit.conversions;
  }
  return 0;
}

Use use_of(double interactions, double credit) {
  if (interactions == 0 && credit == 0) return Use::kUnknown;
  if (interactions < kWorthAWord && credit < kWorthAWord) return Use::kFair;
  if (credit < kOverUsedBelow * interactions) return Use::kOverUsed;
  return credit > kUnderUsedAbove * interactions ? Use::kUnderUsed : Use::kFair;
}

/// The reading of one segment, put together step by step.
class Reader {
 public:
  Reader(const Rules& rules, const MapFigures& figures, CreditModel model, std::string_view segment)
      : rules_(rules), figures_(figures), model_(model) {
    reading_.segment = segment;
  }

  SegmentReading read() {
    const Measures& whole = row(Scope::kAll, kAllId);
    reading_.interactions = whole.interactions;
    reading_.customers = whole.customers;
    reading_.conversions = whole.conversions;
    for (std::size_t number = 0; number < rules_.touchpoints().size(); ++number) {
      read_touchpoint(TouchpointNo(static_cast<std::uint16_t>(number)));
    }
    read_use();
    for (std::size_t number = 0; number < rules_.stages().size(); ++number) {
      read_stage(StageNo(static_cast<std::uint16_t>(number)));
    }
    return std::move(reading_);
  }

 private:
  [[nodiscard]] const Measures& row(Scope scope, std::string_view id) const {
    static const Measures kNothing;
    const auto found = figures_.rows.find({scope, std::string(id), reading_.segment});
    return found == figures_.rows.end() ? kNothing : found->second;
  }
  [[nodiscard]] const Measures& row(TouchpointNo touchpoint) const {
    return row(Scope::kTouchpoint, rules_.touchpoints().id(touchpoint));
  }

  void read_touchpoint(TouchpointNo number) {
    const Measures& measures = row(number);
    const auto lapses = figures_.lapses.find({rules_.touchpoints().id(number), reading_.segment});
    TouchpointReading seen;
    seen.touchpoint = number;
    seen.interactions = measures.interactions;
    seen.customers = measures.customers;
    seen.satisfaction = measures.satisfaction;
    seen.wait = measures.wait;
    if (lapses != figures_.lapses.end()) seen.lapses = lapses->second;
    if (number == rules_.unmapped()) {
      reading_.unmapped_share = share_of(seen.interactions, reading_.interactions);
    } else {
      judge(rules_.map().touchpoints[number.value()].expect, seen);
    }
    if (seen.interactions > 0 || seen.satisfaction || seen.lapses > 0 || credit_of(measures, model_) > 0) {
      reading_.touchpoints.push_back(seen);
    } else if (number != rules_.unmapped()) {
      reading_.silent.push_back(number);
    }
  }

  static void judge(const Expectation& expect, TouchpointReading& seen) {
    if (seen.satisfaction) {
      const double mean = fraction(seen.satisfaction->millionths);
      seen.interval = interval_of(mean, seen.satisfaction->responses);
      if (expect.satisfaction) seen.satisfaction_standing = standing_of(mean, *seen.interval, *expect.satisfaction);
    }
    if (seen.wait && expect.wait_s) {
      const bool longer = static_cast<double>(seen.wait->p50_ms) > *expect.wait_s * 1'000;
      seen.wait_standing = longer ? Standing::kWorse : Standing::kMet;
    }
  }

  void read_use() {
    std::int64_t interactions = 0;
    std::int64_t credit = 0;
    for (const TouchpointReading& seen : reading_.touchpoints) {
      if (!can_earn_credit(seen.touchpoint, rules_)) continue;
      interactions += seen.interactions;
      credit += credit_of(row(seen.touchpoint), model_);
    }
    for (TouchpointReading& seen : reading_.touchpoints) {
      if (!can_earn_credit(seen.touchpoint, rules_)) continue;
      if (interactions > 0) seen.share_of_interactions = share_of(seen.interactions, interactions);
      if (credit > 0) seen.share_of_credit = share_of(credit_of(row(seen.touchpoint), model_), credit);
      if (interactions < kInteractionsForUse || credit < kConversionsForUse * kMillion) continue;
      seen.use = use_of(*seen.share_of_interactions, *seen.share_of_credit);
    }
  }

  void read_stage(StageNo number) {
    const std::string& id = rules_.stages().id(number);
    const Measures& measures = row(Scope::kStage, id);
    StageReading stage;
    stage.stage = number;
    stage.interactions = measures.interactions;
    stage.customers = measures.customers;
    stage.satisfaction = measures.satisfaction;
    stage.share = share_of(measures.interactions, reading_.interactions);
    stage.weight_share = weight_of(id) / sum_of_weights();
    for (std::size_t i = 0; i < rules_.touchpoints().size(); ++i) {
      add_touchpoint(TouchpointNo(static_cast<std::uint16_t>(i)), stage);
    }
    read_channels(stage);
    reading_.stages.push_back(std::move(stage));
  }

  void add_touchpoint(TouchpointNo number, StageReading& stage) const {
    StageTouchpoint here{number, 0, stands_in(number, stage.stage)};
    for (const StageCount& count : row(number).stages) {
      if (count.stage == stage.stage) here.interactions = count.interactions;
    }
    if (here.declared || here.interactions > 0) stage.touchpoints.push_back(here);
  }

  [[nodiscard]] bool stands_in(TouchpointNo number, StageNo stage) const {
    if (number == rules_.unmapped()) return false;
    const auto& stages = rules_.map().touchpoints[number.value()].stages;
    return std::find(stages.begin(), stages.end(), rules_.stages().id(stage)) != stages.end();
  }

  /// A touchpoint's ratings count for every stage it stands in, under the channel the map gives it.
  void read_channels(StageReading& stage) const {
    struct Sum {
      std::int64_t responses = 0;
      WideInt millionths = 0;
    };
    std::map<std::string, Sum> sums;
    for (const StageTouchpoint& here : stage.touchpoints) {
      if (!here.declared) continue;
      const auto& channel = rules_.map().touchpoints[here.touchpoint.value()].channel;
      const auto& satisfaction = row(here.touchpoint).satisfaction;
      if (!channel || !satisfaction) continue;
      Sum& sum = sums[*channel];
      sum.responses += satisfaction->responses;
      sum.millionths += WideInt{satisfaction->millionths} * satisfaction->responses;
    }
    for (const auto& [channel, sum] : sums) {
      const auto mean = static_cast<std::int64_t>(divide_rounded(sum.millionths, sum.responses));
      stage.channels.push_back({channel, {sum.responses, mean}});
    }
    std::stable_sort(stage.channels.begin(), stage.channels.end(), [](const auto& a, const auto& b) {
      return a.satisfaction.millionths > b.satisfaction.millionths;
    });
    if (stage.channels.size() < 2) return;
    const auto& [best, worst] = std::pair(stage.channels.front().satisfaction, stage.channels.back().satisfaction);
    stage.spread = fraction(best.millionths - worst.millionths);
  }

  [[nodiscard]] double weight_of(const std::string& stage) const {
    const auto& weights = rules_.map().lifecycle.weights;
    const auto found = weights.find(stage);
    return found == weights.end() ? 1 : found->second;
  }
  [[nodiscard]] double sum_of_weights() const {
    double sum = 0;
    for (const std::string& stage : rules_.map().lifecycle.stages) sum += weight_of(stage);
    return sum > 0 ? sum : 1;
  }

  const Rules& rules_;
  const MapFigures& figures_;
  CreditModel model_;
  SegmentReading reading_;
};

}  // namespace

Interval interval_of(double mean, std::int64_t responses) {
  const auto n = static_cast<double>(responses);
  const double scale = 1 + k95 * k95 / n;
  const double centre = (mean + k95 * k95 / (2 * n)) / scale;
  const double half = k95 / scale * std::sqrt(mean * (1 - mean) / n + k95 * k95 / (4 * n * n));
  return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

Standing standing_of(double mean, const Interval& interval, double expected) {
  if (mean >= expected) return Standing::kMet;
  return interval.high < expected ? Standing::kSurelyWorse : Standing::kWorse;
}

std::vector<SegmentReading> read_map(const Rules& rules, const MapFigures& figures, CreditModel model) {
  std::vector<SegmentReading> readings;
  for (std::size_t number = 0; number < rules.segments().size(); ++number) {
    const std::string& segment = rules.segments().id(SegmentNo(static_cast<std::uint16_t>(number)));
    readings.push_back(Reader(rules, figures, model, segment).read());
  }
  readings.push_back(Reader(rules, figures, model, kAllId).read());
  return readings;
}

}  // namespace touchstone
