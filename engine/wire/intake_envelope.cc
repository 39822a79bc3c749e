#include "engine/wire/intake_envelope.h"

#include "engine/wire/bytes.h"
#include "engine/wire/records.h"

namespace touchstone {
namespace {

constexpr std::uint8_t kVersion = 1;
enum EnvelopeFlags : std::uint8_t { kTimestamp = 1, kKey = 2, kMarkOnly = 4, kHighest = 8, kSilent = 16, kEnd = 32 };

}  // namespace

std::string encode_envelope(const Envelope& envelope) {
  ByteWriter out;
  out.byte(kVersion);
  out.number(static_cast<std::uint64_t>(envelope.source));
  out.number(static_cast<std::uint64_t>(envelope.sources));
  out.byte(static_cast<std::uint8_t>((envelope.timestamp_ms ? kTimestamp : 0) | (envelope.key ? kKey : 0) |
                                     (envelope.mark_only ? kMarkOnly : 0) | (envelope.highest ? kHighest : 0) |
                                     (envelope.silent ? kSilent : 0) | (envelope.end ? kEnd : 0)));
  out.text(envelope.topic);
  out.number(static_cast<std::uint64_t>(envelope.partition.value()));
  out.signed_number(envelope.offset.value());
  if (envelope.timestamp_ms) out.signed_number(*envelope.timestamp_ms);
  if (envelope.key) out.text(*envelope.key);
  if (envelope.highest) out.time(*envelope.highest);
  if (envelope.end) write_end(out, *envelope.end);
  return out.take();
}

std::optional<Envelope> decode_envelope(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.byte() != kVersion) return std::nullopt;
  Envelope envelope;
  envelope.source = in.small_number();
  envelope.sources = in.small_number();
  const std::uint8_t flags = in.byte();
  envelope.mark_only = (flags & kMarkOnly) != 0;
  envelope.silent = (flags & kSilent) != 0;
  envelope.topic = in.text();
  envelope.partition = Partition(in.small_number());
  envelope.offset = Offset(in.signed_number());
  if ((flags & kTimestamp) != 0) envelope.timestamp_ms = in.signed_number();
  if ((flags & kKey) != 0) envelope.key = std::string(in.text());
  if ((flags & kHighest) != 0) envelope.highest = in.time();
  if ((flags & kEnd) != 0) envelope.end = read_end(in);
  const bool sound = in.done() && envelope.sources > 0 && envelope.source >= 0 && envelope.source < envelope.sources;
  if (!sound) return std::nullopt;
  return envelope;
}

}  // namespace touchstone
