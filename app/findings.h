// A reading of the map in words for a terminal: what is worse than expected, used too much or too little, silent,
// unknown to the map, or the last that customers saw.
#pragma once

#include <cstddef>
#include <iosfwd>

#include "app/map_table.h"
#include "engine/model/map_reading.h"
#include "engine/model/rules.h"

namespace touchstone {

/// Prints the findings of one segment, at most `most` of a kind; a kind without any takes no line, but for pain points,
/// where that is the news.
void print_findings(const SegmentReading& reading, const Rules& rules, Colours colours, std::size_t most,
                    std::ostream& out);

}  // namespace touchstone
