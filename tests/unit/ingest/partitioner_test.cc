// The hashes against the values that Kafka's own tests name.
#include "ingest/partitioner.h"

#include <gtest/gtest.h>

namespace touchstone {
namespace {

TEST(Partitioner, HashesAsKafkasJavaClient) {
  // From org.apache.kafka.common.utils.UtilsTest.
  EXPECT_EQ(murmur2("21"), static_cast<std::uint32_t>(-973932308));
  EXPECT_EQ(murmur2("foobar"), static_cast<std::uint32_t>(-790332482));
  EXPECT_EQ(murmur2("a-little-bit-long-string"), static_cast<std::uint32_t>(-985981536));
  EXPECT_EQ(murmur2("a-little-bit-longer-string"), static_cast<std::uint32_t>(-1486304829));
  EXPECT_EQ(murmur2("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"), static_cast<std::uint32_t>(-58897971));
  EXPECT_EQ(murmur2("abc"), static_cast<std::uint32_t>(479470107));
}

TEST(Partitioner, HashesAsLibrdkafka) {
  // From librdkafka's own unit test of its murmur2.
  EXPECT_EQ(murmur2("kafka"), 0xd067cf64U);
  EXPECT_EQ(murmur2("giberish123456789"), 0x8f552b0cU);
  EXPECT_EQ(murmur2("1234"), 0x9fc97b14U);
  EXPECT_EQ(murmur2("234"), 0xe7c009caU);
  EXPECT_EQ(murmur2("34"), 0x873930daU);
  EXPECT_EQ(murmur2("4"), 0x5a4b5ca1U);
  EXPECT_EQ(murmur2("PreAmbleWillBeRemoved,ThePrePartThatIs"), 0x78424f1cU);
  EXPECT_EQ(murmur2("reAmbleWillBeRemoved,ThePrePartThatIs"), 0x4a62b377U);
  EXPECT_EQ(murmur2(""), 0x106e08d9U);
}

TEST(Partitioner, KeepsThePartitionOfAHashWithItsHighestBitSetInRange) {
  EXPECT_EQ(murmur2_partition("21", 1000), static_cast<std::int32_t>((-973932308 & 0x7fffffff) % 1000));
  for (const char* key : {"", "a", "ab", "abc", "abcd", "abcde"}) {
    EXPECT_GE(murmur2_partition(key, 7), 0);
    EXPECT_LT(murmur2_partition(key, 7), 7);
  }
}

TEST(Partitioner, KnowsCrc32ByItsCheckValue) {
  EXPECT_EQ(crc32_of("123456789"), 0xcbf43926U);
  EXPECT_EQ(crc32_of(""), 0U);
  EXPECT_EQ(crc32_partition("123456789", 10), static_cast<std::int32_t>(0xcbf43926U % 10));
}

}  // namespace
}  // namespace touchstone
