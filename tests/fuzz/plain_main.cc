// Runs a fuzz target without libFuzzer: over every file of its corpus, and over mutations of them that a seed decides.
//
//   X_fuzz [--runs N] [--seed S] FILE|DIRECTORY...
//
// The same seed, corpus and N always give the same inputs. An input on which the target dies is left in the working
// directory as `X_fuzz-died`; the target run on that file alone dies again.
#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));

namespace {

constexpr std::size_t kLongestInput = std::size_t{64} << 10;
constexpr std::size_t kMostMutations = 6;  ///< of one input

std::string current;         ///< the input being tried
std::string died = "-died";  ///< where it is left if the target dies on it

/// Only what a signal handler may do.
void leave_input() {
  const int file = ::open(died.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return;
  [[maybe_unused]] const ssize_t written = ::write(file, current.data(), current.size());
  ::close(file);
}

void on_signal(int number) {
  leave_input();
  std::signal(number, SIG_DFL);
  std::raise(number);
}

void watch() {
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(leave_input);
  // Under a sanitizer faults of memory are its own business; it calls back.
  std::signal(SIGABRT, on_signal);
  if (__sanitizer_set_death_callback == nullptr) {
    for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) std::signal(number, on_signal);
  }
}

void try_input(std::string bytes) {
  current = std::move(bytes);
  // A block of its very size, so that reading one byte beyond it is seen.
  const std::vector<std::uint8_t> exact(current.begin(), current.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

/// SplitMix64: the same numbers everywhere.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t value = state_ += 0x9E3779B97F4A7C15ULL;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ULL;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBULL;
    return value ^ (value >> 31);
  }
  /// From 0 to below `count`; 0 for 0.
  std::size_t below(std::size_t count) { return count == 0 ? 0 : static_cast<std::size_t>(next() % count); }

 private:
  std::uint64_t state_;
};

/// Of these bytes a parser's decisions often hang.
constexpr std::string_view kTellingBytes{"\0\x01\x7F\x80\xC0\xFF\"\\{}[]:,*&!?-%/.= \t\n\r0189eE", 32};

void mutate_once(std::string& bytes, const std::vector<std::string>& corpus, Dice& dice) {
  const std::size_t at = dice.below(bytes.size() + 1);
  const std::size_t length = std::min(bytes.size() - at, 1 + dice.below(dice.below(4) == 0 ? 256 : 8));
  switch (dice.below(8)) {
    case 0:
      if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << dice.below(8)));
      break;
    case 1:
      if (at < bytes.size()) bytes[at] = static_cast<char>(dice.next());
      break;
    case 2:
      if (at < bytes.size()) bytes[at] = kTellingBytes[dice.below(kTellingBytes.size())];
      break;
    case 3:
      bytes.insert(at, 1, kTellingBytes[dice.below(kTellingBytes.size())]);
      break;
    case 4:
      bytes.erase(at, length);
      break;
    case 5:  // a part once more, somewhere else
      bytes.insert(dice.below(bytes.size() + 1), bytes.substr(at, length));
      break;
    case 6: {  // a part of another one
      const std::string& other = corpus[dice.below(corpus.size())];
      const std::size_t from = dice.below(other.size() + 1);
      bytes.replace(at, length, other.substr(from, 1 + dice.below(64)));
      break;
    }
    default:
      bytes.resize(at);
      break;
  }
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> corpus_of(const std::vector<std::filesystem::path>& places) {
  std::vector<std::filesystem::path> files;
  for (const auto& place : places) {
    if (!std::filesystem::is_directory(place)) {
      files.push_back(place);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(place)) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> corpus;
  for (const auto& file : files) corpus.push_back(content_of(file));
  return corpus;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t runs = 0;
  std::size_t seed = 1;
  std::vector<std::filesystem::path> places;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word(argv[i]);
    std::size_t* const number = word == "--runs" ? &runs : word == "--seed" ? &seed : nullptr;
    if (number == nullptr) {
      places.emplace_back(word);
    } else if (++i < argc) {
      const std::string_view digits(argv[i]);
      std::from_chars(digits.data(), digits.data() + digits.size(), *number);
    }
  }
  const std::string name = std::filesystem::path(argv[0]).filename().string();
  died = name + died;
  const std::vector<std::string> corpus = corpus_of(places);
  if (corpus.empty()) {
    std::fprintf(stderr, "%s: there is no corpus\n", name.c_str());
    return 1;
  }
  watch();
  for (const std::string& each : corpus) try_input(each);
  Dice dice(seed);
  for (std::size_t run = 0; run < runs; ++run) {
    std::string bytes = corpus[dice.below(corpus.size())];
    for (std::size_t left = 1 + dice.below(kMostMutations); left > 0; --left) mutate_once(bytes, corpus, dice);
    if (bytes.size() > kLongestInput) bytes.resize(kLongestInput);
    try_input(std::move(bytes));
  }
  std::printf("%s: %zu seeds, %zu mutations of them\n", name.c_str(), corpus.size(), runs);
  return 0;
}
