// Any bytes at all are an event or a rejection for a reason of the closed list; an event keeps what the model promises
// of it, and written out as JSON again it reads as the same event.
//
// The first byte says whether the record has a timestamp and a key, and how long the key is; the rest is
// both.
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include <simdjson.h>

#include "engine/wire/json.h"
#include "ingest/event_decoder.h"
#include "tests/fuzz/fuzz.h"

namespace touchstone {
namespace {

using fuzz::require;

constexpr std::int64_t kTimestampMs = 1'795'280'400'000;
constexpr Millis kMaxFuture = std::chrono::hours{1};

bool is_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

void require_sound(const Event& event, const Record& record) {
  require(!text_of(event[Field::kType]).empty());
  require(!event.customer.empty());
  require(is_utf8(event.customer));
  require(event.time >= kEarliestEventTime && event.time <= kLatestEventTime);
  if (record.timestamp_ms) require(event.time <= time_from_millis(*record.timestamp_ms) + kMaxFuture);
  require(parse_rfc3339(to_rfc3339(event.time)) == event.time);
  std::set<std::string_view> names;
  for (const auto& [name, scalar] : event.attributes) {
    require(is_present(scalar));
    require(names.insert(name).second);
  }
}

void require_sound(const Rejection& rejection, const Record& record) {
  require(static_cast<std::size_t>(rejection.reason) < kReasonCount);
  require(!name_of(rejection.reason).empty());
  require(!rejection.detail.empty() && is_utf8(rejection.detail));
  require((rejection.reason == Reason::kTooLarge) == (record.value->size() > kLargestRecord));
  if (rejection.reason == Reason::kFutureTime) require(record.timestamp_ms.has_value());
}

void append_scalar(const Scalar& scalar, std::string& out) {
  std::array<char, 32> digits{};
  if (const auto* text = std::get_if<std::string_view>(&scalar)) {
    append_json_text(*text, out);
  } else if (const auto* flag = std::get_if<bool>(&scalar)) {
    out += *flag ? "true" : "false";
  } else if (const auto* whole = std::get_if<std::int64_t>(&scalar)) {
    out += std::to_string(*whole);
  } else {
    // With an exponent always, so that no double reads as an integer.
    const auto end =
        std::to_chars(digits.begin(), digits.end(), std::get<double>(scalar), std::chars_format::scientific);
    out.append(digits.begin(), end.ptr);
  }
}

std::string feedback_json(const Event& event) {
  constexpr std::string_view kFeedback = "feedback.";
  std::string out;
  {
    JsonObject feedback(out);
    for (std::size_t i = 0; i < kFieldCount; ++i) {
      if (!is_present(event.fields[i]) || !kFieldNames[i].starts_with(kFeedback)) continue;
      append_scalar(event.fields[i], feedback.member(kFieldNames[i].substr(kFeedback.size())));
    }
  }
  return out;
}

/// The event as its sender could have written it.
std::string json_of(const Event& event) {
  std::string out;
  {
    JsonObject object(out);
    for (std::size_t i = 0; i < kFieldCount; ++i) {
      if (!is_present(event.fields[i]) || kFieldNames[i].find('.') != std::string_view::npos) continue;
      append_scalar(event.fields[i], object.member(kFieldNames[i]));
    }
    object.member("feedback") += feedback_json(event);
    JsonObject attributes(object.member("attributes"));
    for (const auto& [name, scalar] : event.attributes) append_scalar(scalar, attributes.member_of_any_name(name));
  }
  return out;
}

/// Everything of an event in one text, to be compared.
std::string told(const Event& event) {
  return std::string(event.customer) + '\n' + std::to_string(millis_of(event.time)) + '\n' + json_of(event);
}

void require_the_same_again(const Event& event, Record record) {
  static EventDecoder decoder(kMaxFuture);
  const std::string written = json_of(event);
  if (written.size() > kLargestRecord) return;
  record.value = written;
  const Decoded decoded = decoder.decode(record);
  const auto* const* again = std::get_if<const Event*>(&decoded);
  require(again != nullptr);
  require(told(**again) == told(event));
}

Record record_from(fuzz::Input input) {
  const std::uint8_t choice = input.byte();
  Record record;
  record.topic = "events";
  if (choice & 1) record.timestamp_ms = kTimestampMs;
  if (choice & 2) record.key = input.bytes(choice >> 4);
  record.value = input.rest();
  return record;
}

}  // namespace
}  // namespace touchstone

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace touchstone;
  static EventDecoder decoder(kMaxFuture);
  if (size == 0) return 0;
  const Record record = record_from({data, size});
  const Decoded decoded = decoder.decode(record);
  if (const auto* const* event = std::get_if<const Event*>(&decoded)) {
    require_sound(**event, record);
    require(decoder.customer() == (*event)->customer);
    require(!decoder.forget());
    require_the_same_again(**event, record);
  } else {
    require_sound(std::get<Rejection>(decoded), record);
  }
  for (const auto& named : {decoder.customer(), decoder.forget()}) {
    if (named) require(!named->empty() && is_utf8(*named));
  }
  return 0;
}
