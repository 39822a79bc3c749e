// Writes what the fuzz targets begin with: examples of the tests and the shipped files, and records as the engine
// writes them now.
//
//   fuzz_seeds SOURCES OUT       OUT/<target>/<seed>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "engine/model/journey.h"
#include "engine/wire/customer_record.h"
#include "engine/wire/delta_batch.h"
#include "engine/wire/intake_envelope.h"
#include "engine/wire/records.h"
#include "tests/support/maps.h"

namespace touchstone {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

/// Larger ones only slow the search down.
constexpr std::size_t kLargestSeed = std::size_t{32} << 10;

std::string content_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The seeds of one target.
class Seeds {
 public:
  explicit Seeds(fs::path directory) : directory_(std::move(directory)) { fs::create_directories(directory_); }

  void add(std::string_view bytes) {
    if (bytes.empty() || bytes.size() > kLargestSeed) return;
    std::ofstream out(directory_ / ("seed-" + std::to_string(++count_)), std::ios::binary);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  void add_files(const fs::path& from, std::initializer_list<std::string_view> beginnings) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(from)) {
      const std::string name = entry.path().filename().string();
      for (const std::string_view beginning : beginnings) {
        if (name.starts_with(beginning) && name.ends_with(".yaml")) files.push_back(entry.path());
      }
    }
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) add(content_of(file));
  }
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  fs::path directory_;
  std::size_t count_ = 0;
};

std::string from_hex(std::string_view digits) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

/// `name`, or `name_hex`, of an example.
std::string bytes_at(const json::object& example, const std::string& name) {
  if (const auto* text = example.if_contains(name)) return std::string(text->as_string());
  if (const auto* digits = example.if_contains(name + "_hex")) return from_hex(digits->as_string());
  return {};
}

/// As event_decoder_fuzz.cc takes it apart.
void add_examples(const fs::path& file, Seeds& seeds) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const json::object example = json::parse(line).as_object();
    const std::string record = bytes_at(example, "record");
    if (record.empty()) continue;
    const std::string key = bytes_at(example, "key").substr(0, 15);
    const std::size_t choice = (example.contains("timestamp") ? 1U : 0U) | (key.empty() ? 0U : 2U | (key.size() << 4));
    seeds.add(static_cast<char>(choice) + key + record);
  }
}

Customer lively_customer(const Rules& rules, DeltaSet& deltas) {
  Customer customer;
  const char* const types[] = {"impression", "page_view", "call", "survey_response", "purchase", "page_view", "other"};
  std::int64_t second = 0;
  for (const char* type : types) {
    Event event = testing::event(type, second);
    event[Field::kId] = std::string_view(type);
    event[Field::kValue] = 12.34;
    event[Field::kWaitS] = std::int64_t{75};
    event[Field::kNps] = std::int64_t{9};
    if (second == 0) event.attributes.emplace_back("tier", std::string_view("gold"));
    if (const auto seen = observe(customer, event, rules, false)) {
      tally(*seen, event.time, testing::at(second - 10), rules, customer, deltas);
    }
    second += 7;
  }
  return customer;
}

DeltaBatch batch_of(DeltaSet deltas, const Rules& rules) {
  DeltaBatch batch;
  batch.head.sources = 1;
  batch.head.has_mark = true;
  batch.head.mark = testing::at(5);
  batch.head.end = EndOfInput{testing::at(6), 77};
  for (auto& [cell, delta] : deltas.take()) batch.deltas.push_back({key_of(cell, rules), delta});
  return batch;
}

/// The choices of wire_fuzz.cc.
enum WireChoice : char {
  kOfCustomer,
  kOfDeltas,
  kOfCell,
  kOfItems,
  kOfPosition,
  kOfEnvelope,
  kOfMeasures,
  kOfWindowsKey,
  kOfJourneyState,
  kOfIntakeState,
  kOfWindowsState,
  kOfWindowsEntry,
};

void add_entry(KeyKind kind, const CellKey& cell, std::string_view value, Seeds& seeds) {
  const std::string key = windows_key(kind, 2, cell, testing::at(0));
  seeds.add(std::string{kOfWindowsKey} + key);
  seeds.add(std::string{kOfWindowsEntry, static_cast<char>(key.size())} + key + std::string(value));
}

void add_cells(const DeltaBatch& batch, const Rules& rules, Seeds& seeds) {
  for (const NamedDelta& named : batch.deltas) {
    for (const auto& [pane, cell] : named.delta.panes) {
      ByteWriter bytes;
      write_cell(bytes, cell, rules.names());
      seeds.add(std::string{kOfCell} + bytes.bytes());
      add_entry(KeyKind::kPane, named.cell, bytes.bytes(), seeds);
      if (!has_rows(named.cell.scope)) continue;
      const Row row{2, testing::at(60), named.cell, measure(cell, 3)};
      seeds.add(std::string{kOfMeasures} + encode_measures(row, rules.names()));
      add_entry(KeyKind::kRow, named.cell, encode_measures(row, rules.names()), seeds);
    }
    for (const auto& [pane, items] : named.delta.items) {
      ByteWriter bytes;
      write_items(bytes, items);
      seeds.add(std::string{kOfItems} + bytes.bytes());
      add_entry(KeyKind::kRanking, named.cell, bytes.bytes(), seeds);
    }
  }
}

void add_states(Seeds& seeds) {
  const SourceState source{true, testing::at(1), false};
  ByteWriter journey;
  journey.byte(1);
  journey.optional_time(testing::at(9));
  journey.optional_time(std::nullopt);
  journey.byte(0);
  journey.optional_time(std::nullopt);
  seeds.add(std::string{kOfJourneyState} + journey.bytes());
  for (int i = 0; i < 2; ++i) write_source(journey, source, 3);
  seeds.add(std::string{kOfIntakeState} + journey.bytes());
  ByteWriter windows;
  windows.byte(1);
  windows.number(5);
  for (int i = 0; i < 5; ++i) windows.optional_time(testing::at(60));
  windows.optional_time(testing::at(61));
  windows.number(1);
  write_source(windows, source, 0);
  seeds.add(std::string{kOfWindowsState} + windows.bytes());
  seeds.add(std::string{kOfPosition} + encode_position({Offset(42), "journey 3", windows.bytes()}));
}

std::string bytes_of(const Customer& customer, const Rules& rules) {
  const Numbering numbering(rules);
  ByteWriter out;
  CustomerCodec(rules, numbering).encode(customer, out);
  return out.take();
}

void add_wire(Seeds& seeds) {
  const auto rules = testing::small_rules();
  DeltaSet deltas;
  Customer customer = lively_customer(*rules, deltas);
  seeds.add(std::string{kOfCustomer} + bytes_of(customer, *rules));
  tally(lapse(customer, *rules), *rules, deltas);
  seeds.add(std::string{kOfCustomer} + bytes_of(customer, *rules));
  const DeltaBatch batch = batch_of(std::move(deltas), *rules);
  seeds.add(std::string{kOfDeltas} + encode_deltas(batch, rules->names()));
  add_cells(batch, *rules, seeds);
  add_states(seeds);
  Envelope envelope;
  envelope.source = 1;
  envelope.sources = 2;
  envelope.topic = "clicks";
  envelope.timestamp_ms = 123;
  envelope.key = "k";
  seeds.add(std::string{kOfEnvelope} + encode_envelope(envelope));
  envelope.mark_only = true;
  envelope.highest = testing::at(3);
  envelope.end = EndOfInput{testing::at(3), 5};
  seeds.add(std::string{kOfEnvelope} + encode_envelope(envelope));
}

void add_requests(Seeds& seeds) {
  for (const char* target :
       {"/api/v1/map", "/api/v1/map?window=1h&model=linear&segment=gold", "/api/v1/journeys?segment=all&from=page",
        "/api/v1/windows?window=5m&scope=touchpoint&id=page&segment=gold", "/api/v1/windows?id=a%20b+c&x=%ff", "/api",
        "/api/v1/customers/%D8%B3", "/-/reload", "/?&=&a&a=b=c", "//x/../api/v1/map", "x"}) {
    seeds.add("GET\n" + std::string(target) + "\n\n");
    seeds.add("GET\n" + std::string(target) + "\nbearer secret\n");
  }
  seeds.add("POST\n/api/v1/map\nBearer secret\nbody");
  seeds.add("HEAD\n/api/v1/map\nBasic c2VjcmV0\n");
}

int write_all(const fs::path& sources, const fs::path& out) {
  fs::remove_all(out);
  Seeds events(out / "event_decoder_fuzz");
  add_examples(sources / "tests/data/right-records.ndjson", events);
  add_examples(sources / "tests/data/wrong-records.ndjson", events);
  Seeds maps(out / "touchpoint_map_fuzz");
  maps.add_files(sources / "tests/data/wrong", {"map-", "yaml-"});
  maps.add_files(sources / "tests/fuzz/maps", {""});
  maps.add_files(sources / "deploy/maps", {""});
  Seeds configurations(out / "configuration_fuzz");
  configurations.add_files(sources / "tests/data/wrong", {"config-", "yaml-"});
  configurations.add_files(sources / "deploy", {"touchstone.example"});
  Seeds wire(out / "wire_fuzz");
  add_wire(wire);
  Seeds requests(out / "http_request_fuzz");
  add_requests(requests);
  for (const Seeds* each : {&events, &maps, &configurations, &wire, &requests}) {
    if (each->count() < 10) {
      std::fprintf(stderr, "fuzz_seeds: a target has hardly any seeds; are the sources at %s?\n", sources.c_str());
      return 1;
    }
  }
  return 0;
}

}  // namespace
}  // namespace touchstone

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "Usage: fuzz_seeds SOURCES OUT\n");
    return 64;
  }
  try {
    return touchstone::write_all(argv[1], argv[2]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fuzz_seeds: %s\n", error.what());
    return 1;
  }
}
