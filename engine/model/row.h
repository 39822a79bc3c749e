// What a closed window says of a cell: numbers already rounded as they are written, so that "differs from the
// row before" means what a reader of the rows would see.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/model/cell.h"
#include "engine/model/time.h"

namespace touchstone {

/// Responses with the mean, millionths (for nps in Measures: the score, millionths of its points).
struct Mean {
  std::int64_t responses = 0;
  std::int64_t millionths = 0;
  friend bool operator==(const Mean&, const Mean&) = default;
};

/// Lengths in milliseconds at the 50th, 90th and 99th percent.
struct Lengths {
  std::int64_t count = 0;
  std::int64_t p50_ms = 0;
  std::int64_t p90_ms = 0;
  std::int64_t p99_ms = 0;
  friend bool operator==(const Lengths&, const Lengths&) = default;
};

struct StageCount {
  StageNo stage;
  std::int64_t interactions;
  friend bool operator==(const StageCount&, const StageCount&) = default;
};

struct CreditSum {
  CreditModel model;
  std::int64_t conversions;  ///< millionths
  WideInt value;             ///< 10^-4 of the money unit
  friend bool operator==(const CreditSum&, const CreditSum&) = default;
};

struct Measures {
  std::int64_t interactions = 0;
  std::int64_t customers = 0;
  std::int64_t conversions = 0;
  WideInt value = 0;  ///< 10^-4 of the money unit
  std::optional<Mean> satisfaction;
  std::array<std::optional<Mean>, kRatingKinds> ratings{};  ///< by RatingKind; nps holds its score
  std::optional<Lengths> wait;
  std::optional<Lengths> duration;
  std::vector<StageCount> stages;  ///< in stage order, none of zero
  std::vector<CreditSum> credit;   ///< in model order, none of zero
  friend bool operator==(const Measures&, const Measures&) = default;
};

/// The measures of the sums of a cell over a window, with its distinct customers.
[[nodiscard]] Measures measure(const Cell& sums, std::int64_t customers);

/// A row of a closed window.
struct Row {
  std::size_t window = 0;  ///< number in Settings::windows
  EventTime end{};         ///< the closing; the window holds [end - size, end)
  CellKey cell;
  Measures measures;
};

}  // namespace touchstone
