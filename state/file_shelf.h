// A shelf on disk: nameless files in one directory, which the operating system takes back when the process ends,
// however it ends. Bytes are written in the order of their putting; a file goes when all that lies in it was dropped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "engine/model/result.h"
#include "engine/model/shelf.h"

namespace touchstone {

/// Not thread-safe.
class FileShelf final : public Shelf {
 public:
  /// What is put is held in memory until so much has come together, and of one file at most this much is dead weight
  /// before it goes.
  static constexpr std::size_t kBufferBytes = std::size_t{64} << 10;
  static constexpr std::uint64_t kFileBytes = std::uint64_t{4} << 20;

  explicit FileShelf(std::string directory);
  FileShelf(const FileShelf&) = delete;
  FileShelf& operator=(const FileShelf&) = delete;
  ~FileShelf() override;

  Place put(std::string_view bytes) override;
  [[nodiscard]] std::string get(const Place& place) const override;
  void drop(const Place& place) override;

  /// Files that hold something, for tests and curiosity.
  [[nodiscard]] std::size_t files() const { return files_.size(); }

 private:
  /// One file and the part of it that is still in memory, by the place of its first byte.
  struct File {
    int descriptor = -1;  ///< -1: not made yet
    std::uint64_t written = 0;
    std::string tail;  ///< what follows the written bytes
    std::uint64_t live = 0;
    [[nodiscard]] std::uint64_t size() const { return written + tail.size(); }
  };
  using Files = std::map<std::uint64_t, File>;

  void write_out(File& file);
  static void close(File& file);

  std::string directory_;
  Files files_;
  std::uint64_t next_ = 0;  ///< place of the byte put next
};

/// Makes shelves in this directory, which must be writable. kFatal: no file can be made there.
[[nodiscard]] Result<MakeShelf> file_shelves(const std::string& directory);

}  // namespace touchstone
