// `touchstone replay`: the whole engine over a file, without a broker. The real workers run on the simulated log;
// what they commit is written to one file a derived topic.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "app/pseudonym.h"
#include "engine/model/result.h"
#include "engine/model/rules.h"

namespace touchstone {

struct ReplayOptions {
  std::shared_ptr<const Rules> rules;
  std::string input;  ///< path, or `-`
  std::string out;    ///< directory, made if it is not there
  std::int32_t partitions = 1;
  std::size_t batch = 2'000;  ///< lines handed to the engine at once; changes nothing in the results
  std::string topic_prefix = "touchstone.";
  std::shared_ptr<const PseudonymKey> pseudonym_key =
      nullptr;  ///< nothing: customers' ids stand in the derived records
};

struct ReplayTotals {
  std::uint64_t lines = 0;
  std::uint64_t interactions = 0;
  std::uint64_t late = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t forgotten = 0;  ///< lines that asked to forget a customer
  std::uint64_t dead_letters = 0;
  std::uint64_t conversions = 0;
  std::uint64_t rows = 0;
};

/// Progress goes to `progress`, the map as a table to `report`.
[[nodiscard]] Result<ReplayTotals> replay(const ReplayOptions& options, std::ostream& progress, std::ostream& report);

}  // namespace touchstone
