#include "engine/model/quantile.h"

#include <bit>
#include <cassert>

namespace touchstone {
namespace {

constexpr int kSubBits = 6;
constexpr std::int64_t kSubBuckets = std::int64_t{1} << kSubBits;

}  // namespace

std::uint16_t bucket_of(std::int64_t ms) {
  assert(ms >= 0);
  if (ms < 2 * kSubBuckets) return static_cast<std::uint16_t>(ms);
  const int shift = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(ms))) - 1 - kSubBits;
  return static_cast<std::uint16_t>((shift << kSubBits) + (ms >> shift));
}

std::int64_t length_of_bucket(std::uint16_t bucket) {
  if (bucket < 2 * kSubBuckets) return bucket;
  const int shift = (bucket >> kSubBits) - 1;
  const std::int64_t mantissa = (bucket & (kSubBuckets - 1)) + kSubBuckets;
  const std::int64_t width = std::int64_t{1} << shift;
  return (mantissa << shift) + width / 2;
}

std::int64_t quantile_ms(std::span<const BucketCount> buckets, int percent) {
  std::int64_t total = 0;
  for (const BucketCount& entry : buckets) total += entry.count;
  assert(total > 0);
  const std::int64_t rank = (total * percent + 99) / 100;
  std::int64_t seen = 0;
  for (const BucketCount& entry : buckets) {
    seen += entry.count;
    if (seen >= rank) return length_of_bucket(entry.bucket);
  }
  assert(false);
  return 0;
}

}  // namespace touchstone
