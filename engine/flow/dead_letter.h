// A record that could not be taken, as it came, with the reason in its headers.
#pragma once

#include <string>

#include "engine/flow/ports.h"
#include "engine/model/event.h"
#include "engine/model/log_position.h"

namespace touchstone {

/// `source`: where the record first stood; behind an intake not where `record` was read.
[[nodiscard]] OutRecord dead_letter(const std::string& topic, const Record& record, const Source& source,
                                    const Rejection& rejection);

}  // namespace touchstone
