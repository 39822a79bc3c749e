#include "ingest/event_decoder.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <simdjson.h>

#include "ingest/json_values.h"

namespace touchstone {
namespace {

namespace dom = simdjson::dom;
using json::is_absent;
using json::Named;
using json::Value;

/// The deepest nesting is 1,024; the parser's own limit counts the document itself too.
constexpr std::size_t kParserDepth = 1'025;
/// Room for the largest record, so that the parser never grows while records are read.
constexpr std::size_t kParserCapacity = kLargestRecord + 1;
/// Newer versions of the parser skip a byte order mark, older ones refuse it; we refuse it.
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// Why a step found no event; nothing where all is well so far.
using Refusal = std::optional<Rejection>;

Refusal refuse(Reason reason, std::string detail) { return Rejection{reason, std::move(detail)}; }

// --- what a record may hold -----------------------------------------------------------------------------

enum class Kind : std::uint8_t { kText, kTime, kNumber };

/// A field that holds a scalar: its type and, for a number, its closed range.
struct FieldRule {
  std::string_view key;
  Field field;
  Kind kind;
  double min = 0;
  double max = 0;
};

constexpr std::array kRecordRules = std::to_array<FieldRule>({
    {.key = "type", .field = Field::kType, .kind = Kind::kText},
    {.key = "customer", .field = Field::kCustomer, .kind = Kind::kText},
    {.key = "time", .field = Field::kTime, .kind = Kind::kTime},
    {.key = "id", .field = Field::kId, .kind = Kind::kText},
    {.key = "channel", .field = Field::kChannel, .kind = Kind::kText},
    {.key = "touchpoint", .field = Field::kTouchpoint, .kind = Kind::kText},
    {.key = "segment", .field = Field::kSegment, .kind = Kind::kText},
    {.key = "value", .field = Field::kValue, .kind = Kind::kNumber, .min = -1e12, .max = 1e12},
    {.key = "wait_s", .field = Field::kWaitS, .kind = Kind::kNumber, .min = 0, .max = 1e9},
    {.key = "duration_s", .field = Field::kDurationS, .kind = Kind::kNumber, .min = 0, .max = 1e9},
});

constexpr std::array kFeedbackRules = std::to_array<FieldRule>({
    {.key = "csat", .field = Field::kCsat, .kind = Kind::kNumber, .min = 1, .max = 5},
    {.key = "stars", .field = Field::kStars, .kind = Kind::kNumber, .min = 1, .max = 5},
    {.key = "nps", .field = Field::kNps, .kind = Kind::kNumber, .min = 0, .max = 10},
    {.key = "ces", .field = Field::kCes, .kind = Kind::kNumber, .min = 1, .max = 7},
    {.key = "sentiment", .field = Field::kSentiment, .kind = Kind::kNumber, .min = -1, .max = 1},
    {.key = "about", .field = Field::kAbout, .kind = Kind::kText},
});

// The first fields of the record are those that may be missing; they are looked at before all others.
constexpr std::size_t kTypeAt = 0;
constexpr std::size_t kCustomerAt = 1;
constexpr std::size_t kTimeAt = 2;
constexpr std::size_t kFeedbackAt = kRecordRules.size();
constexpr std::size_t kAttributesAt = kFeedbackAt + 1;
constexpr std::size_t kForgetAt = kAttributesAt + 1;  // no field of an event: see EventDecoder::forget()

constexpr auto kRecordKeys = [] {
  std::array<std::string_view, kForgetAt + 1> keys{};
  for (std::size_t i = 0; i < kRecordRules.size(); ++i) keys[i] = kRecordRules[i].key;
  keys[kFeedbackAt] = "feedback";
  keys[kAttributesAt] = "attributes";
  keys[kForgetAt] = "forget";
  return keys;
}();
constexpr json::KeyList kRecordKeyList(kRecordKeys);
static_assert(kRecordKeys[kTypeAt] == "type" && kRecordKeys[kCustomerAt] == "customer" &&
              kRecordKeys[kTimeAt] == "time");

constexpr auto kFeedbackKeys = [] {
  std::array<std::string_view, kFeedbackRules.size()> keys{};
  for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = kFeedbackRules[i].key;
  return keys;
}();
constexpr json::KeyList kFeedbackKeyList(kFeedbackKeys);

// --- checks ---------------------------------------------------------------------------------------------

std::string name_of_field(const FieldRule& rule) {
  return std::string(kFieldNames[static_cast<std::size_t>(rule.field)]);
}

/// Takes the scalar of one field into the event, if it is there and of the right type and range.
Refusal take_field(const Value& value, const FieldRule& rule, Event& event) {
  if (!value) return std::nullopt;
  const std::optional<Scalar> scalar = json::scalar_of(*value);
  if (scalar && !is_present(*scalar)) return std::nullopt;
  const bool text = scalar && std::holds_alternative<std::string_view>(*scalar);
  switch (rule.kind) {
    case Kind::kText:
      if (!text) return refuse(Reason::kBadValue, name_of_field(rule) + " is not a string");
      break;
    case Kind::kTime:
      if (!text && !value->is_int64() && !value->is_uint64()) {
        return refuse(Reason::kBadValue, "time is neither a string nor an integer");
      }
      break;
    case Kind::kNumber: {
      const std::optional<double> number = scalar ? number_of(*scalar) : std::nullopt;
      if (!number) return refuse(Reason::kBadValue, name_of_field(rule) + " is not a number");
      if (*number < rule.min || *number > rule.max) {
        return refuse(Reason::kBadValue, name_of_field(rule) + " is out of range");
      }
      break;
    }
  }
  event[rule.field] = *scalar;
  return std::nullopt;
}

/// One sentence for a person; the parser's own texts differ from version to version.
std::string why_malformed(simdjson::error_code error) {
  switch (error) {
    case simdjson::EMPTY:
      return "there is nothing in it";
    case simdjson::DEPTH_ERROR:
      return "nested too deeply";
    case simdjson::TAPE_ERROR:
    case simdjson::T_ATOM_ERROR:
    case simdjson::F_ATOM_ERROR:
    case simdjson::N_ATOM_ERROR:
      return "not one JSON value";
    case simdjson::STRING_ERROR:
    case simdjson::UNESCAPED_CHARS:
    case simdjson::UNCLOSED_STRING:
      return "not JSON: a string is faulty or has no end";
    default:
      // What is left are numbers: newer versions have a code of their own for integers beyond 64 bits.
      return "not JSON: a number is faulty, or beyond a double or 64 bits";
  }
}

bool is_utf8(std::string_view bytes) { return simdjson::validate_utf8(bytes.data(), bytes.size()); }

}  // namespace

// --- the decoder ----------------------------------------------------------------------------------------

/// What the decoder keeps from record to record: the parser, its buffers, and the event last read.
class EventDecoder::Reader {
 public:
  explicit Reader(Millis max_future);

  /// The steps stand in the order of the reasons: a later one only runs where no earlier one refused.
  Refusal read(const Record& record);

  [[nodiscard]] const Event& event() const { return event_; }
  [[nodiscard]] std::optional<std::string_view> customer() const { return customer_; }
  [[nodiscard]] std::optional<std::string_view> forget() const { return forget_; }

 private:
  void start(const Record& record);
  Refusal parse(std::string_view bytes);
  Refusal require(const Record& record);
  Refusal read_fields();
  Refusal read_feedback();
  Refusal read_attributes();
  Refusal read_time(const Record& record);
  void note_subject(const dom::object& object);

  Millis max_future_;
  dom::parser parser_;
  dom::document document_;
  std::unique_ptr<char[]> buffer_;
  std::array<Value, kRecordKeys.size()> values_{};
  std::vector<Named> attributes_;
  std::string key_;
  Event event_;
  std::optional<std::string_view> customer_;
  std::optional<std::string_view> forget_;
};

EventDecoder::Reader::Reader(Millis max_future)
    : max_future_(max_future), buffer_(new char[kLargestRecord + simdjson::SIMDJSON_PADDING]) {
  // Only a lack of memory can make these fail, and without memory there is no decoder.
  const auto parser_error = parser_.allocate(kParserCapacity, kParserDepth);
  assert(parser_error == simdjson::SUCCESS);
  const auto document_error = document_.allocate(kParserCapacity);
  assert(document_error == simdjson::SUCCESS);
}

Refusal EventDecoder::Reader::read(const Record& record) {
  assert(record.value.has_value());
  start(record);
  if (record.key && record.key->size() > kLargestRecord) {
    return refuse(Reason::kTooLarge, "the record's key is larger than 1 MiB");
  }
  if (auto refusal = parse(*record.value)) return refusal;
  if (auto refusal = require(record)) return refusal;
  if (auto refusal = read_fields()) return refusal;
  if (auto refusal = read_feedback()) return refusal;
  if (auto refusal = read_attributes()) return refusal;
  return read_time(record);
}

void EventDecoder::Reader::start(const Record& record) {
  event_.fields.fill(Scalar{});
  event_.attributes.clear();
  event_.customer = {};
  event_.time = {};
  key_.assign(record.key.value_or(std::string_view{}).substr(0, kLargestRecord));
  customer_.reset();
  forget_.reset();
  if (record.key && record.key->size() > key_.size()) return;  // it is nobody's
  if (!key_.empty() && is_utf8(key_)) customer_ = key_;
}

Refusal EventDecoder::Reader::parse(std::string_view bytes) {
  if (bytes.size() > kLargestRecord) return refuse(Reason::kTooLarge, "larger than 1 MiB");
  std::copy(bytes.begin(), bytes.end(), buffer_.get());
  std::memset(buffer_.get() + bytes.size(), 0, simdjson::SIMDJSON_PADDING);

  dom::element root;
  const auto error = parser_.parse_into_document(document_, buffer_.get(), bytes.size(), false).get(root);
  const bool marked = bytes.starts_with(kByteOrderMark);
  if (error != simdjson::SUCCESS || marked) {
    // The parser checks UTF-8 too, but of several faults it does not report this one first.
    if (!is_utf8(bytes)) return refuse(Reason::kEncoding, "the record is not UTF-8");
    return refuse(Reason::kMalformed, marked ? "begins with a byte order mark" : why_malformed(error));
  }
  dom::object object;
  if (root.get_object().get(object) != simdjson::SUCCESS) {
    return refuse(Reason::kMalformed, "not an object");
  }
  json::find_first_of_each(object, kRecordKeyList, values_);
  note_subject(object);
  return std::nullopt;
}

void EventDecoder::Reader::note_subject(const dom::object& object) {
  const std::string_view customer = json::text_in(values_[kCustomerAt]);
  if (!customer.empty()) customer_ = customer;
  const std::string_view forget = json::text_in(values_[kForgetAt]);
  if (forget.empty()) return;
  for (const dom::key_value_pair field : object) {
    if (field.key != kRecordKeys[kForgetAt]) return;
  }
  forget_ = forget;
}

Refusal EventDecoder::Reader::require(const Record& record) {
  const bool from_key = is_absent(values_[kCustomerAt]) && !key_.empty();
  if (from_key && !customer_) return refuse(Reason::kEncoding, "the record's key is not UTF-8");
  if (is_absent(values_[kTypeAt])) return refuse(Reason::kMissingField, "there is no type");
  if (is_absent(values_[kCustomerAt]) && !from_key) {
    return refuse(Reason::kMissingField, "there is no customer, and the record has no key");
  }
  if (is_absent(values_[kTimeAt]) && !record.timestamp_ms) {
    return refuse(Reason::kMissingField, "there is no time, and the record has no timestamp");
  }
  return std::nullopt;
}

Refusal EventDecoder::Reader::read_fields() {
  for (std::size_t i = 0; i < kRecordRules.size(); ++i) {
    if (auto refusal = take_field(values_[i], kRecordRules[i], event_)) return refusal;
  }
  // Once its fields are right, a record has a customer: require() made sure of that.
  event_.customer = *customer_;
  return std::nullopt;
}

Refusal EventDecoder::Reader::read_feedback() {
  if (is_absent(values_[kFeedbackAt])) return std::nullopt;
  dom::object object;
  if (values_[kFeedbackAt]->get_object().get(object) != simdjson::SUCCESS) {
    return refuse(Reason::kBadValue, "feedback is not an object");
  }
  std::array<Value, kFeedbackKeys.size()> values;
  json::find_first_of_each(object, kFeedbackKeyList, values);
  for (std::size_t i = 0; i < kFeedbackRules.size(); ++i) {
    if (auto refusal = take_field(values[i], kFeedbackRules[i], event_)) return refusal;
  }
  return std::nullopt;
}

Refusal EventDecoder::Reader::read_attributes() {
  if (is_absent(values_[kAttributesAt])) return std::nullopt;
  dom::object object;
  if (values_[kAttributesAt]->get_object().get(object) != simdjson::SUCCESS) {
    return refuse(Reason::kBadValue, "attributes is not an object");
  }
  json::collect_first_of_each(object, attributes_);
  for (const Named& attribute : attributes_) {
    const std::optional<Scalar> scalar = json::scalar_of(attribute.value);
    // The name is not repeated: it is the sender's own text and may say anything about the customer.
    if (!scalar) return refuse(Reason::kBadValue, "attributes holds something that is not a scalar");
    if (is_present(*scalar)) event_.attributes.emplace_back(attribute.name, *scalar);
  }
  return std::nullopt;
}

Refusal EventDecoder::Reader::read_time(const Record& record) {
  const Scalar& field = event_[Field::kTime];
  const bool own = is_present(field);
  std::optional<EventTime> time;
  if (!own) {
    time = time_from_millis(*record.timestamp_ms);
  } else if (const auto* ms = std::get_if<std::int64_t>(&field)) {
    time = time_from_millis(*ms);
  } else {
    // An integer beyond 63 bits has become a double by now: it has no text and is no readable time.
    time = parse_rfc3339(text_of(field));
  }
  if (!time) return refuse(Reason::kBadTime, "time cannot be read");
  if (*time < kEarliestEventTime || *time > kLatestEventTime) {
    return refuse(Reason::kBadTime, std::string(own ? "time" : "the record's timestamp") +
                                        " is before the year 2000 or after the year 2100");
  }
  // The event's time is bounded by now, so that only this side of the comparison can be computed safely.
  if (own && record.timestamp_ms && millis_of(*time - max_future_) > *record.timestamp_ms) {
    return refuse(Reason::kFutureTime, "time is too far after the record's timestamp");
  }
  event_.time = *time;
  return std::nullopt;
}

EventDecoder::EventDecoder(Millis max_future) : reader_(std::make_unique<Reader>(max_future)) {}

EventDecoder::~EventDecoder() = default;

Decoded EventDecoder::decode(const Record& record) {
  if (auto refusal = reader_->read(record)) return *std::move(refusal);
  return &reader_->event();
}

std::optional<std::string_view> EventDecoder::customer() const { return reader_->customer(); }

std::optional<std::string_view> EventDecoder::forget() const { return reader_->forget(); }

}  // namespace touchstone
