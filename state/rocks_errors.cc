#include "state/rocks_errors.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace touchstone {
namespace {

// RocksDB has one code for all that the operating system refuses; the texts are strerror's.
constexpr std::array<std::string_view, 5> kNoDamage = {"Permission denied", "Read-only file system",
                                                       "Too many open files", "Cannot allocate memory",
                                                       "Disk quota exceeded"};

}  // namespace

bool is_held_elsewhere(const rocksdb::Status& status) {
  const std::string text = status.ToString();  // RocksDB has no code of its own for this
  return status.IsIOError() && (text.find("While lock file") != std::string::npos ||
                                text.find("lock hold by current process") != std::string::npos);
}

bool is_damage(const rocksdb::Status& status) {
  if (status.ok() || status.IsNoSpace() || is_held_elsewhere(status)) return false;
  const std::string text = status.ToString();
  return std::none_of(kNoDamage.begin(), kNoDamage.end(),
                      [&](std::string_view known) { return text.find(known) != std::string::npos; });
}

Error error_from(const rocksdb::Status& status, const std::string& directory) {
  const std::string cause = " (RocksDB: " + status.ToString() + ")";
  if (is_held_elsewhere(status)) {
    return {ErrorKind::kRetry, "state directory " + directory +
                                   " is in use by another process; give each process its own directory" + cause};
  }
  if (status.IsNoSpace()) return {ErrorKind::kRetry, "disk full under state directory " + directory + cause};
  if (is_damage(status)) return {ErrorKind::kReject, "state in " + directory + " is damaged" + cause};
  return {ErrorKind::kFatal, "cannot use state directory " + directory + cause};
}

Result<void> check_free_space(const std::string& directory, std::uint64_t free, std::uint64_t reserve,
                              std::uint64_t needed) {
  constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
  if (free >= reserve && free - reserve >= needed) return {};
  return Error(ErrorKind::kRetry, "disk nearly full under state directory " + directory + ": " +
                                      std::to_string(free / kMiB) + " MiB free, " + std::to_string(reserve / kMiB) +
                                      " MiB are kept in reserve");
}

}  // namespace touchstone
