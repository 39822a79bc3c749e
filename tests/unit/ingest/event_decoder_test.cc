// The decoder against two tables of records, tests/data/{wrong,right}-records.ndjson, and what no table
// shows: whom a refused record was about, how long an event lives, and what a hostile record costs.
//
// A line of the tables gives the record as `record` (text), `record_hex` (bytes), or `parts` and `parts_hex`
// (pieces with how often each is repeated), its `key` or `key_hex` and its `timestamp` where it has them, and
// what must come of it: a `reason`, or `customer`, `time`, `fields` and `attributes`.
#include "ingest/event_decoder.h"

#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <simdjson.h>

namespace touchstone {
namespace {

namespace dom = simdjson::dom;

constexpr Millis kMaxFuture = std::chrono::hours{1};

/// A scalar that outlives the decoder's next call.
using Kept = std::variant<bool, std::int64_t, double, std::string>;

struct Case {
  std::string name;
  std::string record;
  std::optional<std::string> key;
  std::optional<std::int64_t> timestamp_ms;
  std::string reason;
  std::string customer;
  std::string time;
  std::map<std::string, Kept> fields;
  std::map<std::string, Kept> attributes;
};

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

std::optional<std::string> text_at(const dom::element& line, std::string_view key) {
  std::string_view text;
  if (line[key].get_string().get(text) != simdjson::SUCCESS) return std::nullopt;
  return std::string(text);
}

/// `key` as text, or `key`_hex as bytes.
std::optional<std::string> bytes_at(const dom::element& line, const std::string& key) {
  if (auto text = text_at(line, key)) return text;
  if (const auto hex = text_at(line, key + "_hex")) return from_hex(*hex);
  return std::nullopt;
}

std::string record_of(const dom::element& line) {
  if (auto bytes = bytes_at(line, "record")) return *bytes;
  const bool hex = line["parts_hex"].error() == simdjson::SUCCESS;
  const dom::array parts = line[hex ? "parts_hex" : "parts"].get_array().value();
  std::string record;
  for (const dom::element part : parts) {
    const std::string_view text = part.at(0).get_string().value();
    const std::string piece = hex ? from_hex(text) : std::string(text);
    for (std::uint64_t i = part.at(1).get_uint64().value(); i > 0; --i) record += piece;
  }
  return record;
}

std::map<std::string, Kept> scalars_at(const dom::element& line, std::string_view key) {
  std::map<std::string, Kept> scalars;
  dom::object object;
  if (line[key].get_object().get(object) != simdjson::SUCCESS) return scalars;
  for (const dom::key_value_pair field : object) {
    Kept kept;
    if (field.value.is_bool()) kept = field.value.get_bool().value();
    if (field.value.is_int64()) kept = field.value.get_int64().value();
    if (field.value.type() == dom::element_type::DOUBLE) kept = field.value.get_double().value();
    if (field.value.is_string()) kept = std::string(field.value.get_string().value());
    scalars.emplace(field.key, std::move(kept));
  }
  return scalars;
}

std::vector<Case> cases_of(const std::string& file) {
  std::ifstream in(std::string(TOUCHSTONE_SOURCE_DIR) + "/tests/data/" + file);
  EXPECT_TRUE(in.is_open()) << file;
  dom::parser parser;
  std::vector<Case> cases;
  for (std::string line; std::getline(in, line);) {
    dom::element element;
    if (parser.parse(line).get(element) != simdjson::SUCCESS) {
      ADD_FAILURE() << file << ": not JSON: " << line;
      continue;
    }
    Case found{.name = text_at(element, "name").value_or("(no name)"),
               .record = record_of(element),
               .key = bytes_at(element, "key"),
               .timestamp_ms = std::nullopt,
               .reason = text_at(element, "reason").value_or(""),
               .customer = text_at(element, "customer").value_or(""),
               .time = text_at(element, "time").value_or(""),
               .fields = scalars_at(element, "fields"),
               .attributes = scalars_at(element, "attributes")};
    std::int64_t timestamp = 0;
    if (element["timestamp"].get_int64().get(timestamp) == simdjson::SUCCESS) found.timestamp_ms = timestamp;
    cases.push_back(std::move(found));
  }
  return cases;
}

/// Borrows from its arguments.
Record record_with(std::string_view value, std::optional<std::string_view> key = std::nullopt,
                   std::optional<std::int64_t> timestamp_ms = std::nullopt) {
  return Record{.topic = "events",
                .partition = Partition(0),
                .offset = Offset(0),
                .timestamp_ms = timestamp_ms,
                .key = key,
                .value = value,
                .headers = {}};
}

Record record_of(const Case& known) { return record_with(known.record, known.key, known.timestamp_ms); }

/// The reason as it is written in the dead letters; empty for an event.
std::string reason_of(const Decoded& decoded) {
  const auto* rejection = std::get_if<Rejection>(&decoded);
  return rejection != nullptr ? std::string(name_of(rejection->reason)) : "";
}

Kept kept_of(const Scalar& scalar) {
  if (const auto* flag = std::get_if<bool>(&scalar)) return *flag;
  if (const auto* whole = std::get_if<std::int64_t>(&scalar)) return *whole;
  if (const auto* number = std::get_if<double>(&scalar)) return *number;
  return std::string(text_of(scalar));
}

std::map<std::string, Kept> fields_of(const Event& event) {
  std::map<std::string, Kept> fields;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (is_present(event.fields[i])) fields.emplace(kFieldNames[i], kept_of(event.fields[i]));
  }
  return fields;
}

std::map<std::string, Kept> attributes_of(const Event& event) {
  std::map<std::string, Kept> attributes;
  for (const auto& [name, scalar] : event.attributes) {
    EXPECT_TRUE(is_present(scalar)) << name;
    EXPECT_TRUE(attributes.emplace(name, kept_of(scalar)).second) << name << " stands there twice";
  }
  return attributes;
}

std::string shown(const std::map<std::string, Kept>& scalars) {
  std::ostringstream out;
  out.precision(17);
  for (const auto& [name, kept] : scalars) {
    out << name << " (" << kept.index() << ") = ";
    std::visit([&](const auto& value) { out << value; }, kept);
    out << '\n';
  }
  return out.str();
}

void expect_as_told(const Decoded& decoded, const Case& known) {
  SCOPED_TRACE(known.name);
  const auto* const* event = std::get_if<const Event*>(&decoded);
  if (event == nullptr) {
    const auto& rejection = std::get<Rejection>(decoded);
    ADD_FAILURE() << "refused: " << name_of(rejection.reason) << ": " << rejection.detail;
    return;
  }
  EXPECT_EQ((*event)->customer, known.customer);
  EXPECT_EQ(to_rfc3339((*event)->time), known.time);
  EXPECT_EQ(shown(fields_of(**event)), shown(known.fields));
  EXPECT_EQ(shown(attributes_of(**event)), shown(known.attributes));
}

constexpr std::string_view kRight = R"({"type":"call","customer":"c1","time":"2026-11-21T17:00:00Z"})";

// --- the tables -----------------------------------------------------------------------------------------

TEST(EventDecoder, RefusesEveryWrongRecordForTheFirstReasonThatApplies) {
  const std::vector<Case> cases = cases_of("wrong-records.ndjson");
  EXPECT_GE(cases.size(), 60u);
  EventDecoder decoder(kMaxFuture);
  std::set<std::string> seen;
  for (const Case& known : cases) {
    const Decoded decoded = decoder.decode(record_of(known));
    EXPECT_EQ(reason_of(decoded), known.reason) << known.name;
    if (const auto* rejection = std::get_if<Rejection>(&decoded)) {
      EXPECT_FALSE(rejection->detail.empty()) << known.name;
    }
    seen.insert(known.reason);
  }
  EXPECT_EQ(seen.size(), kReasonCount) << "the table has to show every reason";
}

TEST(EventDecoder, ReadsEveryRightRecordAsItWasMeant) {
  const std::vector<Case> cases = cases_of("right-records.ndjson");
  EXPECT_GE(cases.size(), 30u);
  EventDecoder decoder(kMaxFuture);
  for (const Case& known : cases) expect_as_told(decoder.decode(record_of(known)), known);
}

TEST(EventDecoder, IsNotChangedByWhatItReadBefore) {
  const std::vector<Case> right = cases_of("right-records.ndjson");
  const std::vector<Case> wrong = cases_of("wrong-records.ndjson");
  ASSERT_FALSE(right.empty());
  EventDecoder decoder(kMaxFuture);
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    EXPECT_EQ(reason_of(decoder.decode(record_of(wrong[i]))), wrong[i].reason) << wrong[i].name;
    const Case& known = right[i % right.size()];
    SCOPED_TRACE("after: " + wrong[i].name);
    expect_as_told(decoder.decode(record_of(known)), known);
  }
}

TEST(EventDecoder, RefusesEveryRecordThatWasCutShort) {
  EventDecoder decoder(kMaxFuture);
  for (std::size_t size = 0; size < kRight.size(); ++size) {
    EXPECT_EQ(reason_of(decoder.decode(record_with(kRight.substr(0, size)))), "malformed") << size;
  }
  EXPECT_EQ(reason_of(decoder.decode(record_with(kRight))), "");
}

// --- whom a record is about -----------------------------------------------------------------------------

TEST(EventDecoder, TellsTheCustomerOfARefusedRecordWhereItCanBeRead) {
  EventDecoder decoder(kMaxFuture);
  const auto customer = [&](std::string_view value, std::optional<std::string_view> key) {
    EXPECT_NE(reason_of(decoder.decode(record_with(value, key))), "") << value;
    return std::string(decoder.customer().value_or("(nobody)"));
  };
  EXPECT_EQ(customer(R"({"customer":"c1"})", "k9"), "c1");
  EXPECT_EQ(customer(R"({"type":"call","customer":"c1","time":"soon"})", std::nullopt), "c1");
  EXPECT_EQ(customer(R"({"customer":5})", "k9"), "k9");
  EXPECT_EQ(customer(R"({"customer":""})", "k9"), "k9");
  EXPECT_EQ(customer(R"({"customer":"c1")", "k9"), "k9");
  EXPECT_EQ(customer(std::string(kLargestRecord + 1, ' '), "k9"), "k9");
  EXPECT_EQ(customer(R"({"customer":"c1")", std::nullopt), "(nobody)");
  EXPECT_EQ(customer("[]", ""), "(nobody)");
  EXPECT_EQ(customer("[]", "\xff"), "(nobody)");
  EXPECT_EQ(customer(R"({"customer":"c1"})", "\xff"), "c1");
}

TEST(EventDecoder, TellsTheCustomerOfAnEvent) {
  EventDecoder decoder(kMaxFuture);
  EXPECT_EQ(decoder.customer(), std::nullopt);
  EXPECT_EQ(reason_of(decoder.decode(record_with(kRight, "k9"))), "");
  EXPECT_EQ(decoder.customer(), "c1");
}

TEST(EventDecoder, TellsWhomALineAsksToForget) {
  EventDecoder decoder(kMaxFuture);
  const auto forget = [&](std::string_view value) {
    (void)decoder.decode(record_with(value));
    return std::string(decoder.forget().value_or("(nobody)"));
  };
  EXPECT_EQ(forget(R"({"forget":"c1"})"), "c1");
  EXPECT_EQ(forget(R"( { "f\u006frget" : "\u06f7" } )"), "۷");
  EXPECT_EQ(forget(R"({"forget":"c1","forget":"c2"})"), "c1");
  EXPECT_EQ(forget(R"({"forget":""})"), "(nobody)");
  EXPECT_EQ(forget(R"({"forget":null})"), "(nobody)");
  EXPECT_EQ(forget(R"({"forget":7})"), "(nobody)");
  EXPECT_EQ(forget(R"({"forget":"c1","x":null})"), "(nobody)");
  EXPECT_EQ(forget(R"({"forget":"c1"}x)"), "(nobody)");
  EXPECT_EQ(forget("{}"), "(nobody)");
}

// --- lifetime, limits and cost --------------------------------------------------------------------------

TEST(EventDecoder, OwnsWhatItsEventsSay) {
  EventDecoder decoder(kMaxFuture);
  std::string value = R"({"type":"call","time":"2026-11-21T17:00:00Z","attributes":{"tier":"gold"}})";
  std::string key = "a customer whose name is longer than any small buffer";
  const Decoded decoded = decoder.decode(record_with(value, key));
  const Event& event = *std::get<const Event*>(decoded);
  value.assign(value.size(), '#');
  key.assign(key.size(), '#');
  EXPECT_EQ(event.customer, "a customer whose name is longer than any small buffer");
  EXPECT_EQ(text_of(event[Field::kType]), "call");
  EXPECT_EQ(text_of(event.attribute("tier")), "gold");
}

TEST(EventDecoder, TakesTheLimitForTheFutureFromItsSettings) {
  EventDecoder decoder(Millis{0});
  const std::int64_t at = 1'795'280'400'000;
  EXPECT_EQ(reason_of(decoder.decode(record_with(kRight, std::nullopt, at))), "");
  EXPECT_EQ(reason_of(decoder.decode(record_with(kRight, std::nullopt, at - 1))), "future-time");
}

TEST(EventDecoder, NestsAsDeepAsTheContractSaysAndAFewMoreAtMost) {
  EventDecoder decoder(kMaxFuture);
  const auto nested = [&](std::size_t depth) {
    std::string record(kRight.substr(0, kRight.size() - 1));
    record += R"(,"x":)" + std::string(depth - 1, '[') + "1" + std::string(depth - 1, ']') + "}";
    return reason_of(decoder.decode(record_with(record)));
  };
  EXPECT_EQ(nested(1'024), "");
  EXPECT_EQ(nested(1'025), "malformed");
}

TEST(EventDecoder, RepeatsNothingThatTheSenderWrote) {
  EventDecoder decoder(kMaxFuture);
  for (const std::string_view extra :
       {R"(,"value":"secret")", R"(,"attributes":{"secret":{}})", R"(,"segment":{"secret":1})",
        R"(,"feedback":"secret")", R"(,"x":"secret)", R"(,"x":secret)"}) {
    std::string record(kRight.substr(0, kRight.size() - 1));
    record.append(extra).append("}");
    const Decoded decoded = decoder.decode(record_with(record));
    ASSERT_TRUE(std::holds_alternative<Rejection>(decoded)) << record;
    EXPECT_EQ(std::get<Rejection>(decoded).detail.find("secret"), std::string::npos) << record;
  }
}

// A hundred thousand names compared each with each would take minutes; the guard of the test run would see
// it.
TEST(EventDecoder, ReadsARecordFullOfAttributesInReasonableTime) {
  std::string record(kRight.substr(0, kRight.size() - 1));
  record += R"(,"attributes":{"last":1)";
  std::size_t count = 1;
  for (; record.size() < kLargestRecord - 20; ++count) record += ",\"" + std::to_string(count) + "\":1";
  record += "}}";
  EventDecoder decoder(kMaxFuture);
  const Decoded decoded = decoder.decode(record_with(record));
  ASSERT_EQ(reason_of(decoded), "");
  const Event& event = *std::get<const Event*>(decoded);
  EXPECT_EQ(event.attributes.size(), count);
  EXPECT_EQ(event.attributes.front().first, "last");
  EXPECT_EQ(event.attributes.back().first, std::to_string(count - 1));
}

}  // namespace
}  // namespace touchstone
