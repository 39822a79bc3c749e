// `touchstone run` and `touchstone topics`: the engine on a real Kafka, and the topics it needs there.
#pragma once

#include <cstdint>
#include <iosfwd>

#include "app/configuration.h"

namespace touchstone {

enum class RunUntil : std::uint8_t { kStopped, kEnd };

/// Runs until SIGTERM or SIGINT, or to the ends of the input found at the start. Returns the exit code; errors go
/// to standard error.
int run(const Configuration& configuration, RunUntil until);

enum class TopicsMode : std::uint8_t { kShow, kApply };

/// Says which topics are missing or differ, and creates the missing ones. Returns 0 if the engine can run.
int topics(const Configuration& configuration, TopicsMode mode, std::ostream& out);

}  // namespace touchstone
