// Every topic that the engine writes or keeps for itself: its name, partitions and settings, as a pure table;
// and what differs from it in a broker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/flow/ports.h"

namespace touchstone {

enum class TopicRole : std::uint8_t {
  kInteractions,
  kTransitions,
  kConversions,
  kWindows,
  kAlerts,
  kDeadLetters,
  kEvents,            ///< the intake's output: all inputs merged, keyed by customer
  kDeltas,            ///< from the journey stage to the windows stage, keyed by cell
  kJourneyChangelog,  ///< the journey tasks' state
  kWindowsChangelog,  ///< the windows tasks' state
};

enum class Cleanup : std::uint8_t { kDelete, kCompact };
[[nodiscard]] std::string_view name_of(Cleanup cleanup);

/// What decides about the topics.
struct TopicPlan {
  std::string prefix = "touchstone.";
  std::int32_t input_partitions = 0;       ///< of the one input topic; not used with an intake
  bool intake = false;                     ///< several inputs, or one that is not keyed by customer
  std::int32_t events_partitions = 12;     ///< of internal.events: the scale of the journey stage behind an intake
  std::int32_t deltas_partitions = 12;     ///< of internal.deltas: the scale of the windows stage
  std::int32_t derived_partitions = 12;    ///< of what is written for others
  std::int16_t replication = -1;           ///< -1: the broker's default
  std::optional<std::int32_t> min_insync;  ///< absent: the broker's default
  Millis derived_retention = std::chrono::hours{24 * 7};
  Millis dead_letter_retention = std::chrono::hours{24 * 30};
  /// Of internal.events and internal.deltas: how long the engine may be down before it cannot go on.
  Millis internal_retention = std::chrono::hours{24 * 7};
  /// Of the changelogs: local state older than this may hold what has been forgotten, and is wiped.
  Millis tombstone_retention = std::chrono::hours{24 * 7};
};

struct TopicSpec {
  TopicRole role;
  std::string name;
  std::int32_t partitions;
  std::int16_t replication;
  Cleanup cleanup;
  std::map<std::string, std::string> settings;  ///< as Kafka names them, cleanup.policy among them
};

/// The whole table; internal.events only with an intake. A changelog has as many partitions as the topic that
/// its stage reads: task and changelog partition have one number.
[[nodiscard]] std::vector<TopicSpec> topics_of(const TopicPlan& plan);

/// A topic as a broker has it.
struct ExistingTopic {
  std::string name;
  std::int32_t partitions = 0;
  std::map<std::string, std::string> settings;
};

struct TopicDifference {
  enum class Kind : std::uint8_t {
    kMissing,     ///< can be created
    kPartitions,  ///< keys or tasks would meet another partition: the engine refuses to run
    kCleanup,     ///< the engine refuses to run: a compacted log loses events, an uncompacted changelog never
                  ///< ends
    kTooSmall,    ///< max.message.bytes below ours: a large record could not be written
    kSetting,     ///< another value than ours; may well be intended
  };
  Kind kind;
  std::string topic;
  std::string message;  ///< for a person
};

/// Whether the engine must not run with this difference.
[[nodiscard]] bool is_serious(TopicDifference::Kind kind);

/// What differs in a broker, in the order of the table.
[[nodiscard]] std::vector<TopicDifference> differences(const std::vector<TopicSpec>& wanted,
                                                       const std::vector<ExistingTopic>& existing);

}  // namespace touchstone
