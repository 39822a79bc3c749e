// Sends changes of cells to the windows stage: each cell to the partition it belongs to, in records that a broker
// takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "engine/flow/stage.h"
#include "engine/model/delta.h"
#include "engine/wire/delta_batch.h"

namespace touchstone {

/// Not thread-safe; one task owns it.
class DeltaSender {
 public:
  struct Options {
    std::string topic;            ///< the repartition topic
    std::int32_t partitions = 0;  ///< of it
    Partition source;             ///< the partition whose changes these are
    std::int32_t sources = 0;     ///< how many of those there are
  };

  /// Borrows the rules.
  DeltaSender(Options options, const Rules& rules) : options_(std::move(options)), rules_(rules) {}

  /// Appends the records of these changes.
  void send(const DeltaSet::Cells& cells, Output& out);
  /// Tells every partition how far the source has come, and that it has ended if it has.
  void send(const SourceState& state, const std::optional<EndOfInput>& end, Output& out) const;

 private:
  /// Where a cell goes, and its key there. Both follow from its name, which is slow to hash.
  struct Address {
    Partition partition;
    std::string key;
  };
  /// What is to become one record.
  struct Part {
    ByteWriter written;
    std::size_t cells = 0;
    std::size_t amounts = 0;
  };

  const Address& address_of(const CellNo& cell);
  void add(Partition target, std::string_view key, const CellDelta& delta, Output& out);
  void write(Partition target, std::string_view key, const CellDelta& delta, std::size_t amounts);
  void add_in_pieces(Partition target, std::string_view key, const CellDelta& delta, Output& out);
  void finish(Partition target, Output& out);
  [[nodiscard]] DeltaHead head() const;
  void push(Partition target, std::string value, Output& out) const;

  Options options_;
  const Rules& rules_;
  boost::unordered_flat_map<CellNo, Address, CellNoHash> addresses_;
  std::vector<Part> parts_;  ///< by partition
};

}  // namespace touchstone
