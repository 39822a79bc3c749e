// What the micro benchmarks measure: one step of each part of the engine that every event, or every closing, goes
// through. The same bodies are timed by Google Benchmark and counted, in instructions, by valgrind
// (bench/instructions).
//
// A step does the same each time it is run, so that two runs of one binary differ by nothing but their clock.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/model/rules.h"

namespace touchstone::bench {

using Step = std::function<void()>;

struct Body {
  std::string name;
  std::size_t items;           ///< events, cells or rows that a step is of
  std::function<Step()> make;  ///< prepares everything that is not measured
};

/// Invented events on these rules, from one seed.
[[nodiscard]] std::vector<Body> bodies(const std::shared_ptr<const Rules>& rules);

}  // namespace touchstone::bench
