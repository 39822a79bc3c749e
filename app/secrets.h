// Whether the secrets of a configuration are kept from those who must not have them, and the token of HTTP.
#pragma once

#include <string>
#include <vector>

#include "app/configuration.h"
#include "app/kafka_properties.h"
#include "ingest/problem.h"

namespace touchstone {

/// What would let somebody else read a secret, pretend to be the broker, or read the API. None of it keeps the
/// engine from running: on this machine there may be nobody else. No message repeats a value. Reads the files
/// and variables that the configuration names; what is missing is not told here.
[[nodiscard]] std::vector<Problem> secret_warnings(const Configuration& configuration);

/// A token as a client can send it: visible ASCII characters, nothing else. Otherwise a reason.
[[nodiscard]] SecretFile read_token(const std::string& path);

}  // namespace touchstone
