#include "ingest/line_reader.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

namespace touchstone {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{256} << 10;
constexpr std::string_view kGzipMagic = "\x1f\x8b";
/// zlib: the largest window, and a gzip header rather than zlib's own.
constexpr int kGzipWindowBits = 15 + 16;

using Block = std::array<char, kBlockBytes>;

std::string base_name_of(const std::string& path) {
  if (path == "-") return "stdin";
  return path.substr(path.find_last_of('/') + 1);
}

}  // namespace

/// The bytes of the file, block by block, decompressed where they need to be.
class LineReader::Source {
 public:
  Source(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  ~Source() {
    if (compressed_) inflateEnd(&inflate_);
    if (descriptor_ != STDIN_FILENO) ::close(descriptor_);
  }

  /// Looks at the first bytes; called once, before next_block().
  Result<void> recognise();

  /// The next block, valid until the next call; empty at the end.
  Result<std::string_view> next_block() { return compressed_ ? inflated_block() : plain_block(); }

 private:
  Result<void> read_more();
  Result<std::string_view> plain_block();
  Result<std::string_view> inflated_block();
  Result<bool> at_end_of_members();
  [[nodiscard]] Error error(const std::string& what) const { return Error(ErrorKind::kFatal, path_ + ": " + what); }

  int descriptor_;
  std::string path_;
  bool compressed_ = false;
  bool ended_ = false;  ///< the file has no more bytes than those in unread_
  bool between_members_ = false;
  z_stream inflate_{};
  std::string_view unread_;  ///< of raw_, what was not yet used
  Block raw_{};
  Block inflated_{};
};

Result<void> LineReader::Source::recognise() {
  // A pipe may hand over its first bytes one by one.
  while (unread_.size() < kGzipMagic.size() && !ended_) TOUCHSTONE_TRY(read_more());
  if (!unread_.starts_with(kGzipMagic)) return {};
  if (inflateInit2(&inflate_, kGzipWindowBits) != Z_OK) return error("cannot be decompressed: out of memory");
  compressed_ = true;
  return {};
}

/// Appends to unread_, which is empty or holds the file's very first byte.
Result<void> LineReader::Source::read_more() {
  const std::size_t kept = unread_.size();
  ssize_t count = 0;
  do {
    count = ::read(descriptor_, raw_.data() + kept, raw_.size() - kept);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return error("cannot be read: " + std::generic_category().message(errno));
  ended_ = count == 0;
  unread_ = {raw_.data(), kept + static_cast<std::size_t>(count)};
  return {};
}

Result<std::string_view> LineReader::Source::plain_block() {
  if (unread_.empty() && !ended_) TOUCHSTONE_TRY(read_more());
  return std::exchange(unread_, {});
}

/// Between two members: skips the zero bytes that some writers pad with, and tells whether the file ends
/// here.
Result<bool> LineReader::Source::at_end_of_members() {
  while (true) {
    const std::size_t zeros = unread_.find_first_not_of('\0');
    if (zeros != std::string_view::npos) {
      unread_.remove_prefix(zeros);
      return false;
    }
    if (ended_) return true;
    unread_ = {};
    TOUCHSTONE_TRY(read_more());
  }
}

Result<std::string_view> LineReader::Source::inflated_block() {
  while (true) {
    if (between_members_) {
      const Result<bool> end = at_end_of_members();
      if (!end) return end.error();
      if (*end) return std::string_view{};
      between_members_ = false;
      inflateReset(&inflate_);
    }
    if (unread_.empty()) {
      if (!ended_) TOUCHSTONE_TRY(read_more());
      if (ended_) return error("the gzip stream is cut short");
    }
    // zlib's interface does not say const, but it does not write to its input.
    inflate_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(unread_.data()));
    inflate_.avail_in = static_cast<uInt>(unread_.size());
    inflate_.next_out = reinterpret_cast<Bytef*>(inflated_.data());
    inflate_.avail_out = static_cast<uInt>(inflated_.size());
    const int status = inflate(&inflate_, Z_NO_FLUSH);
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
      return error(std::string("the gzip stream is damaged: ") +
                   (inflate_.msg != nullptr ? inflate_.msg : "no reason given"));
    }
    between_members_ = status == Z_STREAM_END;
    unread_.remove_prefix(unread_.size() - inflate_.avail_in);
    const std::size_t size = inflated_.size() - inflate_.avail_out;
    if (size > 0) return std::string_view(inflated_.data(), size);
  }
}

LineReader::LineReader(std::string base_name, std::unique_ptr<Source> source)
    : base_name_(std::move(base_name)), source_(std::move(source)) {}

LineReader::~LineReader() = default;

Result<std::unique_ptr<LineReader>> LineReader::open(const std::string& path) {
  const bool standard_input = path == "-";
  const int descriptor = standard_input ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const std::string shown = standard_input ? "standard input" : path;
  if (descriptor < 0) {
    return Error(ErrorKind::kFatal, shown + ": cannot be opened: " + std::generic_category().message(errno));
  }
  auto source = std::make_unique<Source>(descriptor, shown);
  TOUCHSTONE_TRY(source->recognise());
  return std::unique_ptr<LineReader>(new LineReader(base_name_of(path), std::move(source)));
}

void LineReader::append(std::string_view part) { line_.append(part.substr(0, kLongestLine - line_.size())); }

Result<std::optional<std::string_view>> LineReader::next() {
  line_.clear();
  while (true) {
    const std::size_t feed = block_.find('\n');
    if (feed != std::string_view::npos) {
      const std::string_view head = block_.substr(0, feed);
      block_.remove_prefix(feed + 1);
      if (line_.empty()) return std::optional(head);
      append(head);
      return std::optional<std::string_view>(line_);
    }
    append(block_);
    block_ = {};
    const Result<std::string_view> block = source_->next_block();
    if (!block) return block.error();
    if (block->empty()) break;
    block_ = *block;
  }
  if (line_.empty()) return std::optional<std::string_view>{};
  return std::optional<std::string_view>(line_);
}

}  // namespace touchstone
