// Pseudonyms of customers: HMAC-SHA-256 of the id under a key of the operator's, in lower-case hexadecimal. Who has no
// key can neither turn a pseudonym back nor find out whose it is by trying ids; who has it can do the latter.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "app/configuration.h"
#include "engine/flow/pseudonym.h"
#include "ingest/problem.h"

namespace touchstone {

/// Fewer bytes could be guessed.
inline constexpr std::size_t kShortestPseudonymKey = 16;

struct PseudonymKey {
  std::string bytes;
  std::string id;  ///< names it where it is used
};

struct PseudonymKeyRead {
  std::shared_ptr<const PseudonymKey> key;  ///< nothing where pseudonyms are not wanted, or there are problems
  std::vector<Problem> problems;            ///< no message repeats a byte of the key
};

/// Reads the file or variable that the configuration names, if it wants pseudonyms at all. The line ends at the end of
/// a file are no part of the key.
[[nodiscard]] PseudonymKeyRead read_pseudonym_key(const Configuration& configuration);

/// Keeps a copy of the key, ready for use. What it returns, copies of it too, belongs to one thread.
[[nodiscard]] Pseudonym make_pseudonym(const PseudonymKey& key);

}  // namespace touchstone
