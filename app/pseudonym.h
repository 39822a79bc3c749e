// Pseudonyms of customers: HMAC-SHA-256 of the id under a key of the operator's, in lower-case hexadecimal. Who has no
// key can neither turn a pseudonym back nor find out whose it is by trying ids; who has it can do the latter.
#pragma once

#include <string>

#include "engine/flow/pseudonym.h"

namespace touchstone {

struct PseudonymKey {
  std::string bytes;
  std::string id;  ///< names it where it is used
};

/// Keeps a copy of the key, ready for use. What it returns, copies of it too, belongs to one thread.
[[nodiscard]] Pseudonym make_pseudonym(const PseudonymKey& key);

}  // namespace touchstone
