// The names of all topics the engine reads and writes besides its input.
#pragma once

#include <string>

namespace touchstone {

struct TopicNames {
  explicit TopicNames(const std::string& prefix = "touchstone.")
      : interactions(prefix + "interactions"),
        transitions(prefix + "transitions"),
        conversions(prefix + "conversions"),
        windows(prefix + "windows"),
        alerts(prefix + "alerts"),
        dead_letters(prefix + "dead-letters"),
        events(prefix + "internal.events"),
        deltas(prefix + "internal.deltas"),
        journey_changelog(prefix + "internal.journey-changelog"),
        windows_changelog(prefix + "internal.windows-changelog") {}

  std::string interactions;
  std::string transitions;
  std::string conversions;
  std::string windows;
  std::string alerts;
  std::string dead_letters;
  std::string events;             ///< inputs merged by the intake, keyed by customer
  std::string deltas;             ///< from journey tasks to windows tasks, by cell
  std::string journey_changelog;  ///< one partition for each partition the journey stage reads
  std::string windows_changelog;  ///< one partition for each partition of `deltas`
};

}  // namespace touchstone
