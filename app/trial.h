// `touchstone check --against EVENTS MAP [MAP]`: what a map makes of recorded events, and what another one would make
// of them, side by side.
#pragma once

#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/model/result.h"
#include "engine/model/rules.h"

namespace touchstone {

struct TrialOptions {
  std::string events;                               ///< a file of lines, gzip too; - for standard input
  std::vector<std::shared_ptr<const Rules>> rules;  ///< one, or two: before and after
};

/// Reads the events once, in the order of the file, and prints for each touchpoint, stage and segment how many
/// interactions it has, for each stage how many customers stand in it at the end; with two maps also which events
/// change their touchpoint or stage, the most frequent changes first. kFatal: the file cannot be read.
Result<void> try_maps(const TrialOptions& options, std::ostream& out);

}  // namespace touchstone
