#include "app/summary.h"

#include <algorithm>
#include <ostream>
#include <sstream>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include "app/findings.h"
#include "engine/model/map_reading.h"

namespace touchstone {
namespace {

constexpr std::size_t kTransitionsShown = 3;
constexpr std::size_t kAlertsShown = 4;
constexpr std::size_t kFindingsShown = 4;

std::string_view red(Colours colours) { return colours == Colours::kAnsi ? "\033[31m" : ""; }
std::string_view green(Colours colours) { return colours == Colours::kAnsi ? "\033[32m" : ""; }
std::string_view plain(Colours colours) { return colours == Colours::kAnsi ? "\033[0m" : ""; }

boost::json::object parse_object(std::string_view json) {
  return boost::json::parse({json.data(), json.size()}).as_object();
}

std::string text_of(const boost::json::object& object, std::string_view name, std::string_view otherwise = "") {
  const auto* found = object.if_contains({name.data(), name.size()});
  return found != nullptr && found->is_string() ? std::string(found->as_string()) : std::string(otherwise);
}

double number_of(const boost::json::object& object, std::string_view name) {
  const auto* found = object.if_contains({name.data(), name.size()});
  return found != nullptr && found->is_number() ? found->to_number<double>() : 0;
}

MapTableCell table_cell(const Measures& measures) {
  const Mean satisfaction = measures.satisfaction.value_or(Mean{});
  return {measures.interactions, satisfaction.responses,
          static_cast<double>(satisfaction.millionths) / static_cast<double>(kMillion) *
              static_cast<double>(satisfaction.responses)};
}

void keep_last(std::deque<std::string>& list, std::size_t count, std::string_view value) {
  list.emplace_back(value);
  if (list.size() > count) list.pop_front();
}

/// The time of day of an RFC 3339 time.
std::string time_of_day(const std::string& time) { return time.size() >= 19 ? time.substr(11, 8) : time; }

}  // namespace

Summary::Summary(const Rules& rules, TopicNames topics, std::string window)
    : rules_(rules), topics_(std::move(topics)), rows_(rules, std::move(window)) {
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
    if (record.key && record.value) rows_.take(*record.key, value);
  } else if (record.topic == topics_.transitions) {
    ++counts_.transitions;
    keep_last(transitions_, kTransitionsShown, value);
  } else if (record.topic == topics_.conversions) {
    ++counts_.conversions;
  } else if (record.topic == topics_.alerts) {
    ++counts_.alerts;
    keep_last(alerts_, kAlertsShown, value);
  } else if (record.topic == topics_.dead_letters) {
    const auto reason = std::find_if(record.headers.begin(), record.headers.end(),
                                     [](const HeaderView& header) { return header.name == "touchstone.reason"; });
    ++counts_.dead_letters[std::string(reason == record.headers.end() ? "unknown" : reason->value)];
  }
}

void Summary::print(const Layout& layout, std::ostream& out) const {
  const std::string& end = rows_.end();
  if (end.empty()) {
    fmt::print(out, "No window has closed yet.\n");
    return;
  }
  fmt::print(out, "{} up to {}: interactions, mean satisfaction (0..1)\n\n", rows_.window(),
             end.size() >= 19 ? end.substr(0, 10) + " " + time_of_day(end) + " UTC" : end);
  print_table(rules_.map().lifecycle.stages, layout, out);
  fmt::print(out, "\n");
  print_alerts(layout, out);
  // Without a chain, which only the longest window has, credit is split evenly.
  const std::vector<SegmentReading> readings = read_map(rules_, {rows_.rows(), {}}, CreditModel::kLinear);
  print_findings(readings.back(), rules_, layout.colours, kFindingsShown, out);
  print_customers(out);
  print_transitions(out);
}

void Summary::print_table(const std::vector<std::string>& stages, const Layout& layout, std::ostream& out) const {
  std::map<std::pair<std::string, std::string>, MapTableCell> cells;
  for (const auto& [cell, measures] : rows_.rows()) {
    if (cell.scope == Scope::kStage) cells[{cell.segment, cell.id}] = table_cell(measures);
  }
  std::ostringstream whole;
  print_map_table(stages, segments_, cells, layout.colours, whole);
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
  const Measures& everything = rows_.row(Scope::kAll, kAllId, kAllId);
  fmt::print(out, "customers    {} in all", everything.customers);
  for (const std::string& stage : rules_.map().lifecycle.stages) {
    const std::int64_t customers = rows_.row(Scope::kStage, stage, kAllId).customers;
    if (customers > 0) fmt::print(out, ", {} {}", customers, stage);
  }
  fmt::print(out, "\n");
  const bool converts = std::any_of(rules_.map().touchpoints.begin(), rules_.map().touchpoints.end(),
                                    [](const Touchpoint& touchpoint) { return touchpoint.conversion; });
  if (converts) {
    fmt::print(out, "conversions  {}, value of all interactions {:.2f}\n", everything.conversions,
               static_cast<double>(everything.value) / static_cast<double>(kMoneyUnit));
  }
}

void Summary::print_alerts(const Layout& layout, std::ostream& out) const {
  if (!alerts_.empty()) fmt::print(out, "alerts\n");
  for (const std::string& json : alerts_) {
    const boost::json::object alert = parse_object(json);
    const std::string state = text_of(alert, "state");
    fmt::print(out, "  {} {}{}{} {} at {} {} ({}): {:.2f}, usually {:.2f}\n", time_of_day(text_of(alert, "at")),
               state == "firing" ? red(layout.colours) : green(layout.colours), state, plain(layout.colours),
               text_of(alert, "kind"), text_of(alert, "scope"), text_of(alert, "id"), text_of(alert, "segment"),
               number_of(alert, "observed"), number_of(alert, "baseline"));
  }
}

void Summary::print_transitions(std::ostream& out) const {
  if (!transitions_.empty()) fmt::print(out, "transitions\n");
  for (const std::string& json : transitions_) {
    const boost::json::object transition = parse_object(json);
    fmt::print(out, "  {} {} ({}): {} -> {}, {}\n", time_of_day(text_of(transition, "time")),
               text_of(transition, "customer"), text_of(transition, "segment"), text_of(transition, "from", "new"),
               text_of(transition, "to"), text_of(transition, "cause"));
  }
}

}  // namespace touchstone
