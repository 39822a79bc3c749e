// Writing and reading bytes that outlive the process: little-endian base-128 varints (zigzag where negative
// numbers occur), texts with their length in front. The reader checks every bound and never throws.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/model/time.h"

namespace touchstone {

/// No time that is written lies further from 1970, in milliseconds: some 30,000 years. So a time that was read can be
/// moved by any duration of the settings, and by another time, without leaving 64 bits.
inline constexpr std::int64_t kFurthestTimeMs = 1'000'000'000'000'000;

/// Appends to a string.
class ByteWriter {
 public:
  void byte(std::uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void number(std::uint64_t value) {
    if (value < 0x80) return byte(static_cast<std::uint8_t>(value));
    std::array<char, 10> bytes;  // NOLINT(cppcoreguidelines-pro-type-member-init): only what is written is read
    std::size_t size = 0;
    for (; value >= 0x80; value >>= 7) bytes[size++] = static_cast<char>(value | 0x80);
    bytes[size++] = static_cast<char>(value);
    out_.append(bytes.data(), size);
  }
  void signed_number(std::int64_t value) {
    number((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
  }
  void time(EventTime value) { signed_number(millis_of(value)); }
  void optional_time(const std::optional<EventTime>& value) {
    byte(value ? 1 : 0);
    if (value) time(*value);
  }
  void text(std::string_view value) {
    number(value.size());
    out_.append(value);
  }
  void fixed64(std::uint64_t value) {
    std::array<char, 8> bytes;  // NOLINT(cppcoreguidelines-pro-type-member-init): written whole
    for (unsigned i = 0; i < 8; ++i) bytes[i] = static_cast<char>(value >> (8 * i));
    out_.append(bytes.data(), bytes.size());
  }
  void raw(std::string_view value) { out_.append(value); }

  [[nodiscard]] const std::string& bytes() const { return out_; }
  [[nodiscard]] std::string take() { return std::move(out_); }
  /// Empty again, with the memory it has.
  void clear() { out_.clear(); }

 private:
  std::string out_;
};

/// Reads from borrowed bytes. After the first fault every call returns zero or nothing and ok() is false.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] bool ok() const { return ok_; }
  /// Everything was read, and nothing was wrong.
  [[nodiscard]] bool done() const { return ok_ && rest_.empty(); }
  [[nodiscard]] std::size_t left() const { return rest_.size(); }
  void fail() { ok_ = false; }

  std::uint8_t byte() {
    if (!ok_ || rest_.empty()) {
      ok_ = false;
      return 0;
    }
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  std::uint64_t number() {
    if (ok_ && !rest_.empty() && static_cast<unsigned char>(rest_.front()) < 0x80) return byte();
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint8_t next = byte();
      value |= static_cast<std::uint64_t>(next & 0x7F) << shift;
      if ((next & 0x80) == 0) return ok_ ? value : 0;
    }
    ok_ = false;
    return 0;
  }
  /// A number that fits a non-negative 32-bit one; more than that is a fault.
  std::int32_t small_number() {
    const std::uint64_t value = number();
    if (value > 0x7FFFFFFFU) ok_ = false;
    return ok_ ? static_cast<std::int32_t>(value) : 0;
  }
  /// A number that counts things still to come, each of at least one byte; more than that is a fault.
  std::size_t count() {
    const std::uint64_t value = number();
    if (value > rest_.size()) ok_ = false;
    return ok_ ? static_cast<std::size_t>(value) : 0;
  }
  std::int64_t signed_number() {
    const std::uint64_t value = number();
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
  }
  /// A time within kFurthestTimeMs; one further away is a fault.
  EventTime time() { return time_after(EventTime{}); }
  /// A time written as what has passed since another one that was read.
  EventTime time_after(EventTime earlier) {
    const std::int64_t passed = signed_number();
    if (passed < -2 * kFurthestTimeMs || passed > 2 * kFurthestTimeMs) ok_ = false;
    const std::int64_t ms = ok_ ? millis_of(earlier) + passed : 0;
    if (ms < -kFurthestTimeMs || ms > kFurthestTimeMs) ok_ = false;
    return time_from_millis(ok_ ? ms : 0);
  }
  std::optional<EventTime> optional_time() {
    if (byte() == 0) return std::nullopt;
    return time();
  }
  std::string_view text() {
    const std::size_t size = count();
    if (!ok_) return {};
    const std::string_view value = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return value;
  }
  std::uint64_t fixed64() {
    if (rest_.size() < 8) ok_ = false;
    if (!ok_) return 0;
    std::uint64_t value = 0;
    for (unsigned i = 0; i < 8; ++i) value |= std::uint64_t{static_cast<unsigned char>(rest_[i])} << (8 * i);
    rest_.remove_prefix(8);
    return value;
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace touchstone
