#include "state/rocks_directory.h"

#include <cerrno>
#include <filesystem>
#include <limits>
#include <system_error>

#include <sys/stat.h>

namespace touchstone {

Result<void> make_state_directory(const std::string& directory) {
  std::error_code failure;
  const auto path = std::filesystem::absolute(directory, failure);
  // A trailing slash would make the directory its own parent, and that with everyone's access.
  const auto parent = (path.has_filename() ? path : path.parent_path()).parent_path();
  std::filesystem::create_directories(parent, failure);
  if (!failure && ::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    failure.assign(errno, std::generic_category());
  }
  if (!failure && !std::filesystem::is_directory(path, failure) && !failure) {
    failure = std::make_error_code(std::errc::not_a_directory);
  }
  if (failure) {
    return Error(ErrorKind::kFatal, "cannot make state directory " + directory + ": " + failure.message());
  }
  return {};
}

bool is_half_deleted(const std::string& directory) {
  std::error_code failure;
  if (std::filesystem::exists(directory + "/CURRENT", failure)) return false;
  for (std::filesystem::directory_iterator file(directory, failure), end; !failure && file != end;
       file.increment(failure)) {
    const std::string name = file->path().filename().string();
    if (name.starts_with("MANIFEST-") || name.ends_with(".sst") || name.ends_with(".log")) return true;
  }
  return false;
}

std::uint64_t free_bytes_at(const std::string& directory) {
  std::error_code failure;
  const std::uint64_t free = std::filesystem::space(directory, failure).available;
  return failure ? std::numeric_limits<std::uint64_t>::max() : free;
}

}  // namespace touchstone
