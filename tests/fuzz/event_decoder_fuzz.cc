// Any bytes at all are an event or a rejection, and an event keeps what the model promises of it.
//
// The first byte says whether the record has a timestamp and a key, and how long the key is; the rest is
// both.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string_view>

#include <simdjson.h>

#include "ingest/event_decoder.h"

namespace touchstone {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void require_sound(const Event& event) {
  require(!text_of(event[Field::kType]).empty());
  require(!event.customer.empty());
  require(simdjson::validate_utf8(event.customer.data(), event.customer.size()));
  require(event.time >= kEarliestEventTime && event.time <= kLatestEventTime);
  std::set<std::string_view> names;
  for (const auto& [name, scalar] : event.attributes) {
    require(is_present(scalar));
    require(names.insert(name).second);
  }
}

Record record_from(std::string_view bytes) {
  const auto choice = static_cast<unsigned char>(bytes.front());
  bytes.remove_prefix(1);
  Record record;
  record.topic = "events";
  if (choice & 1) record.timestamp_ms = 1'795'280'400'000;
  if (choice & 2) {
    record.key = bytes.substr(0, choice >> 4);
    bytes.remove_prefix(record.key->size());
  }
  record.value = bytes;
  return record;
}

}  // namespace
}  // namespace touchstone

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace touchstone;
  static EventDecoder decoder(std::chrono::hours{1});
  if (size == 0) return 0;
  const Record record = record_from({reinterpret_cast<const char*>(data), size});
  const Decoded decoded = decoder.decode(record);
  if (const auto* const* event = std::get_if<const Event*>(&decoded)) {
    require_sound(**event);
    require(decoder.customer() == (*event)->customer);
  } else {
    require(!std::get<Rejection>(decoded).detail.empty());
  }
  return 0;
}
