#include "state/rocks_status.h"

#include <filesystem>
#include <system_error>

namespace touchstone {
namespace {

bool is_held_elsewhere(const rocksdb::Status& status) {
  const std::string text = status.ToString();  // RocksDB has no code of its own for this
  return status.IsIOError() && (text.find("While lock file") != std::string::npos ||
                                text.find("lock hold by current process") != std::string::npos);
}

}  // namespace

Error error_from(const rocksdb::Status& status, const std::string& directory) {
  const std::string cause = " (RocksDB: " + status.ToString() + ")";
  if (is_held_elsewhere(status)) {
    return {ErrorKind::kRetry, "state directory " + directory +
                                   " is in use by another process; give each process its own directory" + cause};
  }
  if (status.IsCorruption()) {
    return {ErrorKind::kFatal, "state in " + directory +
                                   " is damaged: stop, delete that directory and start again; the state is "
                                   "restored from the changelog" +
                                   cause};
  }
  if (status.IsNoSpace()) return {ErrorKind::kFatal, "disk full under state directory " + directory + cause};
  return {ErrorKind::kFatal, "cannot use state directory " + directory + cause};
}

Result<void> checked(const rocksdb::Status& status, const std::string& directory) {
  if (!status.ok()) return error_from(status, directory);
  return {};
}

rocksdb::WriteOptions write_options() {
  rocksdb::WriteOptions options;
  options.disableWAL = false;
  options.sync = false;
  options.no_slowdown = false;
  options.memtable_insert_hint_per_batch = true;  // keys come sorted
  return options;
}

Result<void> check_free_space(const std::string& directory, std::uint64_t reserve, std::uint64_t needed) {
  constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
  std::error_code failure;
  const std::uint64_t free = std::filesystem::space(directory, failure).available;
  if (failure || (free >= reserve && free - reserve >= needed)) return {};
  return Error(ErrorKind::kRetry, "disk nearly full under state directory " + directory + ": " +
                                      std::to_string(free / kMiB) + " MiB free, " + std::to_string(reserve / kMiB) +
                                      " MiB are kept in reserve");
}

}  // namespace touchstone
