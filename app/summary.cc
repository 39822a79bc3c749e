#include "app/summary.h"

#include <algorithm>
#include <array>
#include <optional>
#include <ostream>
#include <sstream>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ostream.h>

namespace touchstone {
namespace {

constexpr std::size_t kTransitionsShown = 3;
constexpr std::size_t kAlertsShown = 4;
constexpr std::size_t kPainPointsShown = 4;
/// Fewer responses say little about a touchpoint.
constexpr std::int64_t kEnoughResponses = 5;

std::string_view red(Colours colours) { return colours == Colours::kAnsi ? "\033[31m" : ""; }
std::string_view green(Colours colours) { return colours == Colours::kAnsi ? "\033[32m" : ""; }
std::string_view plain(Colours colours) { return colours == Colours::kAnsi ? "\033[0m" : ""; }

boost::json::object parse_object(std::string_view json) {
  return boost::json::parse({json.data(), json.size()}).as_object();
}

std::string text_of(const boost::json::object& object, std::string_view name,
                    std::string_view otherwise = "") {
  const auto* found = object.if_contains({name.data(), name.size()});
  return found != nullptr && found->is_string() ? std::string(found->as_string()) : std::string(otherwise);
}

double number_of(const boost::json::object& object, std::string_view name) {
  const auto* found = object.if_contains({name.data(), name.size()});
  return found != nullptr && found->is_number() ? found->to_number<double>() : 0;
}

std::int64_t count_of(const boost::json::object& object, std::string_view name) {
  return static_cast<std::int64_t>(number_of(object, name));
}

/// The parts of `window/scope/id/segment`; no id holds a slash.
std::optional<std::array<std::string_view, 4>> split_key(std::string_view key) {
  std::array<std::string_view, 4> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t slash = key.find('/');
    if ((slash == std::string_view::npos) != (i + 1 == parts.size())) return std::nullopt;
    parts[i] = key.substr(0, slash);
    if (slash != std::string_view::npos) key.remove_prefix(slash + 1);
  }
  return parts;
}

void keep_last(std::deque<std::string>& list, std::size_t count, std::string_view value) {
  list.emplace_back(value);
  if (list.size() > count) list.pop_front();
}

/// The time of day of an RFC 3339 time.
std::string time_of_day(const std::string& time) { return time.size() >= 19 ? time.substr(11, 8) : time; }

}  // namespace

Summary::Summary(const Rules& rules, const TopicNames& topics, std::string window)
    : rules_(rules), topics_(topics), window_(std::move(window)) {
  for (const Segment& segment : rules_.map().segments) segments_.push_back(segment.id);
  segments_.emplace_back(kOtherId);
  segments_.emplace_back(kAllId);
}

void Summary::take(const Record& record) {
  const std::string_view value = record.value.value_or(std::string_view{});
  if (record.topic == topics_.interactions) {
    ++counts_.interactions;
    if (value.find(R"("late":true)") != std::string_view::npos) ++counts_.late;
  } else if (record.topic == topics_.windows) {
    ++counts_.rows;
    if (record.key && record.value) take_row(*record.key, value);
  } else if (record.topic == topics_.transitions) {
    ++counts_.transitions;
    keep_last(transitions_, kTransitionsShown, value);
  } else if (record.topic == topics_.conversions) {
    ++counts_.conversions;
  } else if (record.topic == topics_.alerts) {
    ++counts_.alerts;
    keep_last(alerts_, kAlertsShown, value);
  } else if (record.topic == topics_.dead_letters) {
    const auto reason =
        std::find_if(record.headers.begin(), record.headers.end(),
                     [](const HeaderView& header) { return header.name == "touchstone.reason"; });
    ++counts_.dead_letters[std::string(reason == record.headers.end() ? "unknown" : reason->value)];
  }
}

void Summary::take_row(std::string_view key, std::string_view value) {
  const auto parts = split_key(key);
  if (!parts || (*parts)[0] != window_) return;
  const auto [window, scope, id, segment] = *parts;
  const bool shown = scope == "stage" || (segment == kAllId && (scope == "touchpoint" || scope == "all"));
  if (!shown) return;

  const boost::json::object row = parse_object(value);
  Figures figures{count_of(row, "interactions"), count_of(row, "customers"), count_of(row, "conversions"),
                  number_of(row, "value")};
  if (const auto* rated = row.if_contains("satisfaction")) {
    figures.responses = count_of(rated->as_object(), "responses");
    figures.satisfaction = number_of(rated->as_object(), "mean");
  }
  end_ = std::max(end_, text_of(row, "end"));
  if (scope == "stage") {
    cells_[{std::string(segment), std::string(id)}] = {
        figures.interactions, figures.responses,
        figures.satisfaction * static_cast<double>(figures.responses)};
    if (segment == kAllId) customers_[std::string(id)] = figures.customers;
  } else if (scope == "touchpoint") {
    touchpoints_[std::string(id)] = figures;
  } else {
    everything_ = figures;
  }
}

void Summary::print(const Layout& layout, std::ostream& out) const {
  if (end_.empty()) {
    fmt::print(out, "No window has closed yet.\n");
    return;
  }
  fmt::print(out, "{} up to {}: interactions, mean satisfaction (0..1)\n\n", window_,
             end_.size() >= 19 ? end_.substr(0, 10) + " " + time_of_day(end_) + " UTC" : end_);
  print_table(rules_.map().lifecycle.stages, layout, out);
  fmt::print(out, "\n");
  print_alerts(layout, out);
  print_pain_points(layout, out);
  print_customers(out);
  print_transitions(out);
}

void Summary::print_table(const std::vector<std::string>& stages, const Layout& layout,
                          std::ostream& out) const {
  std::ostringstream whole;
  print_map_table(stages, segments_, cells_, layout.colours, whole);
  const std::string table = whole.str();
  if (table.find('\n') <= layout.columns || stages.size() == 1) {
    out << table;
    return;
  }
  const auto middle = stages.begin() + static_cast<std::ptrdiff_t>((stages.size() + 1) / 2);
  print_table({stages.begin(), middle}, layout, out);
  print_table({middle, stages.end()}, layout, out);
}

void Summary::print_customers(std::ostream& out) const {
  fmt::print(out, "customers    {} in all", everything_.customers);
  for (const std::string& stage : rules_.map().lifecycle.stages) {
    const auto found = customers_.find(stage);
    if (found != customers_.end() && found->second > 0) fmt::print(out, ", {} {}", found->second, stage);
  }
  fmt::print(out, "\n");
  const bool converts = std::any_of(rules_.map().touchpoints.begin(), rules_.map().touchpoints.end(),
                                    [](const Touchpoint& touchpoint) { return touchpoint.conversion; });
  if (converts) {
    fmt::print(out, "conversions  {}, value of all interactions {:.2f}\n", everything_.conversions,
               everything_.value);
  }
}

void Summary::print_pain_points(const Layout& layout, std::ostream& out) const {
  struct PainPoint {
    const std::string* id;
    const Figures* figures;
    double expected;
  };
  std::vector<PainPoint> points;
  for (const Touchpoint& touchpoint : rules_.map().touchpoints) {
    const auto found = touchpoints_.find(touchpoint.id);
    if (found == touchpoints_.end() || !touchpoint.expect.satisfaction) continue;
    const Figures& figures = found->second;
    if (figures.responses < kEnoughResponses || figures.satisfaction >= *touchpoint.expect.satisfaction)
      continue;
    points.push_back({&touchpoint.id, &figures, *touchpoint.expect.satisfaction});
  }
  std::sort(points.begin(), points.end(), [](const PainPoint& a, const PainPoint& b) {
    return a.figures->satisfaction - a.expected < b.figures->satisfaction - b.expected;
  });
  if (points.size() > kPainPointsShown) points.resize(kPainPointsShown);
  fmt::print(out, "pain points  {}\n",
             points.empty() ? "none: nothing is worse than the map expects"
                            : "satisfaction against what the map expects");
  for (const PainPoint& point : points) {
    fmt::print(out, "  {:<20} {}{:.2f}{} of {:.2f}, {} responses\n", *point.id, red(layout.colours),
               point.figures->satisfaction, plain(layout.colours), point.expected, point.figures->responses);
  }
}

void Summary::print_alerts(const Layout& layout, std::ostream& out) const {
  if (!alerts_.empty()) fmt::print(out, "alerts\n");
  for (const std::string& json : alerts_) {
    const boost::json::object alert = parse_object(json);
    const std::string state = text_of(alert, "state");
    fmt::print(out, "  {} {}{}{} {} at {} {} ({}): {:.2f}, usually {:.2f}\n",
               time_of_day(text_of(alert, "at")),
               state == "firing" ? red(layout.colours) : green(layout.colours), state, plain(layout.colours),
               text_of(alert, "kind"), text_of(alert, "scope"), text_of(alert, "id"),
               text_of(alert, "segment"), number_of(alert, "observed"), number_of(alert, "baseline"));
  }
}

void Summary::print_transitions(std::ostream& out) const {
  if (!transitions_.empty()) fmt::print(out, "transitions\n");
  for (const std::string& json : transitions_) {
    const boost::json::object transition = parse_object(json);
    fmt::print(out, "  {} {} ({}): {} -> {}, {}\n", time_of_day(text_of(transition, "time")),
               text_of(transition, "customer"), text_of(transition, "segment"),
               text_of(transition, "from", "new"), text_of(transition, "to"), text_of(transition, "cause"));
  }
}

}  // namespace touchstone
