// The records of the repartition topic: what the journey stage tells the windows stage.
//
//   deltas := version source sources flags [mark] [end session] count { key panes visits items }
//
// docs/formats.md has the whole grammar.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model/cell.h"
#include "engine/model/delta.h"
#include "engine/model/rules.h"
#include "engine/model/watermark.h"
#include "engine/wire/bytes.h"

namespace touchstone {

/// Where a record comes from, and how far its source has come.
struct DeltaHead {
  std::int32_t source = 0;
  std::int32_t sources = 0;       ///< number of source partitions; never changes
  std::optional<EventTime> mark;  ///< the source's watermark after what was sent before; in a record of its own
  bool silent = false;            ///< the source was read to its end and nothing came for the idle time
  bool has_mark = false;          ///< whether mark and silent say anything
  std::optional<EndOfInput> end;
};

/// The changes of one cell as they travel.
struct NamedDelta {
  CellKey cell;
  CellDelta delta;
};

/// One record: what one source partition changed in cells of one target partition, or how far its event time has come.
struct DeltaBatch {
  DeltaHead head;
  std::vector<NamedDelta> deltas;
};

/// The changes of a cell, `key` being the bytes of write_cell_key().
void write_delta(ByteWriter& out, std::string_view key, const CellDelta& delta, const Names& names);
/// A record of so many cells, whose changes are written already.
[[nodiscard]] std::string encode_deltas(const DeltaHead& head, std::size_t cells, std::string_view written);

/// The same of a batch, for tests.
[[nodiscard]] std::string encode_deltas(const DeltaBatch& batch, const Names& names);
/// Names not yet known are added. Nothing for bytes that are no such record.
[[nodiscard]] std::optional<DeltaBatch> decode_deltas(std::string_view bytes, Names& names);

}  // namespace touchstone
