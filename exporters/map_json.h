// Readings of the map as JSON; docs/http.md describes every field.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/model/journey_reading.h"
#include "engine/model/map_reading.h"
#include "engine/model/rules.h"
#include "engine/model/settings.h"

namespace touchstone {

/// What a reading is of.
struct ReadingSubject {
  const Rules& rules;
  const WindowSpec& window;
  std::optional<EventTime> end;  ///< the window's last closing; absent: none has closed yet
};

/// Items of a ranking with their counts, the most frequent first.
using RankedItems = std::vector<std::pair<std::string, std::int64_t>>;

/// `unmapped`: items `channel type`.
[[nodiscard]] std::string map_json(const ReadingSubject& subject, const std::vector<SegmentReading>& segments,
                                   CreditModel model, const RankedItems& unmapped);

/// `paths`: items `touchpoint>touchpoint>(end)`.
[[nodiscard]] std::string journeys_json(const ReadingSubject& subject, const JourneyReading& reading,
                                        const RankedItems& paths, const std::string& segment);

}  // namespace touchstone
