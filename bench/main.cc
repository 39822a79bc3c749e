// touchstone-bench: how much CPU an event costs, and the floors under it.
//
//   drain, decode, copy  the floors under whatever reads Kafka (floors.h)
//   parse   decoding alone, of a file
//   rows    the chronicle: a row of touchstone.windows looked at and kept; of a file that `replay` wrote
//   replay  the whole engine over a file, all outputs written
//   state   what many customers cost: pauses, restarts (state.h)
//   generate  no costs, but the load: invented journeys with known truth (generate.h)
//   latency   no costs, but how long events take until a subscriber has what was derived from them (latency.h)
//   detection  no costs, but how often and how late alerts are (detection.h, detection_kinds.h)
//
// Unit: CPU seconds per million events. Noise: repeat, and compare the lowest figures of one run.
#include <algorithm>
#include <array>
#include <filesystem>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "app/load_rules.h"
#include "app/replay.h"
#include "bench/detection.h"
#include "bench/detection_kinds.h"
#include "bench/floors.h"
#include "bench/generate.h"
#include "bench/latency.h"
#include "bench/measure.h"
#include "bench/state.h"
#include "ingest/event_decoder.h"
#include "ingest/line_reader.h"
#include "state/rocks_chronicle.h"

namespace touchstone::bench {
namespace {

struct Arguments {
  std::string input;
  std::string map;
  std::string brokers;
  std::string topic;
  std::string out;
  int repeat = 3;
};

CLI::Range some() { return {1, 100'000'000}; }

int failed(const Error& error) {
  std::cerr << "touchstone-bench: " << error.message() << '\n';
  return 1;
}

void print(std::string_view name, const std::vector<Figure>& figures) {
  std::vector<double> costs;
  for (const Figure& figure : figures) costs.push_back(figure.per_million());
  std::sort(costs.begin(), costs.end());
  fmt::print("{:<8} {:>10} events  CPU s per million events: lowest {:.3f}, median {:.3f}, highest {:.3f}\n", name,
             figures.front().events, costs.front(), costs[costs.size() / 2], costs.back());
}

Result<std::vector<std::string>> read_lines(const std::string& path) {
  auto reader = LineReader::open(path);
  if (!reader) return reader.error();
  std::vector<std::string> lines;
  for (;;) {
    auto line = (*reader)->next();
    if (!line) return line.error();
    if (!*line) return lines;
    lines.emplace_back(**line);
  }
}

int run_parse(const Arguments& arguments) {
  const auto lines = read_lines(arguments.input);
  if (!lines) return failed(lines.error());
  EventDecoder decoder(Settings{}.max_future);
  std::vector<Figure> figures;
  for (int i = 0; i < arguments.repeat; ++i) {
    const double begun = cpu_seconds();
    Figure figure;
    for (const std::string& line : *lines) {
      const Record record{"bench", Partition(0), Offset(0), std::nullopt, std::nullopt, line, {}};
      const Decoded decoded = decoder.decode(record);
      if (std::holds_alternative<const Event*>(decoded)) ++figure.events;
    }
    figure.cpu_s = cpu_seconds() - begun;
    figures.push_back(figure);
  }
  print("parse", figures);
  return 0;
}

/// `window/scope/id/segment` of a row's JSON, as the topic has it.
std::string key_of(std::string_view row) {
  std::string key;
  for (const std::string_view name : {R"("window":")", R"("scope":")", R"("id":")", R"("segment":")"}) {
    const std::string_view rest = row.substr(row.find(name) + name.size());
    key.append(key.empty() ? "" : "/").append(rest.substr(0, rest.find('"')));
  }
  return key;
}

int run_rows(const Arguments& arguments) {
  constexpr std::size_t kAtOnce = 500;
  const auto lines = read_lines(arguments.input);
  if (!lines) return failed(lines.error());
  std::vector<std::string> keys;
  for (const std::string& line : *lines) keys.push_back(key_of(line));
  std::vector<Figure> figures;
  for (int i = 0; i < arguments.repeat; ++i) {
    RocksChronicleOptions options;
    options.directory =
        (std::filesystem::temp_directory_path() / fmt::format("touchstone-bench-{}", ::getpid())).string();
    options.history = std::chrono::days{3650};
    auto chronicle = RocksChronicle::open(options);
    if (!chronicle) return failed(chronicle.error());
    const double begun = cpu_seconds();
    Figure figure;
    std::vector<ChronicleEntry> entries;
    for (std::size_t at = 0; at < lines->size(); ++at) {
      const Record record{"bench", Partition(0), Offset(0), std::nullopt, keys[at], (*lines)[at], {}};
      if (const auto entry = read_chronicle_entry(ChronicleKind::kRow, record)) entries.push_back(*entry);
      if (entries.size() < kAtOnce && at + 1 < lines->size()) continue;
      const ConsumedOffset next{{"bench", Partition(0)}, Offset(static_cast<std::int64_t>(at))};
      if (const auto added = (*chronicle)->add(entries, {&next, 1}); !added) return failed(added.error());
      figure.events += entries.size();
      entries.clear();
    }
    (*chronicle)->compact();
    figure.cpu_s = cpu_seconds() - begun;
    figures.push_back(figure);
    std::uintmax_t bytes = 0;
    for (const auto& file : std::filesystem::directory_iterator(options.directory)) {
      if (file.path().extension() == ".sst") bytes += file.file_size();
    }
    fmt::print("rows: {:.1f} bytes a row on disk\n", static_cast<double>(bytes) / static_cast<double>(figure.events));
    chronicle->reset();
    std::filesystem::remove_all(options.directory);
  }
  print("rows", figures);
  return 0;
}

int run_replay(const Arguments& arguments) {
  const auto rules = read_rules(arguments.map, Settings{});
  if (!rules) return 1;
  std::vector<Figure> figures;
  for (int i = 0; i < arguments.repeat; ++i) {
    const auto out = std::filesystem::temp_directory_path() / fmt::format("touchstone-bench-{}", ::getpid());
    std::ostringstream ignored;
    const double begun = cpu_seconds();
    const auto totals = replay({rules, arguments.input, out.string()}, ignored, ignored);
    const double cost = cpu_seconds() - begun;
    std::filesystem::remove_all(out);
    if (!totals) return failed(totals.error());
    figures.push_back({totals->lines, cost});
  }
  print("replay", figures);
  return 0;
}

template <Floor kFloor>
int run_floor(const Arguments& arguments) {
  constexpr std::array<std::string_view, 3> kNames = {"drain", "decode", "copy"};
  std::vector<Figure> figures;
  for (int i = 0; i < arguments.repeat; ++i) {
    const auto figure =
        measure_floor({.floor = kFloor, .brokers = arguments.brokers, .topic = arguments.topic, .out = arguments.out});
    if (!figure) return failed(figure.error());
    figures.push_back(*figure);
  }
  print(kNames[static_cast<std::size_t>(kFloor)], figures);
  return 0;
}

void add_detection(CLI::App& app, DetectionOptions& options, int& status) {
  auto* command = app.add_subcommand("detection", "False alarms and delays of the detectors");
  command->add_option("--seed", options.seed, "Of the invented ratings")->capture_default_str();
  command->add_option("--cells", options.cells, "Cells at each rate")->capture_default_str();
  command->add_option("--months", options.months, "Months of each cell")->capture_default_str();
  command->add_option("--months-between", options.months_between, "False alarms of a cell")->capture_default_str();
  command->add_option("--trials", options.trials, "Planted drops of each size")->capture_default_str();
  command->add_option("--rates", options.rates, "Responses an hour")->capture_default_str();
  command->add_option("--most-alarms", options.most_alarms, "Fail beyond so many times what is stated");
  command->add_flag("--other-kinds", options.other_kinds, "Of waits, conversions and silence instead");
  command->callback([&] {
    const bool kept = options.other_kinds ? measure_kinds(options, std::cout) : measure_detection(options, std::cout);
    status = kept ? 0 : 1;
  });
}

void add_state(CLI::App& app, StateOptions& options, int& status) {
  auto* command = app.add_subcommand("state", "Pauses and restarts with many customers");
  command->add_option("--map", options.map, "The touchpoint map")->required();
  command->add_option("--customers", options.customers, "Of one partition")->check(some())->capture_default_str();
  command->add_option("--rounds", options.rounds, "Events of each customer")->check(some())->capture_default_str();
  command->add_option("--rate", options.events_a_second, "Events a second")->check(some())->capture_default_str();
  command->add_option("--slices", options.slices, "As state.slices")
      ->check(CLI::Range(1, 4'096))
      ->capture_default_str();
  command->callback([&] {
    const auto measured = measure_state(options, std::cout);
    status = measured ? 0 : failed(measured.error());
  });
}

void add_generate(CLI::App& app, GenerateOptions& options, int& status) {
  auto* command = app.add_subcommand("generate", "Invented journeys on the retail map, to a file or to Kafka");
  JourneyStreamOptions& stream = options.stream;
  command->add_option("--seed", stream.seed, "The same seed gives the same events")->capture_default_str();
  command->add_option("--records", options.records, "How many")->check(some())->capture_default_str();
  command->add_option("--customers", stream.customers, "How many there are")->check(some())->capture_default_str();
  command->add_option("--skew", stream.skew, "Exponent of Zipf's law of who comes; 0: all alike")
      ->check(CLI::Range(0.0, 3.0))
      ->capture_default_str();
  command->add_option("--begin", options.begin, "Event time of the first record")->capture_default_str();
  command->add_option("--event-rate", stream.events_a_second, "Events in a second of event time")
      ->check(some())
      ->capture_default_str();
  command->add_option("--partitions", stream.partitions, "Of the topic: what is late follows from them")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  auto* out = command->add_option("--out", options.out, "A file of lines; -: the standard output");
  command->add_flag("--keyed", options.keyed, "Lines begin with the customer and a tab");
  auto* topic = command->add_option("--topic", options.topic, "To this topic of Kafka")->excludes(out);
  command->add_option("--brokers", options.brokers, "bootstrap.servers")->needs(topic);
  command->add_option("--rate", options.rate, "Records a second; 0: as fast as it goes")->capture_default_str();
  command->add_option("--truth", options.truth, "What is true of the stream, as JSON, to this file");
  command->callback([&] {
    if (options.out.empty() && (options.topic.empty() || options.brokers.empty())) {
      throw CLI::ValidationError("generate", "needs --out, or --topic and --brokers");
    }
    const auto generated = generate(options, std::cerr);
    status = generated ? 0 : failed(generated.error());
  });
}

void add_latency(CLI::App& app, LatencyOptions& options, int& status) {
  auto* command = app.add_subcommand("latency", "From an event's place in the schedule to its committed interaction");
  command->add_option("--brokers", options.brokers, "bootstrap.servers")->required();
  command->add_option("--topic", options.topic, "Where events go")->required();
  command->add_option("--answers", options.answers, "The topic of interactions")->required();
  command->add_option("--rate", options.rate, "Events a second")->check(some())->capture_default_str();
  command->add_option("--customers", options.stream.customers, "How many there are")
      ->check(some())
      ->capture_default_str();
  command->add_option("--warm-up", options.warm_up_s, "Seconds before it is measured")->capture_default_str();
  command->add_option("--seconds", options.measured_s, "How long")->check(some())->capture_default_str();
  command->add_option("--metrics-port", options.metrics_port, "Also until an engine's metrics page counts it");
  command->callback([&] {
    options.stream.events_a_second = static_cast<std::uint32_t>(options.rate);
    const auto measured = measure_latency(options);
    if (measured) print(*measured, std::cout);
    status = !measured ? failed(measured.error()) : measured->unanswered > 0 ? 1 : 0;
  });
}

int command_line(int argc, char** argv) {
  CLI::App app("What an event costs, in CPU seconds per million", "touchstone-bench");
  app.require_subcommand(1);
  int status = 0;
  Arguments arguments;
  const auto add = [&](const char* name, const char* what, int (*run)(const Arguments&)) {
    auto* command = app.add_subcommand(name, what);
    command->add_option("--repeat", arguments.repeat, "How often")->check(CLI::Range(1, 100))->capture_default_str();
    command->callback([&status, &arguments, run] { status = run(arguments); });
    return command;
  };
  add("parse", "Decode the events of a file", run_parse)->add_option("--input", arguments.input, "Events")->required();
  add("rows", "Keep the rows of a file in a chronicle", run_rows)
      ->add_option("--input", arguments.input, "Rows")
      ->required();
  auto* replay = add("replay", "Run the whole engine over a file", run_replay);
  replay->add_option("--input", arguments.input, "Events")->required();
  replay->add_option("--map", arguments.map, "The touchpoint map")->required();
  const auto add_floor = [&](const char* name, const char* what, int (*run)(const Arguments&)) {
    auto* command = add(name, what, run);
    command->add_option("--brokers", arguments.brokers, "bootstrap.servers")->required();
    command->add_option("--topic", arguments.topic, "The topic")->required();
    return command;
  };
  add_floor("drain", "Read a Kafka topic and only count", run_floor<Floor::kDrain>);
  add_floor("decode", "Read it, and decode each event", run_floor<Floor::kDecode>);
  add_floor("copy", "Decode, and write a record for each in transactions", run_floor<Floor::kCopy>)
      ->add_option("--out", arguments.out, "The topic of these")
      ->required();
  DetectionOptions detecting;
  add_detection(app, detecting, status);
  StateOptions keeping;
  add_state(app, keeping, status);
  GenerateOptions generating;
  add_generate(app, generating, status);
  LatencyOptions asking;
  add_latency(app, asking, status);
  CLI11_PARSE(app, argc, argv);
  return status;
}

}  // namespace
}  // namespace touchstone::bench

int main(int argc, char** argv) { return touchstone::bench::command_line(argc, argv); }
