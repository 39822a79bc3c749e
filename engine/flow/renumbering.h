// Counts by the numbers of one Rules brought to those of another one. What the other does not name is left out.
#pragma once

#include <memory>

#include "engine/flow/counts.h"
#include "engine/model/rules.h"

namespace touchstone {

/// `counts` by the numbers of `to`; as they are where they are by those already, or by none.
[[nodiscard]] Counts renumbered(Counts counts, const std::shared_ptr<const Rules>& to);

[[nodiscard]] StageCustomers renumbered(const StageCustomers& customers, const Rules& from, const Rules& to);

}  // namespace touchstone
