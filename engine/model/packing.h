// Numbers and texts in few bytes, for what is put on a shelf. Never leaves the process, so it needs no version and its
// reader trusts it; what outlives the process is written by engine/wire.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace touchstone {

/// Base 128, least significant first; small numbers of either sign take one byte.
inline void pack_number(std::int64_t number, std::string& out) {
  auto left = (static_cast<std::uint64_t>(number) << 1) ^ static_cast<std::uint64_t>(number >> 63);
  for (; left >= 0x80; left >>= 7) out.push_back(static_cast<char>(left | 0x80));
  out.push_back(static_cast<char>(left));
}

inline void pack_text(std::string_view text, std::string& out) {
  pack_number(static_cast<std::int64_t>(text.size()), out);
  out += text;
}

/// Reads in the order of the packing. Borrows the bytes.
class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes, std::size_t at = 0) : bytes_(bytes), at_(at) {}

  [[nodiscard]] bool done() const { return at_ == bytes_.size(); }
  [[nodiscard]] std::size_t at() const { return at_; }
  void skip(std::size_t bytes) { at_ += bytes; }

  std::int64_t number() {
    std::uint64_t read = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes_[at_++]);
      read |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return static_cast<std::int64_t>((read >> 1) ^ (~(read & 1) + 1));
    }
  }

  std::string_view text() {
    const auto length = static_cast<std::size_t>(number());
    const std::string_view text = bytes_.substr(at_, length);
    at_ += length;
    return text;
  }

 private:
  std::string_view bytes_;
  std::size_t at_;
};

}  // namespace touchstone
