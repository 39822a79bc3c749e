// How customers move, from the sums of moves and stays over a window: where they go from each touchpoint, how likely
// that is, and how long they stay in a stage.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/model/cell.h"
#include "engine/model/row.h"
#include "engine/model/rules.h"

namespace touchstone {

/// One way on from a touchpoint. Of customers who were here and then somewhere else, or lapsed.
struct NextStep {
  std::optional<TouchpointNo> to;  ///< absent: they lapsed
  std::int64_t count = 0;
  double probability = 0;  ///< of all counted steps from here; 0..1
};

struct StepsFrom {
  TouchpointNo from;
  std::int64_t count = 0;
  std::vector<NextStep> next;  ///< the most frequent first; of equals by the ids' bytes, a lapse last
};

/// Time between entering a stage and leaving it, of those who left it in the window.
struct StageStay {
  StageNo stage;
  Lengths lengths;
};

struct JourneyReading {
  std::vector<StepsFrom> steps;  ///< in map order, `unmapped` last
  std::vector<StageStay> stays;  ///< in lifecycle order
};

/// Of one segment, or `all`. Cells of touchpoints and stages that the rules do not know are left out.
[[nodiscard]] JourneyReading read_journeys(const Rules& rules, const std::map<CellKey, Cell>& sums,
                                           const std::string& segment);

/// Customers last seen at a touchpoint before they lapsed, by touchpoint and segment id.
[[nodiscard]] std::map<std::pair<std::string, std::string>, std::int64_t> lapses_by_touchpoint(
    const std::map<CellKey, Cell>& sums);

}  // namespace touchstone
