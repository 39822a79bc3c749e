// What the engine has told everybody: the rows of closed windows and the alerts, as they stand in their topics. Every
// instance reads these topics whole, whoever wrote them, so that each can answer every question about them.
//
// The JSON is passed through as it came. Of a record only the key and one time are looked at.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/flow/ports.h"

namespace touchstone {

/// The numbers are part of the format on disk.
enum class ChronicleKind : std::uint8_t { kRow = 1, kAlert = 2 };

/// The parts of a key: `window/scope/id/segment` of a row, `kind/scope/id/segment` of an alert. Borrowed from the key.
using ChronicleParts = std::array<std::string_view, 4>;
[[nodiscard]] std::optional<ChronicleParts> parts_of_key(std::string_view key);

/// One record of these topics; borrows from it.
struct ChronicleEntry {
  ChronicleKind kind = ChronicleKind::kRow;
  std::string_view key;
  ChronicleParts parts;
  std::string_view value;  ///< one JSON object in one line
  EventTime at{};          ///< the window's closing; of an alert, when it began or ended
};

/// Nothing where the record is not one of ours: another key, no object, no time, a line break in it, larger than
/// kLargestChronicleValue.
[[nodiscard]] std::optional<ChronicleEntry> read_chronicle_entry(ChronicleKind kind, const Record& record);
inline constexpr std::size_t kLargestChronicleValue = std::size_t{64} << 10;

/// Whether an alert's JSON says that it is firing.
[[nodiscard]] bool is_firing(std::string_view alert);

/// What is asked of the chronicle.
struct ChronicleQuery {
  ChronicleKind kind = ChronicleKind::kRow;
  std::array<std::string, 4> parts{};  ///< each empty for any
  EventTime from{};                    ///< for past(): at >= from
  EventTime to{};                      ///< for past(): at < to
  std::string after{};                 ///< the cursor of the page before; empty: from the beginning
  std::size_t limit = 1'000;           ///< values of one page
};

struct ChroniclePage {
  std::vector<std::string> values;
  std::string cursor;  ///< of the page after this; empty: there is no more
};

/// Keeps the last entry of each key, and what was told within a time back from the newest of its kind. Calls that ask
/// may come from any thread, those that change from one. Errors: kRetry where there is no room to write; kReject where
/// nothing of it can be relied on any more: it must be made anew, and be told everything again.
class Chronicle {
 public:
  Chronicle() = default;
  Chronicle(const Chronicle&) = delete;
  Chronicle& operator=(const Chronicle&) = delete;
  virtual ~Chronicle() = default;

  /// Takes entries, in the order of their topics, together with what is to be read next: all of it or nothing.
  virtual Result<void> add(std::span<const ChronicleEntry> entries, std::span<const ConsumedOffset> next) = 0;
  /// What is to be read next of a partition; nothing: it was never read.
  virtual Result<std::optional<Offset>> next(const TopicPartition& partition) = 0;

  /// The last entries of the keys, in the order of their keys.
  [[nodiscard]] virtual Result<ChroniclePage> current(const ChronicleQuery& query) const = 0;
  /// Rows in the order of their keys and then closings, alerts in that of their times. A page may hold fewer than
  /// `limit` values, none even, and still have a page after it, because the work for one page is bounded too.
  [[nodiscard]] virtual Result<ChroniclePage> past(const ChronicleQuery& query) const = 0;
};

}  // namespace touchstone
