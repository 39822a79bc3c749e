#include "app/trial.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <ostream>
#include <string_view>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include "engine/flow/board.h"
#include "engine/flow/journey_stage.h"
#include "engine/flow/renumbering.h"
#include "ingest/event_decoder.h"
#include "ingest/line_reader.h"

namespace touchstone {
namespace {

constexpr std::size_t kMostChanges = 20;
constexpr std::uint64_t kTrialSession = 1;

/// What became of one event; nothing where it was no interaction.
struct Outcome {
  std::string touchpoint;
  std::string stage;
  friend auto operator<=>(const Outcome&, const Outcome&) = default;
};

/// A journey stage over all lines, as one partition.
class OneMap {
 public:
  explicit OneMap(std::shared_ptr<const Rules> rules)
      : rules_(std::move(rules)), decoder_(std::make_shared<EventDecoder>(rules_->settings().max_future)) {
    JourneyOptions options;
    options.rules = {rules_, nullptr};
    options.topics = topics_;
    stage_ = std::make_unique<JourneyStage>(std::move(options), decoder_, slices_);
  }

  Result<std::optional<Outcome>> take(Record record) {
    std::string forgotten;
    // A line of a file has no null value; what asks to forget a customer is looked for only where it may be.
    if (record.value->find("forget") != std::string_view::npos) {
      (void)decoder_->decode(record);
      if (const auto asked = decoder_->forget()) {
        forgotten = *asked;
        record.key = forgotten;
        record.value.reset();
      }
    }
    Output out;
    TOUCHSTONE_TRY(stage_->process(record, out));
    stage_->drop_changes();
    totals_.add(out.counts);
    std::optional<Outcome> outcome;
    for (const OutRecord& each : out.records) {
      if (each.topic != topics_.interactions) continue;
      const boost::json::value row = boost::json::parse(*each.value);
      outcome = {std::string(row.at("touchpoint").as_string()), std::string(row.at("stage").as_string())};
    }
    return outcome;
  }

  void end() {
    Output out;
    stage_->end({stage_->highest(), kTrialSession}, out);
    totals_.add(out.counts);
  }

  [[nodiscard]] const Counts& totals() const { return totals_; }
  [[nodiscard]] const Rules& rules() const { return *rules_; }
  [[nodiscard]] StageCustomers customers() {
    Board board;
    const TaskId task{StageKind::kJourney, "trial", Partition(0)};
    stage_->publish(board, task, true);
    return board.snapshot().journeys.at(task).stage_customers;
  }

 private:
  std::shared_ptr<const Rules> rules_;
  std::shared_ptr<EventDecoder> decoder_;
  TopicNames topics_;
  Slices slices_{1};
  std::unique_ptr<JourneyStage> stage_;
  Counts totals_;
};

/// Numbers by id, a column for each map; ids in the order in which the maps name them.
class Columns {
 public:
  explicit Columns(std::size_t columns) : columns_(columns) {}

  void declare(const std::string& id) { (void)row(id); }
  void add(const std::string& id, std::size_t column, std::int64_t count) { row(id)[column] += count; }

  void print(std::string_view title, const std::vector<std::string_view>& names, std::ostream& out) const {
    std::size_t width = title.size();
    for (const auto& [id, counts] : rows_) width = std::max(width, id.size());
    fmt::print(out, "\n{:<{}}", title, width);
    for (const std::string_view name : names) fmt::print(out, "{:>12}", name);
    fmt::print(out, "\n");
    for (const auto& [id, counts] : rows_) {
      fmt::print(out, "{:<{}}", id, width);
      for (const std::int64_t count : counts) fmt::print(out, "{:>12}", count);
      fmt::print(out, "\n");
    }
  }

 private:
  std::vector<std::int64_t>& row(const std::string& id) {
    const auto found = std::find_if(rows_.begin(), rows_.end(), [&](const auto& each) { return each.first == id; });
    if (found != rows_.end()) return found->second;
    return rows_.emplace_back(id, std::vector<std::int64_t>(columns_)).second;
  }

  std::size_t columns_;
  std::vector<std::pair<std::string, std::vector<std::int64_t>>> rows_;
};

template <typename Number>
void declare_all(const Dictionary<Number>& ids, Columns& columns) {
  for (std::size_t i = 0; i < ids.size(); ++i) columns.declare(ids.id(Number(static_cast<std::uint16_t>(i))));
}

void print_counts(std::deque<OneMap>& maps, std::ostream& out) {
  const std::vector<std::string_view> names =
      maps.size() == 1 ? std::vector<std::string_view>{"events"} : std::vector<std::string_view>{"before", "after"};
  Columns touchpoints(maps.size());
  Columns stages(maps.size());
  Columns segments(maps.size());
  Columns customers(maps.size());
  Columns others(maps.size());
  for (std::size_t column = 0; column < maps.size(); ++column) {
    OneMap& map = maps[column];
    const Rules& rules = map.rules();
    declare_all(rules.touchpoints(), touchpoints);
    declare_all(rules.stages(), stages);
    declare_all(rules.segments(), segments);
    declare_all(rules.stages(), customers);
    for (const auto& [key, count] : map.totals().interactions) {
      const auto events = static_cast<std::int64_t>(count);
      touchpoints.add(rules.touchpoints().id(key.touchpoint), column, events);
      stages.add(rules.stages().id(key.stage), column, events);
      segments.add(rules.segments().id(key.segment), column, events);
    }
    for (const auto& [key, count] : map.customers()) {
      const bool lapsed = key.first.kind == StagePlace::Kind::kLapsed;
      customers.add(lapsed ? std::string(kLapsedId) : rules.stages().id(key.first.stage), column, count);
    }
    std::int64_t conversions = 0;
    for (const auto& [segment, count] : map.totals().conversions) conversions += static_cast<std::int64_t>(count);
    std::int64_t letters = 0;
    for (const std::uint64_t count : map.totals().dead_letters) letters += static_cast<std::int64_t>(count);
    others.add("conversions", column, conversions);
    others.add("late events", column, static_cast<std::int64_t>(map.totals().late_events));
    others.add("duplicates", column, static_cast<std::int64_t>(map.totals().duplicates));
    others.add("dead letters", column, letters);
  }
  touchpoints.print("touchpoint", names, out);
  stages.print("stage of the event", names, out);
  segments.print("segment", names, out);
  customers.print("customers at the end", names, out);
  others.print("altogether", names, out);
}

using Changes = std::map<std::pair<std::string, std::string>, std::int64_t>;

void print_changes(std::string_view what, const Changes& changes, std::ostream& out) {
  if (changes.empty()) {
    fmt::print(out, "\nno event changes its {}\n", what);
    return;
  }
  std::vector<std::pair<std::int64_t, std::pair<std::string, std::string>>> sorted;
  std::int64_t all = 0;
  for (const auto& [change, count] : changes) {
    sorted.emplace_back(-count, change);
    all += count;
  }
  std::sort(sorted.begin(), sorted.end());
  fmt::print(out, "\n{} events change their {}\n", all, what);
  for (std::size_t i = 0; i < std::min(sorted.size(), kMostChanges); ++i) {
    fmt::print(out, "{:>12}  {} -> {}\n", -sorted[i].first, sorted[i].second.first, sorted[i].second.second);
  }
  if (sorted.size() > kMostChanges) fmt::print(out, "              and {} others\n", sorted.size() - kMostChanges);
}

}  // namespace

Result<void> try_maps(const TrialOptions& options, std::ostream& out) {
  auto lines = LineReader::open(options.events);
  if (!lines) return lines.error();
  std::deque<OneMap> maps;
  for (const auto& rules : options.rules) maps.emplace_back(rules);
  Changes touchpoints;
  Changes stages;
  std::int64_t read = 0;
  for (;; ++read) {
    auto line = (*lines)->next();
    if (!line) return line.error();
    if (!*line) break;
    Record record;
    record.topic = (*lines)->base_name();
    record.offset = Offset(read);
    record.value = **line;
    std::vector<std::optional<Outcome>> outcomes;
    for (OneMap& map : maps) {
      auto outcome = map.take(record);
      if (!outcome) return outcome.error();
      outcomes.push_back(std::move(*outcome));
    }
    if (outcomes.size() < 2 || !outcomes[0] || !outcomes[1]) continue;
    const Outcome& before = *outcomes[0];
    const Outcome& after = *outcomes[1];
    if (before.touchpoint != after.touchpoint) ++touchpoints[{before.touchpoint, after.touchpoint}];
    if (before.stage != after.stage) ++stages[{before.stage, after.stage}];
  }
  for (OneMap& map : maps) map.end();
  fmt::print(out, "{} lines of {}\n", read, options.events);
  print_counts(maps, out);
  if (maps.size() < 2) return {};
  print_changes("touchpoint", touchpoints, out);
  print_changes("stage", stages, out);
  return {};
}

}  // namespace touchstone
