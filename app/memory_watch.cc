#include "app/memory_watch.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include "app/memory_plan.h"

/// jemalloc's, where the program is linked with it (touchstone_allocator); else there is none.
extern "C" [[gnu::weak]] int mallctl(const char* name, void* old_value, std::size_t* old_size, void* new_value,
                                     std::size_t new_size);

namespace touchstone {
namespace {

/// Of the limit, in hundredths. What is left is for what a turn that has begun still takes.
constexpr std::uint64_t kTakesNoMore = 90;
constexpr std::uint64_t kTakesAgain = 80;
/// Giving memory back looks at all that is free, so it is not done more often than this.
constexpr std::chrono::seconds kBetweenGivingBack{1};

}  // namespace

std::uint64_t resident_memory() {
  const int file = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  std::array<char, 128> text{};
  const ssize_t size = ::read(file, text.data(), text.size());
  ::close(file);
  const std::string_view words(text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  const std::size_t second = words.find(' ');
  if (second == std::string_view::npos) return 0;
  std::uint64_t pages = 0;
  std::from_chars(words.data() + second + 1, words.data() + words.size(), pages);
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

void return_free_memory() {
  if (mallctl == nullptr) {
    ::malloc_trim(0);
    return;
  }
  // jemalloc's number for all arenas, MALLCTL_ARENAS_ALL.
  mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0);
}

MemoryWatch::MemoryWatch(std::uint64_t limit, Clock& clock, Sources sources)
    : limit_(limit), clock_(clock), sources_(std::move(sources)) {}

Result<void> MemoryWatch::room() {
  const std::scoped_lock lock(mutex_);
  const std::uint64_t most = limit_ / 100 * (full_ ? kTakesAgain : kTakesNoMore);
  std::uint64_t used = sources_.resident();
  if (used >= most && clock_.now() >= next_give_back_) {
    next_give_back_ = clock_.now() + kBetweenGivingBack;
    sources_.give_back();
    used = sources_.resident();
  }
  full_ = used >= most;
  if (!full_) return {};
  return Error(ErrorKind::kRetry, "memory is nearly full: " + in_mebibytes(used) + " of memory.limit " +
                                      in_mebibytes(limit_) + " are in use, and no more than " +
                                      in_mebibytes(limit_ / 100 * kTakesAgain) + " may be for input to be taken again");
}

}  // namespace touchstone
