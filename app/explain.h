// `touchstone explain`: what one event would mean, and why: which rule matched and on which conditions, channel,
// segment, the stage a new customer would be in, what it rates.
#pragma once

#include <iosfwd>
#include <string>

#include "engine/model/rules.h"

namespace touchstone {

/// Returns the exit code: 0, or 1 when the record is not a valid event (the reason is then printed).
int explain(const Rules& rules, const std::string& event_json, std::ostream& out);

}  // namespace touchstone
