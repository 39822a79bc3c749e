// When a copy of a changelog is too old to be gone on with: a key that was deleted since may be in it, and its deletion
// no longer in the changelog. For a customer who was forgotten that would be a return.
#pragma once

#include <optional>

#include "engine/flow/ports.h"

namespace touchstone {

/// `as_of`: the moment whose changelog the copy held; nothing: nobody knows, and it counts as too old.
/// `deletions_kept`: how long the changelog keeps deletions; 0: for ever. The last tenth of that is left out, for
/// clocks that differ and for the time that reading takes. A copy from the future is too old as well, but for a step of
/// the clock.
[[nodiscard]] inline bool is_too_old(std::optional<TablesTime> as_of, TablesTime now, Millis deletions_kept) {
  constexpr Millis kClockStep{60'000};
  if (deletions_kept.count() == 0) return false;
  return !as_of || *as_of > now + kClockStep || now > *as_of + deletions_kept / 10 * 9;
}

}  // namespace touchstone
