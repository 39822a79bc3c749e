// The bytes of state and of internal records: one encoder, one decoder and one version byte each. Ids are
// written as texts, or as numbers of the state's own (numbering.h), never as those of a map, so that a changed map
// shifts nothing.
//
//   cell     := count { kind sub|id amount }                 kind: MeasureKind; sub: varint; for kStage and kMove a
//   text
//   position := version offset fingerprint state
//
// docs/formats.md has the whole grammar.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model/cell.h"
#include "engine/model/delta.h"
#include "engine/model/log_position.h"
#include "engine/model/row.h"
#include "engine/model/rules.h"
#include "engine/model/watermark.h"
#include "engine/wire/bytes.h"

namespace touchstone {

void write_cell(ByteWriter& out, const Cell& cell, const Names& names);
/// Stages and touchpoints not yet known are added to the names.
[[nodiscard]] Cell read_cell(ByteReader& in, Names& names);

/// Changes of a number of distinct customers are counted in 32 bits; one beyond this is a fault.
inline constexpr std::int64_t kMostVisitors = std::int64_t{1} << 30;
[[nodiscard]] std::int64_t read_visitors(ByteReader& in);

void write_items(ByteWriter& out, const ItemCounts& items);
[[nodiscard]] ItemCounts read_items(ByteReader& in);

void write_cell_key(ByteWriter& out, const CellKey& key);
[[nodiscard]] CellKey read_cell_key(ByteReader& in);

void write_end(ByteWriter& out, const EndOfInput& end);
[[nodiscard]] EndOfInput read_end(ByteReader& in);

/// A source of a joined watermark with the session in which it ended (0: it has not).
void write_source(ByteWriter& out, const SourceState& source, std::uint64_t ended);
[[nodiscard]] SourceState read_source(ByteReader& in, std::uint64_t& ended);

[[nodiscard]] std::string encode_measures(const Row& row, const Names& names);
/// `row.window` and `row.cell` come from the key and are left as they are.
[[nodiscard]] bool decode_measures(std::string_view bytes, Names& names, Row& row);

/// Up to which offset a slice is true, and what the task must know there.
struct SlicePosition {
  Offset offset;
  std::string fingerprint;  ///< of everything baked into the state
  std::string state;        ///< the stage's own: watermarks, closings
};

[[nodiscard]] std::string encode_position(const SlicePosition& position);
[[nodiscard]] std::optional<SlicePosition> decode_position(std::string_view bytes);

/// Keys of the changelogs and tables; the first byte tells what they are.
enum class KeyKind : std::uint8_t {
  kChangelogOffset = 1,
  kPosition = 2,
  kRules = 3,
  kNumbering = 4,
  kCustomer = 16,
  kPane = 17,
  kEdge = 18,
  kRow = 19,
  kRanking = 20,
  kDetector = 21,
  kDetectorPast = 22
};

[[nodiscard]] std::string changelog_offset_key();
[[nodiscard]] std::string position_key(std::uint32_t slice);
[[nodiscard]] std::string rules_key();
[[nodiscard]] std::string numbering_key();
/// Slices are below 65,536. Customers of a slice stand together: they are written together, and what is written to one
/// part of sorted tables leaves the other parts as they are.
[[nodiscard]] std::string customer_key(std::uint32_t slice, std::string_view customer);

/// A customer's key taken apart; borrowed.
struct CustomerKeyParts {
  std::uint32_t slice{};
  std::string_view customer;
};
[[nodiscard]] std::optional<CustomerKeyParts> read_customer_key(std::string_view key);
[[nodiscard]] std::string windows_key(KeyKind kind, std::uint8_t window, const CellKey& cell, EventTime time);

/// A key of the windows stage taken apart.
struct WindowsKeyParts {
  std::uint8_t window{};
  CellKey cell;
  EventTime time;
};
[[nodiscard]] std::optional<WindowsKeyParts> read_windows_key(std::string_view key);

/// XXH3-64 of the id's bytes; a customer's slice is that modulo the number of slices.
[[nodiscard]] std::uint64_t hash_of_customer(std::string_view customer);
/// The slice and the partition of a cell, both by XXH3-64 of its key.
[[nodiscard]] std::uint32_t slice_of_cell(const CellKey& cell, std::uint32_t slices);
[[nodiscard]] Partition partition_of_cell(const CellKey& cell, std::int32_t partitions);

}  // namespace touchstone
