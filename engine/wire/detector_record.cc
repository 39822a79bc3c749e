#include "engine/wire/detector_record.h"

#include <bit>
#include <cmath>
#include <memory>

#include "engine/wire/bytes.h"
#include "engine/wire/records.h"

namespace touchstone {
namespace {

constexpr std::uint8_t kDetectorVersion = 2;
/// Beyond it a number is a fault of the bytes; so sums of those that are read stay finite, and within 64 bits.
constexpr double kLargestReal = 1e15;
constexpr std::int64_t kLargestWhole = 1'000'000'000'000'000;

void write_real(ByteWriter& out, double value) {
  out.byte(value == 0 ? 0 : 1);
  if (value != 0) out.fixed64(std::bit_cast<std::uint64_t>(value));
}

void read_real(ByteReader& in, double& value) {
  const std::uint8_t there = in.byte();
  if (there > 1) in.fail();
  value = there == 1 ? std::bit_cast<double>(in.fixed64()) : 0;
  if (!std::isfinite(value) || std::abs(value) > kLargestReal) in.fail();
  if (!in.ok()) value = 0;
}

void read_whole(ByteReader& in, std::int64_t& value) {
  value = in.signed_number();
  if (value < -kLargestWhole || value > kLargestWhole) in.fail();
  if (!in.ok()) value = 0;
}

/// Writes or reads the same members in the same order, so that the two cannot come apart.
class Writing {
 public:
  Writing(ByteWriter& out, const Names& names) : out_(out), names_(names) {}
  void real(const double& value) { write_real(out_, value); }
  void whole(const std::int64_t& value) { out_.signed_number(value); }
  void time(const EventTime& value) { out_.time(value); }
  void cell(const Cell& value) { write_cell(out_, value, names_); }
  template <typename T>
  bool there(const std::optional<T>& value) {
    out_.byte(value ? 1 : 0);
    return value.has_value();
  }
  template <typename T, typename Pass>
  void many(const std::vector<T>& values, const Pass& pass) {
    out_.number(values.size());
    for (const T& each : values) pass(each);
  }

 private:
  ByteWriter& out_;
  const Names& names_;
};

class Reading {
 public:
  Reading(ByteReader& in, Names& names) : in_(in), names_(names) {}
  void real(double& value) { read_real(in_, value); }
  void whole(std::int64_t& value) { read_whole(in_, value); }
  void time(EventTime& value) { value = in_.time(); }
  void cell(Cell& value) { value = read_cell(in_, names_); }
  template <typename T>
  bool there(std::optional<T>& value) {
    if (in_.byte() == 0) return false;
    value = T{};  // emplace() without arguments is refused by clang for what is nested in a class and has defaults
    return true;
  }
  template <typename T, typename Pass>
  void many(std::vector<T>& values, const Pass& pass) {
    const std::size_t count = in_.count();
    for (std::size_t i = 0; i < count && in_.ok(); ++i) pass(values.emplace_back());
  }

 private:
  ByteReader& in_;
  Names& names_;
};

template <typename Way, typename Change>
void pass_change(Way& way, Change& change) {
  way.time(change.at);
  way.time(change.since);
  way.real(change.observed);
  way.real(change.baseline);
  way.whole(change.responses);
  way.real(change.score);
}

template <typename Way, typename Stretch>
void pass_stretch(Way& way, Stretch& stretch) {
  way.real(stretch.evidence);
  way.whole(stretch.responses);
  if (stretch.responses == 0) return;
  way.time(stretch.since);
  way.whole(stretch.sum);
  way.real(stretch.usual);
  way.cell(stretch.parts);
}

template <typename Way, typename Hour>
void pass_hour(Way& way, Hour& hour) {
  way.whole(hour.number);
  way.real(hour.responses);
  way.real(hour.deviation);
}

template <typename Way, typename Recent>
void pass_level_recent(Way& way, Recent& recent) {
  for (auto* each : {&recent.cubes, &recent.cubed_responses, &recent.waiting_cubes, &recent.waiting_cubed,
                     &recent.responses, &recent.sum, &recent.squares, &recent.panes, &recent.waiting_responses,
                     &recent.waiting_sum, &recent.waiting_squares, &recent.waiting_panes}) {
    way.real(*each);
  }
  pass_hour(way, recent.hour);
  way.cell(recent.parts);
  way.cell(recent.waiting_parts);
  way.many(recent.waiting_hours, [&](auto& hour) { pass_hour(way, hour); });
  for (auto& test : recent.tests) pass_stretch(way, test);
  if (!way.there(recent.firing)) return;
  way.time(recent.firing->at);
  way.real(recent.firing->fall);
  pass_stretch(way, recent.firing->all);
  pass_stretch(way, recent.firing->recovery);
  pass_change(way, recent.firing->told);
}

template <typename Way, typename Slow>
void pass_level_slow(Way& way, Slow& slow) {
  const auto effect = [&](auto& each) {
    way.real(each.value);
    way.real(each.precision);
  };
  for (auto& each : slow.hours) effect(each);
  for (auto& each : slow.days) effect(each);
  for (auto* each : {&slow.swing_squares, &slow.swing_responses, &slow.swing_hours, &slow.rate_responses,
                     &slow.rate_hours, &slow.tuned_at}) {
    way.real(*each);
  }
  way.whole(slow.hours_seen);
  for (auto& each : slow.tunings) {
    way.real(each.theta);
    way.real(each.psi);
    way.real(each.limit);
    way.real(each.allowance);
  }
}

template <typename Way, typename Rate>
void pass_rate(Way& way, Rate& rate) {
  way.time(rate.first);
  for (auto* each :
       {&rate.came, &rate.hours, &rate.squares, &rate.squared_hours, &rate.pane_squares, &rate.pane_expected}) {
    way.real(*each);
  }
  const auto share = [&](auto& each) {
    way.real(each.came);
    way.real(each.expected);
  };
  for (auto& each : rate.of_day) share(each);
  for (auto& each : rate.of_week) share(each);
}

template <typename Way, typename Recent>
void pass_silence_recent(Way& way, Recent& recent) {
  way.time(recent.last);
  way.whole(recent.hour.came);
  way.whole(recent.hour.squares);
  way.real(recent.evidence);
  way.time(recent.since);
  way.whole(recent.came);
  way.real(recent.expected);
  if (way.there(recent.firing)) pass_change(way, *recent.firing);
}

template <typename Way, typename Recent>
void pass_conversions_recent(Way& way, Recent& recent) {
  way.time(recent.last);
  way.whole(recent.hour.came);
  way.whole(recent.hour.squares);
}

void write_parts(ByteWriter& out, const std::vector<ChangePart>& parts) {
  out.number(parts.size());
  for (const ChangePart& part : parts) {
    out.byte(static_cast<std::uint8_t>(part.what));
    out.text(part.id);
    out.signed_number(part.millionths);
  }
}

std::vector<ChangePart> read_parts(ByteReader& in) {
  std::vector<ChangePart> parts;
  const std::size_t count = in.count();
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    ChangePart part;
    const std::uint8_t what = in.byte();
    if (what >= kChangePartNames.size()) in.fail();
    part.what = static_cast<ChangePart::What>(what);
    part.id = in.text();
    read_whole(in, part.millionths);
    parts.push_back(std::move(part));
  }
  return parts;
}

void write_alert(ByteWriter& out, const Alert& alert) {
  out.byte(static_cast<std::uint8_t>(alert.kind));
  out.time(alert.at);
  out.time(alert.since);
  for (const std::int64_t each : {alert.observed, alert.baseline, alert.responses, alert.score})
    out.signed_number(each);
  write_parts(out, alert.explanation.by_segment);
  write_parts(out, alert.explanation.by_channel);
}

Alert read_alert(ByteReader& in, const CellKey& cell) {
  Alert alert;
  const std::uint8_t kind = in.byte();
  if (kind >= kAlertKinds) in.fail();
  if (!in.ok()) return alert;
  alert.kind = static_cast<AlertKind>(kind);
  alert.cell = cell;
  alert.at = in.time();
  alert.since = in.time();
  for (std::int64_t* each : {&alert.observed, &alert.baseline, &alert.responses, &alert.score}) read_whole(in, *each);
  alert.explanation.by_segment = read_parts(in);
  alert.explanation.by_channel = read_parts(in);
  alert.id = alert_id(alert.kind, cell, alert.since);
  return alert;
}

template <typename Detector>
Detector& made(std::unique_ptr<Detector>& held) {
  if (!held) held = std::make_unique<Detector>();
  return *held;
}

constexpr std::size_t kLevels = 3;
constexpr std::size_t kConversions = 2;
constexpr std::uint8_t kSilenceFlag = 8;

}  // namespace

std::string encode_detectors(const CellDetectors& held, DetectorPart part, const Names& names) {
  const std::array<const LevelDetector*, kLevels> levels = {held.satisfaction.get(), held.wait.get(),
                                                            held.conversions ? &held.conversions->share : nullptr};
  ByteWriter out;
  Writing way(out, names);
  out.byte(kDetectorVersion);
  std::uint8_t flags = held.silence ? kSilenceFlag : 0;
  for (std::size_t i = 0; i < kLevels; ++i) {
    if (levels[i] != nullptr) flags = static_cast<std::uint8_t>(flags | (1U << i));
  }
  out.byte(flags);
  if (part == DetectorPart::kSlow) {
    for (const LevelDetector* level : levels) {
      if (level != nullptr) pass_level_slow(way, level->slow);
    }
    if (held.conversions) pass_rate(way, held.conversions->rate);
    if (held.silence) pass_rate(way, held.silence->rate);
    return out.take();
  }
  out.time(held.last);
  for (const std::int64_t each : {held.waits.seen, held.waits.buckets, held.waits.reference_ms})
    out.signed_number(each);
  for (const LevelDetector* level : levels) {
    if (level != nullptr) pass_level_recent(way, level->recent);
  }
  if (held.conversions) pass_conversions_recent(way, held.conversions->recent);
  if (held.silence) pass_silence_recent(way, held.silence->recent);
  out.number(held.firing.size());
  for (const Alert& alert : held.firing) write_alert(out, alert);
  return out.take();
}

bool decode_detectors(std::string_view bytes, DetectorPart part, const CellKey& cell, Names& names,
                      CellDetectors& held) {
  ByteReader in(bytes);
  Reading way(in, names);
  if (in.byte() != kDetectorVersion) return false;
  const std::uint8_t flags = in.byte();
  const auto has = [&](std::size_t i) { return (flags & (1U << i)) != 0; };
  const auto level = [&](std::size_t i) -> LevelDetector& {
    if (i == kConversions) return made(held.conversions).share;
    return made(i == 0 ? held.satisfaction : held.wait);
  };
  if (part == DetectorPart::kSlow) {
    for (std::size_t i = 0; i < kLevels; ++i) {
      if (has(i)) pass_level_slow(way, level(i).slow);
    }
    if (has(kConversions)) pass_rate(way, made(held.conversions).rate);
    if ((flags & kSilenceFlag) != 0) pass_rate(way, made(held.silence).rate);
    return in.done();
  }
  held.last = in.time();
  for (std::int64_t* each : {&held.waits.seen, &held.waits.buckets, &held.waits.reference_ms}) read_whole(in, *each);
  for (std::size_t i = 0; i < kLevels; ++i) {
    if (has(i)) pass_level_recent(way, level(i).recent);
  }
  if (has(kConversions)) pass_conversions_recent(way, made(held.conversions).recent);
  if ((flags & kSilenceFlag) != 0) pass_silence_recent(way, made(held.silence).recent);
  const std::size_t firing = in.count();
  for (std::size_t i = 0; i < firing && in.ok(); ++i) held.firing.push_back(read_alert(in, cell));
  return in.done();
}

}  // namespace touchstone
