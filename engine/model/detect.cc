#include "engine/model/detect.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "engine/model/explanation.h"
#include "engine/model/quantile.h"

namespace touchstone {
namespace {

/// A cell in which nothing has come for so long is forgotten.
constexpr Millis kExpireAfter = std::chrono::days{35};
/// From so many waits the one in the middle is taken.
constexpr std::int64_t kReferenceWaits = 50;
constexpr std::int64_t kShortestReferenceMs = 1'000;

LevelDetector* level_of(const CellDetectors& held, AlertKind kind) {
  switch (kind) {
    case AlertKind::kSatisfactionDrop:
      return held.satisfaction.get();
    case AlertKind::kWaitRise:
      return held.wait.get();
    case AlertKind::kConversionDrop:
      return held.conversions ? &held.conversions->share : nullptr;
    case AlertKind::kVolumeDrop:
      break;
  }
  return nullptr;
}

constexpr std::array kLevels = {AlertKind::kSatisfactionDrop, AlertKind::kWaitRise, AlertKind::kConversionDrop};

std::int64_t millionths(double value) { return std::llround(value * static_cast<double>(kMillion)); }

/// The wait whose promptness is the mean one: 1 / (1 + wait / reference).
double seconds_of(double promptness, std::int64_t reference_ms) {
  const double within = std::clamp(promptness, 1e-6, 1.0);
  return static_cast<double>(reference_ms) / 1e3 * (1 - within) / within;
}

Cell parts_of(const Cell& amounts) {
  Cell parts;
  for (const Cell::Amount& each : amounts.amounts()) {
    if (is_division(each.key.kind)) parts.add(each.key, each.amount);
  }
  return parts;
}

}  // namespace

double hours_between_alarms(const Rules& rules) {
  const AlertSettings& alerts = rules.settings().alerts;
  const std::size_t ids = rules.touchpoints().size() + rules.channels().size() + rules.stages().size() + 1;
  const std::size_t cells = ids * (rules.segments().size() + 1);
  const auto kinds = std::count(alerts.kinds.begin(), alerts.kinds.end(), true);
  const double period_hours = static_cast<double>(alerts.false_alarms_per.count()) / 3.6e6;
  return period_hours / alerts.false_alarms * static_cast<double>(cells) *
         static_cast<double>(std::max<std::ptrdiff_t>(kinds, 1));
}

Detectors::Detectors(const Rules& rules, const Names& names, CellName cell)
    : rules_(rules),
      names_(names),
      cell_(std::move(cell)),
      step_(rules.pane()),
      hours_between_(hours_between_alarms(rules)) {}

bool Detectors::watches(AlertKind kind) const { return rules_.settings().alerts.kinds[static_cast<std::size_t>(kind)]; }

LevelOptions Detectors::options_of(AlertKind kind) const {
  LevelOptions options;
  options.hours_between = hours_between_;
  const double drop = rules_.settings().alerts.drop;
  options.falls = {drop, 2 * drop, 4 * drop};
  if (kind == AlertKind::kWaitRise) options.falls = {0.1, 0.2, 0.4};
  if (kind == AlertKind::kConversionDrop) {
    options.falls = {0.25, 0.5, 0.9};
    options.relative = true;
    options.binary = true;
    options.least_variance = 1e-5;
    options.usual_swing = 0.1;
  }
  return options;
}

void Detectors::tell(CellIndex cell, CellDetectors& held, AlertKind kind, const LevelChange& change,
                     const AlertSink& alert) {
  Alert told;
  told.kind = kind;
  told.cell = cell_(cell);
  told.at = change.at;
  told.since = change.since;
  told.id = alert_id(kind, told.cell, told.since);
  told.observed = millionths(change.observed);
  told.baseline = millionths(change.baseline);
  if (kind == AlertKind::kWaitRise) {
    told.observed = millionths(seconds_of(change.observed, held.waits.reference_ms));
    told.baseline = millionths(seconds_of(change.baseline, held.waits.reference_ms));
  }
  told.responses = change.responses;
  told.score = millionths(change.score);
  told.resolution = change.resolution;
  if (kind == AlertKind::kSatisfactionDrop && !change.resolution) {
    told.explanation =
        explain_change(held.satisfaction->recent.parts, change.parts, told.observed - told.baseline, names_);
  }
  std::erase_if(held.firing, [&](const Alert& each) { return each.kind == kind; });
  if (!change.resolution) held.firing.push_back(told);
  news_ = true;
  alert(told);
}

void Detectors::watch_level(CellIndex cell, CellDetectors& held, AlertKind kind, const LevelPane& pane,
                            const AlertSink& alert) {
  if (pane.responses <= 0) return;
  auto& detector = kind == AlertKind::kWaitRise ? held.wait : held.satisfaction;
  if (!detector) detector = std::make_unique<LevelDetector>();
  bool slow_changed = false;
  const auto change = detector->add(pane, options_of(kind), slow_changed);
  if (slow_changed) changed_.emplace(cell, DetectorPart::kSlow);
  held.relist = held.relist || change;
  if (change) tell(cell, held, kind, *change, alert);
}

void Detectors::watch_conversions(CellIndex cell, CellDetectors& held, const LevelPane& pane, const AlertSink& alert) {
  if (pane.responses <= 0) return;
  if (!held.conversions) held.conversions = std::make_unique<ConversionDetector>();
  bool slow_changed = false;
  const auto change =
      held.conversions->add(pane, options_of(AlertKind::kConversionDrop), rules_.settings().zone, slow_changed);
  if (slow_changed) changed_.emplace(cell, DetectorPart::kSlow);
  held.relist = held.relist || change;
  if (change) tell(cell, held, AlertKind::kConversionDrop, *change, alert);
}

std::optional<LevelPane> Detectors::waits_of(WaitReference& waits, const Cell& amounts, const LevelPane& pane) const {
  LevelPane judged = pane;
  judged.responses = judged.sum = 0;
  const bool known = waits.reference_ms > 0;
  for (const Cell::Amount& each : amounts.amounts()) {
    if (each.key.kind != MeasureKind::kWait) continue;
    if (!known) {
      waits.seen += each.amount;
      waits.buckets += each.amount * each.key.sub;
      continue;
    }
    const std::int64_t promptness =
        waits.reference_ms * kMillion / (waits.reference_ms + length_of_bucket(each.key.sub));
    judged.responses += each.amount;
    judged.sum += each.amount * promptness;
  }
  if (known) return judged;
  if (waits.seen >= kReferenceWaits) {
    const auto middle = static_cast<std::uint16_t>(waits.buckets / waits.seen);
    // A day at most, so that the products above stay within 64 bits.
    waits.reference_ms =
        std::clamp(length_of_bucket(middle), kShortestReferenceMs, Millis{std::chrono::days{365}}.count());
  }
  return std::nullopt;
}

void Detectors::watch_levels(CellIndex cell, CellDetectors& held, EventTime begin, const Cell& amounts,
                             const AlertSink& alert) {
  const LevelPane pane{begin, step_, rules_.settings().zone.hour_of(begin), 0, 0, {}};
  if (watches(AlertKind::kSatisfactionDrop)) {
    LevelPane ratings = pane;
    ratings.responses = amounts.at(measure_key(MeasureKind::kResponses));
    ratings.sum = amounts.at(measure_key(MeasureKind::kSatisfaction));
    ratings.parts = parts_of(amounts);
    watch_level(cell, held, AlertKind::kSatisfactionDrop, ratings, alert);
  }
  if (watches(AlertKind::kWaitRise)) {
    if (const auto waits = waits_of(held.waits, amounts, pane)) {
      watch_level(cell, held, AlertKind::kWaitRise, *waits, alert);
    }
  }
  // At a touchpoint either every interaction is a conversion or none is.
  if (watches(AlertKind::kConversionDrop) && cell_(cell).scope != Scope::kTouchpoint) {
    LevelPane interactions = pane;
    interactions.responses = amounts.at(measure_key(MeasureKind::kInteractions));
    interactions.sum = amounts.at(measure_key(MeasureKind::kConversions)) * kMillion;
    watch_conversions(cell, held, interactions, alert);
  }
}

void Detectors::add(CellIndex cell, EventTime begin, const Cell& amounts, const AlertSink& alert) {
  // What is listed is never later than what is due.
  const auto known = cells_.find(cell);
  if (known != cells_.end() && known->second.listed <= begin) settle(cell, begin, alert);
  CellDetectors& held = cells_[cell];
  watch_levels(cell, held, begin, amounts, alert);
  const std::int64_t interactions = amounts.at(measure_key(MeasureKind::kInteractions));
  const bool may_fall_silent = cell_(cell).scope == Scope::kTouchpoint && cell_(cell).segment == kAllId;
  if (watches(AlertKind::kVolumeDrop) && may_fall_silent && interactions > 0) {
    if (!held.silence) held.silence = std::make_unique<SilenceDetector>();
    bool slow_changed = false;
    const auto change =
        held.silence->add(begin, step_, interactions, rules_.settings().zone, hours_between_, slow_changed);
    if (slow_changed) changed_.emplace(cell, DetectorPart::kSlow);
    held.relist = held.relist || slow_changed || change;
    if (change) tell(cell, held, AlertKind::kVolumeDrop, *change, alert);
  }
  held.last = begin;
  changed_.emplace(cell, DetectorPart::kRecent);
  if (!held.listed || held.relist) list(cell, held);
}

std::optional<Detectors::Due> Detectors::due(const CellDetectors& held) const {
  std::optional<Due> soonest = Due{first_after(held.last + kExpireAfter, step_), {}, false, true};
  const auto consider = [&](const std::optional<EventTime>& at, AlertKind kind, bool gives_up) {
    if (!at) return;
    const EventTime closing = floor_to(*at, step_) == *at ? *at : first_after(*at, step_);
    if (closing < soonest->at) soonest = Due{closing, kind, gives_up, false};
  };
  for (const AlertKind kind : kLevels) {
    if (const LevelDetector* level = level_of(held, kind)) consider(level->gives_up_at(), kind, true);
  }
  if (held.silence) {
    consider(held.silence->fires_at(step_, rules_.settings().zone, hours_between_), AlertKind::kVolumeDrop, false);
    consider(held.silence->gives_up_at(), AlertKind::kVolumeDrop, true);
  }
  return soonest;
}

bool Detectors::settle(CellIndex cell, EventTime upto, const AlertSink& alert) {
  for (;;) {
    const auto found = cells_.find(cell);
    if (found == cells_.end()) return false;
    CellDetectors& held = found->second;
    const std::optional<Due> next = due(held);
    if (!next || next->at > upto) return true;
    changed_.emplace(cell, DetectorPart::kRecent);
    bool slow_changed = next->expires;
    if (next->expires) {
      if (held.listed) timers_.erase({*held.listed, cell});
      cells_.erase(found);
    } else if (next->kind == AlertKind::kVolumeDrop) {
      tell(cell, held, next->kind,
           next->gives_up ? held.silence->give_up(next->at, slow_changed)
                          : held.silence->fire(next->at, step_, rules_.settings().zone, slow_changed),
           alert);
    } else {
      tell(cell, held, next->kind, level_of(held, next->kind)->give_up(next->at, slow_changed), alert);
    }
    if (slow_changed) changed_.emplace(cell, DetectorPart::kSlow);
  }
}

void Detectors::list(CellIndex cell, CellDetectors& held) {
  const std::optional<Due> next = due(held);
  held.relist = false;
  if (held.listed == next->at) return;
  // A time that is put off is only looked at when it has come.
  if (held.listed && *held.listed < next->at) return;
  if (held.listed) timers_.erase({*held.listed, cell});
  held.listed = next->at;
  timers_.emplace(next->at, cell);
}

void Detectors::reach(EventTime closing, const CellFilter& may_touch, const AlertSink& alert) {
  std::vector<std::pair<EventTime, CellIndex>> due_now;
  for (const auto& timer : timers_) {
    if (timer.first > closing) break;
    if (may_touch(timer.second)) due_now.push_back(timer);
  }
  std::sort(due_now.begin(), due_now.end(), [&](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : cell_(a.second) < cell_(b.second);
  });
  for (const auto& timer : due_now) {
    timers_.erase(timer);
    cells_[timer.second].listed.reset();
    if (settle(timer.second, closing, alert)) list(timer.second, cells_[timer.second]);
  }
}

Detectors::Changed Detectors::take_changed(const CellFilter& of_cells) {
  Changed taken;
  std::erase_if(changed_, [&](const auto& each) {
    if (!of_cells(each.first)) return false;
    taken.insert(each);
    return true;
  });
  return taken;
}

const CellDetectors* Detectors::find(CellIndex cell) const {
  const auto found = cells_.find(cell);
  return found == cells_.end() ? nullptr : &found->second;
}

void Detectors::restored() {
  for (auto& [cell, held] : cells_) list(cell, held);
  changed_.clear();
  news_ = true;
}

std::vector<Alert> Detectors::firing() const {
  std::vector<Alert> alerts;
  for (const auto& [cell, held] : cells_) alerts.insert(alerts.end(), held.firing.begin(), held.firing.end());
  return alerts;
}

}  // namespace touchstone
