// The touchpoint map as a table for a terminal: a column for each stage, a row for each segment, in each cell how
// many interactions there were and how satisfied the customers said they are. Fed with the derived records.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/flow/topic_names.h"
#include "engine/model/rules.h"

namespace touchstone {

/// What a cell of the table shows.
struct MapTableCell {
  std::int64_t interactions = 0;
  std::int64_t responses = 0;
  double satisfaction_sum = 0;  ///< for showing only; nothing is computed from it
};

/// Whether satisfaction is coloured (red below 0.5, yellow below 0.7, green).
enum class Colours : std::uint8_t { kNone, kAnsi };

/// Prints rows of cells by (segment, stage); what is missing is shown as a dot.
void print_map_table(const std::vector<std::string>& stages, const std::vector<std::string>& segments,
                     const std::map<std::pair<std::string, std::string>, MapTableCell>& cells, Colours colours,
                     std::ostream& out);

/// Adds up everything that was written to `interactions`: the map over a whole file.
class MapTable {
 public:
  MapTable(const Rules& rules, const TopicNames& topics);

  /// Takes a derived record; those of other topics are passed over.
  void take(std::string_view topic, std::string_view value);
  void print(std::ostream& out, Colours colours = Colours::kNone) const;

 private:
  std::string interactions_;
  std::vector<std::string> stages_;
  std::vector<std::string> segments_;  ///< in map order, `other`, then `all`
  std::vector<MapTableCell> cells_;    ///< by segment, then by stage
};

}  // namespace touchstone
