// How often the detector of satisfaction drops is wrong, and how late it is: on invented ratings with a daily cycle of
// rate and mean and with hours that differ more than chance allows, beside the best fixed threshold there is.
#pragma once

#include <cstdint>
#include <ostream>
#include <vector>

namespace touchstone::bench {

struct DetectionOptions {
  std::uint64_t seed = 1;
  std::vector<int> rates = {20, 100, 1'000};  ///< responses an hour
  int cells = 84;                             ///< for each rate
  int months = 12;                            ///< of each cell, from its first rating on; of 30 days
  double months_between = 10;                 ///< false alarms of a cell: what is stated
  int trials = 200;                           ///< for each rate; each with every drop
  double most_alarms = 0;                     ///< times what is stated; beyond that the command fails; 0: it never does
  bool other_kinds = false;                   ///< measure_kinds() is meant
};

/// Prints what was measured. False: there were more false alarms than allowed.
[[nodiscard]] bool measure_detection(const DetectionOptions& options, std::ostream& out);

}  // namespace touchstone::bench
