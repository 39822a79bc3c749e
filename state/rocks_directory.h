// The directory of RocksTables as files: made, looked at and emptied without opening the database.
#pragma once

#include <cstdint>
#include <string>

#include "engine/model/result.h"

namespace touchstone {

/// With mode 0700 if it is not there yet, its parents with everyone's. kFatal, and the reason, if it cannot be made.
Result<void> make_state_directory(const std::string& directory);

/// True where files of a database lie and CURRENT, which names its MANIFEST, is not among them. RocksDB would begin a
/// new database and put into it what it finds in the old logs.
[[nodiscard]] bool is_half_deleted(const std::string& directory);

/// Bytes that may still be written to its volume; the largest number where nobody can tell.
[[nodiscard]] std::uint64_t free_bytes_at(const std::string& directory);

}  // namespace touchstone
