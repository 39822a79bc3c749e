#include "app/map_table.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <ostream>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "app/record_text.h"

namespace touchstone {
namespace {

constexpr std::size_t kNarrowest = 14;

std::string_view colour_of(double satisfaction) {
  if (satisfaction < 0.5) return "\033[31m";
  return satisfaction < 0.7 ? "\033[33m" : "\033[32m";
}

/// A count in few characters: 999, 12.3k, 4.56M.
std::string short_count(std::int64_t count) {
  if (count < 10'000) return std::to_string(count);
  if (count < 1'000'000) return fmt::format("{:.1f}k", static_cast<double>(count) / 1e3);
  return fmt::format("{:.2f}M", static_cast<double>(count) / 1e6);
}

std::string cell_text(const MapTableCell* cell, std::size_t width, Colours colours) {
  if (cell == nullptr || (cell->interactions == 0 && cell->responses == 0)) return fmt::format("{:>{}}", "·", width);
  const std::string count = short_count(cell->interactions);
  if (cell->responses == 0) return fmt::format("{:>{}}", count + "     ", width);
  const double mean = cell->satisfaction_sum / static_cast<double>(cell->responses);
  const std::string padded = fmt::format("{:>{}}", count, width - 5);
  if (colours == Colours::kNone) return fmt::format("{} {:.2f}", padded, mean);
  return fmt::format("{} {}{:.2f}\033[0m", padded, colour_of(mean), mean);
}

/// An id has no characters that JSON escapes.
std::string_view id_behind(std::string_view record, std::string_view name) {
  const auto rest = behind(record, name);
  return rest ? rest->substr(0, rest->find('"')) : std::string_view{};
}

std::optional<double> number_behind(std::string_view record, std::string_view name) {
  const auto rest = behind(record, name);
  double number = 0;
  if (!rest || std::from_chars(rest->data(), rest->data() + rest->size(), number).ec != std::errc{})
    return std::nullopt;
  return number;
}

/// The number of ids where it is none of them.
std::size_t place_of(std::string_view id, const std::vector<std::string>& ids) {
  return static_cast<std::size_t>(std::find(ids.begin(), ids.end(), id) - ids.begin());
}

}  // namespace

void print_map_table(const std::vector<std::string>& stages, const std::vector<std::string>& segments,
                     const std::map<std::pair<std::string, std::string>, MapTableCell>& cells, Colours colours,
                     std::ostream& out) {
  std::size_t label = 8;
  for (const std::string& segment : segments) label = std::max(label, segment.size());
  std::size_t width = kNarrowest;
  for (const std::string& stage : stages) width = std::max(width, stage.size() + 2);

  fmt::print(out, "{:<{}}", "segment", label);
  for (const std::string& stage : stages) fmt::print(out, "{:>{}}", stage, width);
  fmt::print(out, "\n");
  for (const std::string& segment : segments) {
    fmt::print(out, "{:<{}}", segment, label);
    for (const std::string& stage : stages) {
      const auto found = cells.find({segment, stage});
      fmt::print(out, "{}", cell_text(found == cells.end() ? nullptr : &found->second, width, colours));
    }
    fmt::print(out, "\n");
  }
}

MapTable::MapTable(const Rules& rules, const TopicNames& topics)
    : interactions_(topics.interactions), stages_(rules.map().lifecycle.stages) {
  for (const Segment& segment : rules.map().segments) segments_.push_back(segment.id);
  segments_.emplace_back(kOtherId);
  segments_.emplace_back(kAllId);
  cells_.resize(stages_.size() * segments_.size());
}

void MapTable::take(std::string_view topic, std::string_view value) {
  if (topic != interactions_) return;
  const std::size_t stage = place_of(id_behind(value, R"("stage":")"), stages_);
  const std::size_t segment = place_of(id_behind(value, R"("segment":")"), segments_);
  if (stage == stages_.size() || segment == segments_.size()) return;
  const std::optional<double> satisfaction = number_behind(value, R"("satisfaction":)");
  for (const std::size_t row : {segment, segments_.size() - 1}) {
    MapTableCell& cell = cells_[row * stages_.size() + stage];
    ++cell.interactions;
    if (!satisfaction) continue;
    ++cell.responses;
    cell.satisfaction_sum += *satisfaction;
  }
}

void MapTable::print(std::ostream& out, Colours colours) const {
  fmt::print(out, "interactions and mean satisfaction (0..1), by segment and stage\n\n");
  std::map<std::pair<std::string, std::string>, MapTableCell> cells;
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    cells[{segments_[i / stages_.size()], stages_[i % stages_.size()]}] = cells_[i];
  }
  print_map_table(stages_, segments_, cells, colours, out);
}

}  // namespace touchstone
