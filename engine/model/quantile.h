// Quantiles of waiting and duration from counts in log-linear buckets: additive, so they can be merged over
// panes and taken away again. Below 128 ms every millisecond has its bucket; above, each power of two is cut
// into 64 buckets of equal width, and a bucket answers with its middle: the relative error is at most
// 1/128 < 0.8 % (the layout of HdrHistogram, G. Tene, with 6 bits of sub-buckets).
#pragma once

#include <cstdint>
#include <span>

namespace touchstone {

/// No length is longer, in milliseconds: some 35,000 years.
inline constexpr std::int64_t kLongestLengthMs = std::int64_t{1} << 50;

/// The bucket of a length in milliseconds, 0..kLongestLengthMs. Buckets are ordered as the lengths are.
[[nodiscard]] std::uint16_t bucket_of(std::int64_t ms);

/// The length that stands for a bucket, in milliseconds.
[[nodiscard]] std::int64_t length_of_bucket(std::uint16_t bucket);

struct BucketCount {
  std::uint16_t bucket;
  std::int64_t count;
};

/// The length at the nearest rank ceil(percent/100 * n), n > 0 being the sum of the counts; buckets ascending.
[[nodiscard]] std::int64_t quantile_ms(std::span<const BucketCount> buckets, int percent);

}  // namespace touchstone
