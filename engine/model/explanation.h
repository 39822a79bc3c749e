// Why a mean has changed: what became worse within the parts of a cell, and what is only another mix of them.
//
// With weights w (shares of the responses) and means m, before and after, and bars for the average of both:
//   sum(w1 m1 - w0 m0) = sum(bar w (m1 - m0)) + sum(bar m (w1 - w0))
// (E. M. Kitagawa, Components of a difference between two rates, 1955). In the second sum the means are taken from
// their own average, which changes nothing in all and makes the mix of each part mean something.
#pragma once

#include <cstdint>

#include "engine/model/alert.h"
#include "engine/model/cell.h"
#include "engine/model/rules.h"

namespace touchstone {

/// The change from `past` to `now`, both with the parts of responses and of satisfaction; it is written as `change`
/// millionths, and the parts of each axis sum to that. What the means of the parts do not explain is what is usual at
/// the hour.
[[nodiscard]] Explanation explain_change(const Cell& past, const Cell& now, std::int64_t change, const Names& names);

}  // namespace touchstone
