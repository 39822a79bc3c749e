#include "state/file_shelf.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace touchstone {
namespace {

/// A file without a name; -1 with errno where that fails.
int nameless_file(const std::string& directory) {
  const int descriptor = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) return descriptor;
  // Some file systems make only files with names.
  std::string name = directory + "/shelf-XXXXXX";
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

[[noreturn]] void cannot_read(const std::string& directory, const char* why) {
  std::fprintf(stderr, "touchstone: what was put away in %s cannot be read: %s\n", directory.c_str(), why);
  std::abort();
}

}  // namespace

FileShelf::FileShelf(std::string directory) : directory_(std::move(directory)) {}

FileShelf::~FileShelf() {
  for (auto& [begin, file] : files_) close(file);
}

void FileShelf::close(File& file) {
  if (file.descriptor >= 0) ::close(file.descriptor);
}

Shelf::Place FileShelf::put(std::string_view bytes) {
  if (files_.empty() || files_.rbegin()->second.size() >= kFileBytes) {
    if (!files_.empty()) write_out(files_.rbegin()->second);
    files_.emplace(next_, File{});
  }
  File& file = files_.rbegin()->second;
  const Place place{next_, static_cast<std::uint32_t>(bytes.size())};
  file.tail += bytes;
  file.live += bytes.size();
  next_ += bytes.size();
  if (file.tail.size() >= kBufferBytes) write_out(file);
  return place;
}

void FileShelf::write_out(File& file) {
  if (file.descriptor < 0) file.descriptor = nameless_file(directory_);
  if (file.descriptor < 0) return;
  std::size_t done = 0;
  while (done < file.tail.size()) {
    const ssize_t wrote = ::pwrite(file.descriptor, file.tail.data() + done, file.tail.size() - done,
                                   static_cast<off_t>(file.written + done));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) break;  // The disk is full, say: the rest stays where it is.
    done += static_cast<std::size_t>(wrote);
  }
  file.written += done;
  file.tail.erase(0, done);
  if (file.tail.empty()) file.tail.shrink_to_fit();
}

std::string FileShelf::get(const Place& place) const {
  if (place.length == 0) return {};
  const auto& [begin, file] = *std::prev(files_.upper_bound(place.at));
  std::uint64_t from = place.at - begin;
  std::string bytes(place.length, '\0');
  std::size_t done = 0;
  while (done < bytes.size() && from < file.written) {
    const auto wanted = std::min<std::uint64_t>(bytes.size() - done, file.written - from);
    const ssize_t read = ::pread(file.descriptor, bytes.data() + done, wanted, static_cast<off_t>(from));
    if (read < 0 && errno == EINTR) continue;
    if (read <= 0) cannot_read(directory_, read < 0 ? std::strerror(errno) : "it is shorter than it was");
    done += static_cast<std::size_t>(read);
    from += static_cast<std::uint64_t>(read);
  }
  if (done < bytes.size()) file.tail.copy(bytes.data() + done, bytes.size() - done, from - file.written);
  return bytes;
}

void FileShelf::drop(const Place& place) {
  if (place.length == 0) return;
  const auto file = std::prev(files_.upper_bound(place.at));
  file->second.live -= place.length;
  if (file->second.live > 0) return;
  close(file->second);
  files_.erase(file);
}

Result<MakeShelf> file_shelves(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  const int probe = error ? -1 : nameless_file(directory);
  if (probe < 0) {
    return Error(ErrorKind::kFatal,
                 "cannot make a file in " + directory + ": " + (error ? error.message() : std::strerror(errno)));
  }
  ::close(probe);
  return MakeShelf([directory] { return std::make_unique<FileShelf>(directory); });
}

}  // namespace touchstone
