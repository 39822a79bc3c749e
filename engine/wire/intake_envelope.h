// What an intake writes around a record it passes on: a header with the original coordinates, or, in a record of
// its own, how far a source has come.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/model/log_position.h"
#include "engine/model/time.h"
#include "engine/model/watermark.h"

namespace touchstone {

inline constexpr std::string_view kEnvelopeHeader = "touchstone.intake";

/// Of a record passed on: where it came from, and what it had there.
struct Envelope {
  std::int32_t source = 0;   ///< number of the source partition
  std::int32_t sources = 0;  ///< number of all source partitions
  std::string topic;
  Partition partition;
  Offset offset;
  std::optional<std::int64_t> timestamp_ms;
  std::optional<std::string> key;
  // Only in a record without event:
  bool mark_only = false;
  std::optional<EventTime> highest;  ///< highest event time read from the source
  bool silent = false;
  std::optional<EndOfInput> end;
};

[[nodiscard]] std::string encode_envelope(const Envelope& envelope);
[[nodiscard]] std::optional<Envelope> decode_envelope(std::string_view bytes);

}  // namespace touchstone
