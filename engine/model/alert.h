// What is said of a cell that has suddenly become worse: one record when it fires and one when it is resolved.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/model/cell.h"
#include "engine/model/time.h"

namespace touchstone {

/// The numbers are part of the format of state.
enum class AlertKind : std::uint8_t {
  kSatisfactionDrop,  ///< ratings are lower than they were
  kVolumeDrop,        ///< a touchpoint has gone silent
  kWaitRise,          ///< customers wait for longer than they did
  kConversionDrop,    ///< a smaller share of the interactions are conversions
};
inline constexpr std::array<std::string_view, 4> kAlertKindNames = {"satisfaction-drop", "volume-drop", "wait-rise",
                                                                    "conversion-drop"};
inline constexpr std::size_t kAlertKinds = kAlertKindNames.size();

/// Why an alert was resolved. The numbers are part of the format of state.
enum class Resolution : std::uint8_t {
  kRecovered,  ///< it is again as it was before
  kAccepted,   ///< it has been so for so long that this is now what is usual
  kSilent,     ///< nothing came any more that could be judged
};
inline constexpr std::array<std::string_view, 3> kResolutionNames = {"recovered", "accepted", "silent"};

/// One part of a change of a mean over segments or channels. All parts of an axis sum to the change exactly.
struct ChangePart {
  enum class What : std::uint8_t {
    kWithin,  ///< the part's own mean has changed
    kMix,     ///< the part's share of the responses has changed
    kUsual,   ///< what is usual at this hour and day, which is no news; without an id
  };
  What what = What::kWithin;
  std::string id;               ///< of a segment or channel
  std::int64_t millionths = 0;  ///< what it adds to observed - baseline
  friend bool operator==(const ChangePart&, const ChangePart&) = default;
};
inline constexpr std::array<std::string_view, 3> kChangePartNames = {"within", "mix", "usual"};

/// What observed - baseline consists of, the largest part in its direction first. An axis with a single part, which
/// explains nothing, is left out.
struct Explanation {
  std::vector<ChangePart> by_segment;
  std::vector<ChangePart> by_channel;
  friend bool operator==(const Explanation&, const Explanation&) = default;
};

struct Alert {
  std::string id;  ///< the same from firing to resolved; a function of kind, cell and since
  AlertKind kind = AlertKind::kSatisfactionDrop;
  CellKey cell{};
  EventTime at{};     ///< the closing at which it fired, or was resolved
  EventTime since{};  ///< when what was judged began
  /// Millionths: of 0..1 for satisfaction and conversions, of seconds for waiting, of interactions an hour for volume.
  std::int64_t observed = 0;
  std::int64_t baseline = 0;               ///< what was to be expected, in the same unit
  std::int64_t responses = 0;              ///< ratings, waits or interactions behind `observed`
  std::int64_t score = 0;                  ///< millionths of standard errors between the two
  std::optional<Resolution> resolution{};  ///< absent: it fires
  Explanation explanation{};
  friend bool operator==(const Alert&, const Alert&) = default;
};

/// The id of an alert.
[[nodiscard]] std::string alert_id(AlertKind kind, const CellKey& cell, EventTime since);

/// In the order in which alerts are listed: by kind, then by cell.
[[nodiscard]] inline bool listed_before(const Alert& a, const Alert& b) {
  return std::tie(a.kind, a.cell) < std::tie(b.kind, b.cell);
}

}  // namespace touchstone
