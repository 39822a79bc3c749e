// Which partition a keyed record goes to, exactly as Kafka's clients decide it: murmur2 for the Java clients
// and for what this program writes, CRC32 for producers that run librdkafka with its defaults.
#pragma once

#include <cstdint>
#include <string_view>

namespace touchstone {

/// The 32-bit hash of Kafka's Java client (seed 0x9747b28c).
[[nodiscard]] std::uint32_t murmur2(std::string_view bytes);

/// The partition of a key in Java's default partitioner. partitions > 0.
[[nodiscard]] std::int32_t murmur2_partition(std::string_view key, std::int32_t partitions);

/// CRC-32 as in zlib.
[[nodiscard]] std::uint32_t crc32_of(std::string_view bytes);

/// The partition of a key in librdkafka's default partitioner (`consistent`). partitions > 0.
[[nodiscard]] std::int32_t crc32_partition(std::string_view key, std::int32_t partitions);

}  // namespace touchstone
