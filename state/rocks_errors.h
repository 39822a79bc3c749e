// RocksDB's errors in the engine's four kinds: the one translation of them.
#pragma once

#include <string>

#include <rocksdb/status.h>

#include "engine/model/result.h"

namespace touchstone {

/// Another process, or another object of this one, has the database open.
[[nodiscard]] bool is_held_elsewhere(const rocksdb::Status& status);

/// The database has to be made anew. Everything is that is not known to be something else: rights, limits, a full disk.
[[nodiscard]] bool is_damage(const rocksdb::Status& status);

/// kRetry: held elsewhere, or a full disk. kReject: damaged. kFatal: what only a person can mend.
[[nodiscard]] Error error_from(const rocksdb::Status& status, const std::string& directory);

}  // namespace touchstone
