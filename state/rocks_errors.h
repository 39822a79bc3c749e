// RocksDB's errors in the engine's four kinds: the one translation of them, and the guard against a full disk.
#pragma once

#include <cstdint>
#include <exception>
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

/// kRetry if of the `free` bytes on the volume the `reserve`, and what is `needed` for something to be written, do not
/// remain.
[[nodiscard]] Result<void> check_free_space(const std::string& directory, std::uint64_t free, std::uint64_t reserve,
                                            std::uint64_t needed);

template <typename Body>
auto without_exceptions(const std::string& directory, const Body& body) -> decltype(body()) {
  try {
    return body();
  } catch (const std::exception& failure) {
    return Error(ErrorKind::kFatal, "state in " + directory + ": " + failure.what());
  }
}

}  // namespace touchstone
