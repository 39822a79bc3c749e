#include "ingest/partitioner.h"

#include <array>
#include <cassert>
#include <cstddef>

namespace touchstone {
namespace {

std::uint32_t byte_at(std::string_view bytes, std::size_t index) { return static_cast<unsigned char>(bytes[index]); }

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t remainder = i;
    for (int bit = 0; bit < 8; ++bit) {
      remainder = (remainder & 1U) != 0U ? 0xedb88320U ^ (remainder >> 1U) : remainder >> 1U;
    }
    table[i] = remainder;
  }
  return table;
}

constexpr std::array<std::uint32_t, 256> kCrcTable = make_crc_table();

}  // namespace

std::uint32_t murmur2(std::string_view bytes) {
  constexpr std::uint32_t kSeed = 0x9747b28cU;
  constexpr std::uint32_t kMix = 0x5bd1e995U;
  constexpr unsigned kShift = 24;

  std::uint32_t hash = kSeed ^ static_cast<std::uint32_t>(bytes.size());
  std::size_t at = 0;
  for (; bytes.size() - at >= 4; at += 4) {
    std::uint32_t word = byte_at(bytes, at) | (byte_at(bytes, at + 1) << 8U) | (byte_at(bytes, at + 2) << 16U) |
                         (byte_at(bytes, at + 3) << 24U);
    word *= kMix;
    word ^= word >> kShift;
    word *= kMix;
    hash *= kMix;
    hash ^= word;
  }
  const std::size_t rest = bytes.size() - at;
  if (rest >= 3) hash ^= byte_at(bytes, at + 2) << 16U;
  if (rest >= 2) hash ^= byte_at(bytes, at + 1) << 8U;
  if (rest >= 1) {
    hash ^= byte_at(bytes, at);
    hash *= kMix;
  }
  hash ^= hash >> 13U;
  hash *= kMix;
  hash ^= hash >> 15U;
  return hash;
}

std::int32_t murmur2_partition(std::string_view key, std::int32_t partitions) {
  assert(partitions > 0);
  return static_cast<std::int32_t>(murmur2(key) & 0x7fffffffU) % partitions;
}

std::uint32_t crc32_of(std::string_view bytes) {
  std::uint32_t crc = 0xffffffffU;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    crc = kCrcTable[(crc ^ byte_at(bytes, i)) & 0xffU] ^ (crc >> 8U);
  }
  return crc ^ 0xffffffffU;
}

std::int32_t crc32_partition(std::string_view key, std::int32_t partitions) {
  assert(partitions > 0);
  return static_cast<std::int32_t>(crc32_of(key) % static_cast<std::uint32_t>(partitions));
}

}  // namespace touchstone
