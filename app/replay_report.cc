#include "app/replay_report.h"

#include <algorithm>
#include <ostream>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include "app/findings.h"
#include "app/record_text.h"
#include "engine/model/map_reading.h"

namespace touchstone {
namespace {

constexpr std::size_t kOfAKind = 10;
constexpr std::size_t kUnmappedKept = 1'000;

std::string member(const boost::json::object& object, std::string_view name) {
  const auto* found = object.if_contains({name.data(), name.size()});
  return found != nullptr && found->is_string() ? std::string(found->as_string()) : std::string();
}

boost::json::object parsed(std::string_view json) { return boost::json::parse({json.data(), json.size()}).as_object(); }

}  // namespace

ReplayReport::ReplayReport(const Rules& rules, const TopicNames& topics)
    : rules_(rules), topics_(topics), table_(rules, topics), rows_(rules, rules.settings().windows.back().name) {}

void ReplayReport::take(std::string_view topic, std::string_view key, std::string_view value) {
  table_.take(topic, value);
  if (topic == topics_.windows) rows_.take(key, value);
  // Only where it may matter is a record looked into.
  if (topic == topics_.transitions && behind(value, R"("to":"lapsed")")) take_lapse(value);
  if (topic == topics_.interactions && behind(value, R"("touchpoint":"unmapped")")) take_unmapped(value);
}

void ReplayReport::take_lapse(std::string_view transition) {
  const boost::json::object record = parsed(transition);
  const auto time = parse_rfc3339(member(record, "time"));
  if (!time) return;
  const WindowSpec& window = rules_.settings().windows.back();
  const std::string cause = member(record, "cause");
  ByTouchpoint& step = lapses_[floor_to(*time, window.step)];
  ++step[{cause, member(record, "segment")}];
  ++step[{cause, std::string(kAllId)}];
  lapses_.erase(lapses_.begin(), lapses_.lower_bound(lapses_.rbegin()->first - window.size));
}

void ReplayReport::take_unmapped(std::string_view interaction) {
  const boost::json::object record = parsed(interaction);
  std::pair<std::string, std::string> kind{member(record, "channel"), member(record, "type")};
  const auto found = unmapped_.find(kind);
  if (found != unmapped_.end()) {
    ++found->second;
  } else if (unmapped_.size() < kUnmappedKept) {
    unmapped_.emplace(std::move(kind), 1);
  } else {
    ++unmapped_others_;
  }
}

ReplayReport::ByTouchpoint ReplayReport::lapses() const {
  ByTouchpoint sums;
  const auto end = parse_rfc3339(rows_.end());
  if (!end) return sums;
  const auto begin = lapses_.lower_bound(*end - rules_.settings().windows.back().size);
  for (auto step = begin; step != lapses_.end(); ++step) {
    for (const auto& [where, count] : step->second) sums[where] += count;
  }
  return sums;
}

void ReplayReport::print(std::ostream& out) const {
  table_.print(out);
  if (rows_.end().empty()) return;
  fmt::print(out, "\nall segments, the {} up to {}\n\n", rows_.window(), rows_.end());
  const CreditModel model = rules_.settings().has_longest ? CreditModel::kMarkov : CreditModel::kLinear;
  const std::vector<SegmentReading> readings = read_map(rules_, {rows_.rows(), lapses()}, model);
  print_findings(readings.back(), rules_, Colours::kNone, kOfAKind, out);
  print_unmapped(out);
}

void ReplayReport::print_unmapped(std::ostream& out) const {
  if (unmapped_.empty()) return;
  using Kind = decltype(unmapped_)::value_type;
  std::vector<const Kind*> kinds;
  for (const Kind& kind : unmapped_) kinds.push_back(&kind);
  std::stable_sort(kinds.begin(), kinds.end(), [](const Kind* a, const Kind* b) { return a->second > b->second; });
  fmt::print(out, "\nunmapped in the whole input, by channel and type\n");
  std::int64_t others = unmapped_others_;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (i < kOfAKind) {
      fmt::print(out, "  {:<32} {}\n", kinds[i]->first.first + " " + kinds[i]->first.second, kinds[i]->second);
    } else {
      others += kinds[i]->second;
    }
  }
  if (others > 0) fmt::print(out, "  {:<32} {}\n", "others", others);
}

}  // namespace touchstone
