// Up to which offset each slice of a task's keys is true. While a task reads its log again after a restart, a
// record touches only the slices that had not seen it; in ordinary running every slice is at the present offset.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/model/log_position.h"

namespace touchstone {

class Slices {
 public:
  explicit Slices(std::uint32_t count) : positions_(count) {}

  [[nodiscard]] std::uint32_t count() const { return static_cast<std::uint32_t>(positions_.size()); }
  /// True if the slice does not yet hold what the record at `at` did.
  [[nodiscard]] bool applies(std::uint32_t slice, Offset at) const { return positions_[slice] <= at; }
  [[nodiscard]] Offset lowest() const { return *std::min_element(positions_.begin(), positions_.end()); }
  [[nodiscard]] Offset highest() const { return *std::max_element(positions_.begin(), positions_.end()); }
  void set(std::uint32_t slice, Offset position) { positions_[slice] = position; }

 private:
  std::vector<Offset> positions_;
};

}  // namespace touchstone
