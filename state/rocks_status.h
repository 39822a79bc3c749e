// What the sources over RocksDB share: the one translation of its errors, the way it is written to, and the guard
// against a full disk. Internal to this folder.
#pragma once

#include <cstdint>
#include <exception>
#include <string>

#include <rocksdb/options.h>
#include <rocksdb/status.h>

#include "engine/model/result.h"

namespace touchstone {

/// `directory` is for the message, here and below.
[[nodiscard]] Error error_from(const rocksdb::Status& status, const std::string& directory);
[[nodiscard]] Result<void> checked(const rocksdb::Status& status, const std::string& directory);

[[nodiscard]] rocksdb::WriteOptions write_options();

/// kRetry if less than `reserve` and `needed`, which is about to be written, are free on the volume.
[[nodiscard]] Result<void> check_free_space(const std::string& directory, std::uint64_t reserve, std::uint64_t needed);

template <typename Body>
auto without_exceptions(const std::string& directory, const Body& body) -> decltype(body()) {
  try {
    return body();
  } catch (const std::exception& failure) {
    return Error(ErrorKind::kFatal, "state in " + directory + ": " + failure.what());
  }
}

}  // namespace touchstone
