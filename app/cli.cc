#include "app/cli.h"

#include <iostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/check.h"
#include "app/demo.h"
#include "app/exit_code.h"
#include "app/explain.h"
#include "app/load_rules.h"
#include "app/pseudonym_key.h"
#include "app/replay.h"
#include "app/run.h"
#include "app/trial.h"
#include "app/version.h"
#include "ingest/map_loader.h"

namespace touchstone {
namespace {

/// What the commands are told; each uses its part.
struct Arguments {
  std::vector<std::string> files;
  std::string config;
  std::string map;
  std::string event;
  std::string events;
  std::string input;
  std::string out;
  std::vector<std::string> windows;
  std::int32_t partitions = 1;
  bool to_end = false;
  bool apply = false;
  DemoOptions demo;
};

int run_check(const Arguments& arguments) {
  int code = 0;
  for (const std::string& file : arguments.files) code = std::max(code, check_file(file));
  if (arguments.events.empty() || code != 0) return code;
  const std::optional<Configuration> configuration = read_configuration(arguments.config);
  if (!configuration) return kExitConfiguration;
  TrialOptions options;
  options.events = arguments.events;
  for (const std::string& file : arguments.files) {
    // What is wrong with it, or odd, was told above.
    MapLoaded loaded = load_map(file);
    if (!loaded.map) {
      std::cerr << file << ": not a map, which --against is for\n";
      return kExitConfiguration;
    }
    options.rules.push_back(std::make_shared<const Rules>(std::move(*loaded.map), configuration->settings));
  }
  const Result<void> tried = try_maps(options, std::cout);
  return tried ? 0 : failed(tried.error());
}

int run_replay(const Arguments& arguments) {
  std::optional<Configuration> configuration = read_configuration(arguments.config);
  if (!configuration) return kExitConfiguration;
  if (!arguments.windows.empty() && !pick_windows(arguments.windows, configuration->settings)) return kExitUsage;
  ReplayOptions options;
  options.rules = read_rules(arguments.map, configuration->settings);
  if (!options.rules) return kExitConfiguration;
  options.input = arguments.input;
  options.out = arguments.out;
  options.partitions = arguments.partitions;
  options.topic_prefix = configuration->topics.prefix;
  PseudonymKeyRead key = read_pseudonym_key(*configuration);
  for (const Problem& problem : key.problems) std::cerr << to_string(problem) << '\n';
  if (!key.problems.empty()) return kExitConfiguration;
  options.pseudonym_key = std::move(key.key);
  const Result<ReplayTotals> totals = replay(options, std::cerr, std::cout);
  if (!totals) return failed(totals.error());
  std::cout << fmt::format(
      "\n{} lines: {} interactions ({} late), {} duplicates, {} dead letters, {} requests to forget; "
      "{} conversions; {} window rows\n",
      totals->lines, totals->interactions, totals->late, totals->duplicates, totals->dead_letters, totals->forgotten,
      totals->conversions, totals->rows);
  return 0;
}

int run_explain(const Arguments& arguments) {
  const std::optional<Configuration> configuration = read_configuration(arguments.config);
  if (!configuration) return kExitConfiguration;
  const auto rules = read_rules(arguments.map, configuration->settings);
  if (!rules) return kExitConfiguration;
  return explain(*rules, arguments.event, std::cout);
}

int run_run(const Arguments& arguments) {
  const std::optional<Configuration> configuration = read_configuration(arguments.config);
  if (!configuration) return kExitConfiguration;
  return run(*configuration, arguments.to_end ? RunUntil::kEnd : RunUntil::kStopped);
}

int run_topics(const Arguments& arguments) {
  const std::optional<Configuration> configuration = read_configuration(arguments.config);
  if (!configuration) return kExitConfiguration;
  return topics(*configuration, arguments.apply ? TopicsMode::kApply : TopicsMode::kShow, std::cout);
}

void add_demo(CLI::App& app, DemoOptions& options) {
  auto* demo = app.add_subcommand("demo", "Show the engine at work, on a Kafka inside this process");
  demo->add_option("--map", options.map, "The touchpoint map; the invented traffic is made for the retail map");
  auto* data =
      demo->add_option("--data", options.data,
                       "Events of a data set instead, e.g. service-desk, or a directory like those in deploy/data");
  demo->add_flag("--once", options.once, "End after about half a minute");
  demo->add_option("--rate", options.rate, "Events a second of the invented traffic")
      ->check(CLI::Range(1.0, 100'000.0))
      ->capture_default_str()
      ->excludes(data);
  demo->add_option("--seed", options.seed, "Other invented customers")->capture_default_str()->excludes(data);
}

void add_commands(CLI::App& app, Arguments& arguments) {
  auto* run = app.add_subcommand("run", "Run the engine on Kafka until it is stopped");
  run->add_option("--config", arguments.config, "The configuration")->required();
  run->add_flag("--to-end", arguments.to_end, "Read to the ends of the input as they are now, end it there, exit");

  auto* topics = app.add_subcommand("topics", "Show which topics are missing or differ");
  topics->add_option("--config", arguments.config, "The configuration")->required();
  topics->add_flag("--apply", arguments.apply, "Create the missing ones");

  auto* check = app.add_subcommand("check", "Check maps and configurations; every problem with its line");
  auto* files = check->add_option("file", arguments.files, "Maps or configurations (YAML)")->required();
  check->add_option("--against", arguments.events,
                    "Recorded events, one JSON object a line: what the map makes of them, or with two maps, before and "
                    "after");
  check->add_option("--config", arguments.config, "With --against: settings other than the defaults");
  check->callback([&arguments, files] {
    if (!arguments.events.empty() && arguments.files.size() > 2) {
      throw CLI::ArgumentMismatch(files->get_name() + ": with --against there are one or two maps, not " +
                                  std::to_string(arguments.files.size()));
    }
  });

  auto* replay = app.add_subcommand("replay", "Run the engine over a file of events, without a broker");
  replay->add_option("--map", arguments.map, "The touchpoint map")->required();
  replay->add_option("--input", arguments.input, "Events, one JSON object a line, gzip too; - for standard input")
      ->required();
  replay->add_option("--out", arguments.out, "Directory for DIR/<topic>.ndjson")->required();
  replay->add_option("--partitions", arguments.partitions, "Partitions to spread customers over")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  replay->add_option("--windows", arguments.windows, "Only these of the configured windows, e.g. 1h,24h")
      ->delimiter(',');
  replay->add_option("--config", arguments.config, "Settings other than the defaults");

  auto* explain = app.add_subcommand("explain", "Say which rule takes an event, and why");
  explain->add_option("--map", arguments.map, "The touchpoint map")->required();
  explain->add_option("--event", arguments.event, "The event, as JSON")->required();
  explain->add_option("--config", arguments.config, "Settings other than the defaults");

  add_demo(app, arguments.demo);
}

int dispatch(const CLI::App& app, const Arguments& arguments) {
  if (app.got_subcommand("run")) return run_run(arguments);
  if (app.got_subcommand("topics")) return run_topics(arguments);
  if (app.got_subcommand("check")) return run_check(arguments);
  if (app.got_subcommand("replay")) return run_replay(arguments);
  if (app.got_subcommand("explain")) return run_explain(arguments);
  if (app.got_subcommand("demo")) return demo(arguments.demo, std::cout);
  return kExitUsage;
}

}  // namespace

int command_line(int argc, char** argv) {
  CLI::App app("Touchstone: real-time analytics for customer touchpoints", "touchstone");
  app.set_version_flag("--version", std::string("touchstone ") + kVersion);
  app.require_subcommand(1);
  Arguments arguments;
  add_commands(app, arguments);
  for (CLI::App* command : app.get_subcommands({})) {
    command->set_version_flag("--version", std::string("touchstone ") + kVersion);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    std::cerr << "touchstone: " << error.what() << " (see touchstone --help)\n";
    return kExitUsage;
  }
  return dispatch(app, arguments);
}

}  // namespace touchstone
