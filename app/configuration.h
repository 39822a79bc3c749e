// The configuration as values: what the operator's file says, checked once, then passed on as a constant.
//
// The members are nested as the keys of the file are; every key is explained in
// deploy/touchstone.example.yaml. Default-constructed it is the configuration of an empty file, which is
// enough for `replay` and `explain`.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/memory_plan.h"
#include "engine/model/settings.h"
#include "engine/model/time.h"
#include "ingest/problem.h"
#include "ingest/yaml_document.h"

namespace touchstone {

/// How the producers of the input topics choose a partition for a key.
enum class Partitioner : std::uint8_t {
  kMurmur2,  ///< as the Java clients do
  kCrc32,    ///< as librdkafka does without further settings
};

/// Whose rolling windows are exported as metrics.
enum class MetricSegments : std::uint8_t {
  kAll,   ///< only those over all segments together
  kEach,  ///< those of every segment too
};

/// The form of the log's lines.
enum class LogFormat : std::uint8_t { kText, kLogfmt, kJson };

/// A Kafka property: its value, or where its value is found when the program runs, so that secrets stay out
/// of files.
struct KafkaProperty {
  enum class Source : std::uint8_t { kHere, kFile, kEnvironment };
  Source source = Source::kHere;
  std::string value;  ///< the value; or the file's path; or the variable's name
  Position at;
};

struct ListenAddress {
  std::string address = "127.0.0.1";  ///< IPv4 or IPv6, without brackets
  std::uint16_t port = 9480;          ///< 0: any free one
  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

struct Configuration {
  struct Input {
    std::vector<std::string> topics;
    bool rekey = false;
    /// How producers place keys, if they say; records elsewhere are then counted.
    std::optional<Partitioner> partitioner;
  };
  struct Kafka {
    std::map<std::string, KafkaProperty> properties;
    std::string properties_file;
  };
  struct State {
    std::string dir;
    std::uint32_t slices = 256;
    std::uint64_t min_free = std::uint64_t{512} << 20;  ///< bytes on the volume of `dir`; below that no input is taken
    std::uint32_t standby = 0;  ///< so many instances may go away at once without a restore by the others
  };
  struct Memory {
    std::optional<std::uint64_t> limit;  ///< bytes resident; nothing (auto): what the system allows
  };
  struct Http {
    ListenAddress listen;
    std::string token_file;
    bool reload = false;
    bool rows = true;  ///< every row and alert of the topics is kept here, to answer questions about them
  };
  struct Topics {
    std::string prefix = "touchstone.";
    std::int32_t partitions = 4;    ///< of internal and derived topics
    std::int16_t replication = -1;  ///< -1: as the broker has it
    bool interactions = true;       ///< a derived record for each event
  };
  struct Metrics {
    std::vector<std::string> windows;  ///< names of windows; empty: all
    MetricSegments segments = MetricSegments::kEach;
    std::uint32_t series_max = 100'000;
  };
  struct Workers {
    std::uint32_t intake = 1;
    std::uint32_t journey = 1;
    std::uint32_t windows = 1;
    Millis stalled_after{60'000};  ///< without moving; as long again, and the process ends
  };
  /// What of customers is seen outside the engine.
  struct Privacy {
    /// Derived records hold a pseudonym in the place of a customer's id.
    bool pseudonymise = false;
    std::string key_file;                 ///< where its key is: in this file
    std::string key_env;                  ///< or in this variable of the environment
    Position key_at;                      ///< where the configuration says so
    std::string key_id;                   ///< names the key in the records
    Millis purge = std::chrono::days{1};  ///< how long what was forgotten may stay in the files of the state
  };
  struct Log {
    LogFormat format = LogFormat::kText;
    std::string level = "info";  ///< trace, debug, info, warn, error or off
  };

  std::string file;   ///< where it was read; empty: nowhere
  Settings settings;  ///< time, duplicates, journey, windows
  Millis commit{100};
  std::string map;  ///< path of the touchpoint map; empty: none is named
  Input input;
  Kafka kafka;
  State state;
  Memory memory;
  Http http;
  Topics topics;
  std::string group = "touchstone";
  std::string instance;  ///< the host's name unless given, when it was read from a file
  Millis history = std::chrono::days{7};
  Metrics metrics;
  Workers workers;
  Privacy privacy;
  Log log;
};

struct ConfigurationLoaded {
  std::optional<Configuration> configuration;  ///< if and only if there are no problems
  std::vector<Problem> problems;               ///< by position
};

/// Reads a file. Paths in it are relative to its own directory, and absolute or relative to the working
/// directory afterwards. Reads no other file and no variable: those are needed only where the program runs.
[[nodiscard]] ConfigurationLoaded load_configuration(const std::string& path);
[[nodiscard]] ConfigurationLoaded load_configuration_text(std::string_view text, std::string file);
[[nodiscard]] ConfigurationLoaded load_configuration(const YamlDocument& document);

/// What decides how the memory is shared out.
[[nodiscard]] MemoryUsers memory_users(const Configuration& configuration);

/// What `run` needs and this configuration does not give: keys, or files and variables it refers to.
[[nodiscard]] std::vector<Problem> check_runnable(const Configuration& configuration);

}  // namespace touchstone
