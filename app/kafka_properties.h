// The properties for the Kafka clients as their operator wants them: those of a file, then those of the
// configuration, secrets fetched from where they are kept.
//
// Which properties the program sets itself, and which it refuses, is decided where the clients are made.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/configuration.h"
#include "ingest/problem.h"

namespace touchstone {

struct ReadProperties {
  std::map<std::string, std::string> values;
  std::vector<Problem> problems;  ///< no message repeats a value, save the path of a file
  bool secret_in_file = false;    ///< kafka.properties_file holds a secret itself
};

/// Whether the value of this property is a secret, and not only where to find one.
[[nodiscard]] bool is_secret(std::string_view property);

/// Reads the properties file, the files of secrets and the environment, once. The configuration goes before
/// the file.
[[nodiscard]] ReadProperties read_kafka_properties(const Configuration& configuration);

/// A small text file without the line ends at its end, as secrets and tokens are kept; nothing, and a reason,
/// if it cannot be read, is empty, or is larger than 64 KiB.
struct SecretFile {
  std::string value;
  std::string reason;  ///< empty: it was read
};
[[nodiscard]] SecretFile read_secret_file(const std::string& path);

}  // namespace touchstone
