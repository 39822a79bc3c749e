// touchstone-micro: the bodies of bodies.h under Google Benchmark, whose options it takes:
//
//   touchstone-micro --map MAP [--benchmark_filter=REGEX ...]
//   touchstone-micro --map MAP --run NAME --steps N    a body N times, for a profiler
//   touchstone-micro --map MAP --list                  names and items
#include <iostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <benchmark/benchmark.h>

#include "app/load_rules.h"
#include "bench/micro/bodies.h"

namespace touchstone::bench {
namespace {

void measure(benchmark::State& state, const Body& body) {
  const Step step = body.make();
  for ([[maybe_unused]] const auto each : state) step();
  state.SetItemsProcessed(static_cast<std::int64_t>(body.items) * state.iterations());
}

int run_steps(const std::vector<Body>& all, const std::string& name, int steps) {
  for (const Body& body : all) {
    if (body.name != name) continue;
    const Step step = body.make();
    for (int i = 0; i < steps; ++i) step();
    return 0;
  }
  std::cerr << "touchstone-micro: there is no " << name << '\n';
  return 1;
}

int command_line(int argc, char** argv) {
  CLI::App app("Parts of the engine by themselves", "touchstone-micro");
  std::string map;
  std::string name;
  int steps = 1;
  bool list = false;
  app.add_option("--map", map, "The touchpoint map")->required();
  app.add_option("--run", name, "Only this one, without measuring");
  app.add_option("--steps", steps, "How often")->check(CLI::Range(0, 1'000'000'000))->capture_default_str();
  app.add_flag("--list", list, "Names, and of how many items a step is");
  app.allow_extras();
  CLI11_PARSE(app, argc, argv);
  const auto rules = read_rules(map, Settings{});
  if (!rules) return 1;
  const std::vector<Body> all = bodies(rules);
  if (!name.empty()) return run_steps(all, name, steps);
  if (list) {
    for (const Body& body : all) std::cout << body.name << ' ' << body.items << '\n';
    return 0;
  }
  std::vector<std::string> rest = app.remaining();
  rest.insert(rest.begin(), "touchstone-micro");
  std::vector<char*> arguments;
  for (std::string& each : rest) arguments.push_back(each.data());
  auto count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 1;
  for (const Body& body : all) {
    benchmark::RegisterBenchmark(body.name.c_str(), [body](benchmark::State& state) { measure(state, body); });
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace
}  // namespace touchstone::bench

int main(int argc, char** argv) { return touchstone::bench::command_line(argc, argv); }
