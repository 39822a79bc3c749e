// The key of the pseudonyms, from where the configuration says it is.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "app/configuration.h"
#include "app/pseudonym.h"
#include "ingest/problem.h"

namespace touchstone {

/// Fewer bytes could be guessed.
inline constexpr std::size_t kShortestPseudonymKey = 16;

struct PseudonymKeyRead {
  std::shared_ptr<const PseudonymKey> key;  ///< nothing where pseudonyms are not wanted, or there are problems
  std::vector<Problem> problems;            ///< no message repeats a byte of the key
};

/// Reads the file or variable that the configuration names, if it wants pseudonyms at all. The line ends at the end of
/// a file are no part of the key.
[[nodiscard]] PseudonymKeyRead read_pseudonym_key(const Configuration& configuration);

}  // namespace touchstone
