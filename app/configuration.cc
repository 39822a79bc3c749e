#include "app/configuration.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <span>
#include <utility>

#include <arpa/inet.h>
#include <unistd.h>

#include "app/alert_settings.h"
#include "app/kafka_properties.h"
#include "app/pseudonym_key.h"
#include "app/secrets.h"
#include "app/window_settings.h"
#include "ingest/yaml_reader.h"

namespace touchstone {
namespace {

using Word = std::string_view;

constexpr auto kKeys = std::to_array<Word>(
    {"time", "duplicates", "journey", "windows",  "commit",  "map",     "input",   "kafka",   "state",  "memory",
     "http", "topics",     "group",   "instance", "history", "metrics", "workers", "privacy", "alerts", "log"});
constexpr auto kTimeKeys = std::to_array<Word>({"lateness", "max_future", "idle", "zone"});
constexpr auto kDuplicatesKeys = std::to_array<Word>({"within", "ids"});
constexpr auto kJourneyKeys = std::to_array<Word>({"lookback", "max_touches", "rating_within", "decay_half_life"});
constexpr auto kInputKeys = std::to_array<Word>({"topics", "rekey", "partitioner"});
constexpr auto kKafkaKeys = std::to_array<Word>({"properties", "properties_file"});
constexpr auto kSecretKeys = std::to_array<Word>({"file", "env"});
constexpr auto kStateKeys = std::to_array<Word>({"dir", "slices", "min_free", "standby"});
constexpr auto kMemoryKeys = std::to_array<Word>({"limit"});
constexpr auto kHttpKeys = std::to_array<Word>({"listen", "token_file", "reload", "rows"});
constexpr auto kTopicsKeys = std::to_array<Word>({"prefix", "partitions", "replication", "interactions"});
constexpr auto kMetricsKeys = std::to_array<Word>({"windows", "segments", "series_max"});
constexpr auto kWorkersKeys = std::to_array<Word>({"intake", "journey", "windows", "stalled_after"});
constexpr auto kPrivacyKeys = std::to_array<Word>({"pseudonymise", "key", "key_id", "purge"});
constexpr auto kLogKeys = std::to_array<Word>({"format", "level"});

constexpr auto kPartitioners = std::to_array<Word>({"murmur2", "crc32"});
constexpr auto kMetricSegments = std::to_array<Word>({"all", "each"});
constexpr auto kLogFormats = std::to_array<Word>({"text", "logfmt", "json"});  // in the order of LogFormat
constexpr auto kLogLevels = std::to_array<Word>({"trace", "debug", "info", "warn", "error", "off"});

/// What comes out under the prefix; reading it in again would never end.
constexpr auto kOwnTopics =
    std::to_array<Word>({"interactions", "transitions", "conversions", "windows", "alerts", "dead-letters"});
constexpr Word kInternalTopics = "internal.";

constexpr std::uint64_t kLeastFree = std::uint64_t{64} << 20;
constexpr std::uint64_t kMostFree = std::uint64_t{1} << 40;
constexpr std::uint64_t kMostMemory = std::uint64_t{1} << 44;
constexpr std::size_t kLongestTopic = 249;  // Kafka's own limit
constexpr std::size_t kLongestName = 200;   // leaves room for what is put before and after
constexpr std::size_t kLongestKeyId = 64;   // it stands in each record

/// Of what a name of Kafka's may consist.
bool is_kafka_name(Word name) {
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0' ? name.data() : "localhost";
}

/// `127.0.0.1:9480` or `[::1]:9480`.
std::optional<ListenAddress> parse_listen(Word text) {
  const std::size_t colon = text.rfind(':');
  if (colon == Word::npos) return std::nullopt;
  Word host = text.substr(0, colon);
  const Word digits = text.substr(colon + 1);
  if (host.find('\0') != Word::npos) return std::nullopt;  // the system would read only what stands before it
  const bool is_six = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (is_six) host = host.substr(1, host.size() - 2);
  ListenAddress listen;
  listen.address = host;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), listen.port);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  std::array<unsigned char, sizeof(in6_addr)> ignored{};
  if (inet_pton(is_six ? AF_INET6 : AF_INET, listen.address.c_str(), ignored.data()) != 1) return std::nullopt;
  return listen;
}

/// `512MiB` or `2GiB`, in bytes.
std::optional<std::uint64_t> parse_size(Word text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const Word unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (error != std::errc{} || (unit != "MiB" && unit != "GiB")) return std::nullopt;
  return std::uint64_t{number} << (unit == "MiB" ? 20 : 30);
}

template <typename T, typename U>
void set(T& target, const std::optional<U>& found) {
  if (found) target = static_cast<T>(*found);
}

template <typename T>
void set(std::optional<T>& target, const std::optional<T>& found) {
  if (found) target = found;
}

/// Reads one configuration; what is wrong keeps its default, and is a problem.
class ConfigurationReader {
 public:
  explicit ConfigurationReader(Problems& problems) : problems_(problems) {}

  [[nodiscard]] Configuration read(const YamlNode& root) {
    const YamlMapping keys(YamlValue(root, {}, problems_), kKeys);
    made_.file = problems_.file();
    made_.instance = host_name();
    if (const auto value = keys.find("time")) read_time(YamlMapping(*value, kTimeKeys));
    if (const auto value = keys.find("duplicates")) read_duplicates(YamlMapping(*value, kDuplicatesKeys));
    if (const auto value = keys.find("journey")) read_journey(YamlMapping(*value, kJourneyKeys));
    if (const auto value = keys.find("windows")) read_window_list(*value);
    if (const auto value = keys.find("commit")) set(made_.commit, value->duration({"10ms", "10s"}));
    if (const auto value = keys.find("map")) set(made_.map, file(*value));
    if (const auto value = keys.find("topics")) read_topics(YamlMapping(*value, kTopicsKeys));
    if (const auto value = keys.find("input")) read_input(YamlMapping(*value, kInputKeys));
    if (const auto value = keys.find("kafka")) read_kafka(YamlMapping(*value, kKafkaKeys));
    if (const auto value = keys.find("state")) read_state(YamlMapping(*value, kStateKeys));
    if (const auto value = keys.find("memory")) memory_ = YamlMapping(*value, kMemoryKeys).find("limit");
    if (const auto value = keys.find("http")) read_http(YamlMapping(*value, kHttpKeys));
    if (const auto value = keys.find("group")) set(made_.group, kafka_name(*value, kLongestName));
    if (const auto value = keys.find("instance")) set(made_.instance, kafka_name(*value, kLongestName));
    if (const auto value = keys.find("history")) set(made_.history, value->duration({"1m", "3650d"}));
    if (const auto value = keys.find("metrics")) read_metrics(YamlMapping(*value, kMetricsKeys));
    if (const auto value = keys.find("workers")) read_workers(YamlMapping(*value, kWorkersKeys));
    if (const auto value = keys.find("privacy")) read_privacy(*value);
    if (const auto value = keys.find("alerts")) read_alerts(*value, made_.settings.alerts);
    if (const auto value = keys.find("log")) read_log(YamlMapping(*value, kLogKeys));
    if (memory_) read_memory_limit(*memory_);
    return std::move(made_);
  }

 private:
  void read_time(const YamlMapping& keys) {
    Settings& settings = made_.settings;
    if (const auto value = keys.find("lateness")) set(settings.lateness, value->duration({"0s", "30d"}));
    if (const auto value = keys.find("max_future")) set(settings.max_future, value->duration({"0s", "365d"}));
    if (const auto value = keys.find("idle")) set(settings.idle, value->duration({"100ms", "1d"}));
    if (const auto value = keys.find("zone")) read_zone_name(*value, settings.zone);
  }

  void read_log(const YamlMapping& keys) {
    if (const auto value = keys.find("format")) {
      if (const auto name = value->one_of(kLogFormats)) {
        const auto found = std::find(kLogFormats.begin(), kLogFormats.end(), *name);
        made_.log.format = static_cast<LogFormat>(found - kLogFormats.begin());
      }
    }
    if (const auto value = keys.find("level")) set(made_.log.level, value->one_of(kLogLevels));
  }

  void read_window_list(const YamlValue& value) {
    std::vector<WindowSpec> windows = read_windows(value);
    if (!windows.empty()) made_.settings.windows = std::move(windows);
  }

  void read_duplicates(const YamlMapping& keys) {
    Settings& settings = made_.settings;
    if (const auto value = keys.find("within")) set(settings.duplicates_within, value->duration({"0s", "30d"}));
    if (const auto value = keys.find("ids")) set(settings.duplicate_ids, value->whole({0, 4'096}));
  }

  void read_journey(const YamlMapping& keys) {
    Settings& settings = made_.settings;
    if (const auto value = keys.find("lookback")) set(settings.lookback, value->duration({"0s", "3650d"}));
    if (const auto value = keys.find("max_touches")) set(settings.max_touches, value->whole({1, 1'000}));
    if (const auto value = keys.find("rating_within")) set(settings.rating_within, value->duration({"0s", "3650d"}));
    if (const auto value = keys.find("decay_half_life")) {
      set(settings.decay_half_life, value->duration({"1s", "3650d"}));
    }
  }

  /// After the topics' prefix is known, because no topic of our own can be an input.
  void read_input(const YamlMapping& keys) {
    if (const auto value = keys.find("topics")) {
      const std::vector<YamlValue> items = value->items();
      if (value->kind() == YamlKind::kSequence && items.empty()) value->problem("names no topic");
      for (const YamlValue& item : items) read_input_topic(item);
    }
    if (const auto value = keys.find("rekey")) set(made_.input.rekey, value->boolean());
    if (const auto value = keys.find("partitioner")) {
      if (const auto name = value->one_of(kPartitioners)) {
        made_.input.partitioner = *name == "crc32" ? Partitioner::kCrc32 : Partitioner::kMurmur2;
      }
    }
  }

  void read_input_topic(const YamlValue& item) {
    const std::optional<std::string> topic = kafka_name(item, kLongestTopic);
    if (!topic) return;
    auto& topics = made_.input.topics;
    const bool is_below = topic->starts_with(made_.topics.prefix);
    const Word rest = is_below ? Word(*topic).substr(made_.topics.prefix.size()) : Word();
    if (is_below && (rest.starts_with(kInternalTopics) ||
                     std::find(kOwnTopics.begin(), kOwnTopics.end(), rest) != kOwnTopics.end())) {
      item.problem("the topic " + in_quotes(*topic) + " is one that this program writes");
    } else if (std::find(topics.begin(), topics.end(), *topic) != topics.end()) {
      item.problem("the topic " + in_quotes(*topic) + " stands twice in this list");
    }
    topics.push_back(*topic);
  }

  void read_kafka(const YamlMapping& keys) {
    if (const auto value = keys.find("properties_file")) set(made_.kafka.properties_file, file(*value));
    const auto properties = keys.find("properties");
    if (!properties) return;
    if (properties->kind() == YamlKind::kScalar) {
      // Not repeated: it may be a whole properties file with its passwords.
      return properties->problem("expected a mapping of names to values, found one text");
    }
    for (const auto& [name, value] : entries_of(*properties)) {
      KafkaProperty property;
      property.at = value.node().at;
      if (value.kind() == YamlKind::kScalar) {
        property.value = value.node().text;
        refuse_nul(property.value, value);
      } else if (value.kind() == YamlKind::kMapping) {
        read_secret(value, property);
      } else {
        value.problem("expected a value, or {file: PATH}, or {env: NAME}, found " + description(value.node()));
      }
      made_.kafka.properties.emplace(name, std::move(property));
    }
  }

  void read_secret(const YamlValue& value, KafkaProperty& property) const {
    const YamlMapping keys(value, kSecretKeys);
    const auto path = keys.find("file");
    const auto variable = keys.find("env");
    if (value.node().entries.size() != 1) value.problem("needs either file or env");
    if (path) {
      property.source = KafkaProperty::Source::kFile;
      set(property.value, file(*path));
    } else if (variable) {
      property.source = KafkaProperty::Source::kEnvironment;
      set(property.value, variable->text());
      refuse_nul(property.value, *variable);
    }
  }

  void read_state(const YamlMapping& keys) {
    if (const auto value = keys.find("dir")) set(made_.state.dir, file(*value));
    if (const auto value = keys.find("slices")) set(made_.state.slices, value->whole({1, 4'096}));
    if (const auto value = keys.find("standby")) set(made_.state.standby, value->whole({0, 2}));
    const auto value = keys.find("min_free");
    const std::optional<std::string> text = value ? value->text() : std::nullopt;
    if (!text) return;
    const std::optional<std::uint64_t> size = parse_size(*text);
    if (!size || *size < kLeastFree || *size > kMostFree) {
      value->problem(in_quotes(*text) + " is no size from 64MiB to 1024GiB, a whole number with MiB or GiB");
    }
    set(made_.state.min_free, size);
  }

  /// After what uses the memory is known.
  void read_memory_limit(const YamlValue& value) {
    const std::optional<std::string> text = value.text();
    if (!text || *text == "auto") return;
    const std::optional<std::uint64_t> size = parse_size(*text);
    const std::uint64_t least = least_memory(memory_users(made_));
    if (!size || *size > kMostMemory) {
      value.problem(in_quotes(*text) + " is neither auto nor a size up to 16384GiB, a whole number with MiB or GiB");
    } else if (*size < least) {
      value.problem(in_quotes(*text) + " is too little for this configuration: it needs at least " +
                    in_mebibytes(least));
    }
    set(made_.memory.limit, size);
  }

  void read_http(const YamlMapping& keys) {
    if (const auto value = keys.find("token_file")) set(made_.http.token_file, file(*value));
    if (const auto value = keys.find("reload")) set(made_.http.reload, value->boolean());
    if (const auto value = keys.find("rows")) set(made_.http.rows, value->boolean());
    const auto value = keys.find("listen");
    const std::optional<std::string> text = value ? value->text() : std::nullopt;
    if (!text) return;
    const std::optional<ListenAddress> listen = parse_listen(*text);
    if (!listen) value->problem(in_quotes(*text) + " is no ADDRESS:PORT such as 127.0.0.1:9480 or \"[::1]:9480\"");
    set(made_.http.listen, listen);
  }

  void read_topics(const YamlMapping& keys) {
    if (const auto value = keys.find("prefix")) set(made_.topics.prefix, kafka_name(*value, kLongestName));
    if (const auto value = keys.find("partitions")) set(made_.topics.partitions, value->whole({1, 10'000}));
    if (const auto value = keys.find("interactions")) set(made_.topics.interactions, value->boolean());
    if (const auto value = keys.find("replication")) {
      const auto replication = value->whole({-1, 32});
      if (replication == 0) value->problem("must be at least 1, or -1 for what the broker has as its default");
      set(made_.topics.replication, replication);
    }
  }

  void read_metrics(const YamlMapping& keys) {
    if (const auto value = keys.find("series_max")) set(made_.metrics.series_max, value->whole({1, 10'000'000}));
    if (const auto value = keys.find("segments")) {
      if (const auto segments = value->one_of(kMetricSegments)) {
        made_.metrics.segments = *segments == "all" ? MetricSegments::kAll : MetricSegments::kEach;
      }
    }
    const auto windows = keys.find("windows");
    if (!windows) return;
    std::vector<Word> names;
    for (const WindowSpec& window : made_.settings.windows) names.push_back(window.name);
    for (const YamlValue& item : windows->items()) {
      if (auto name = item.one_of(names)) made_.metrics.windows.push_back(std::move(*name));
    }
  }

  void read_workers(const YamlMapping& keys) {
    constexpr Bounds<std::int64_t> kWorkers = {1, 256};
    if (const auto value = keys.find("intake")) set(made_.workers.intake, value->whole(kWorkers));
    if (const auto value = keys.find("journey")) set(made_.workers.journey, value->whole(kWorkers));
    if (const auto value = keys.find("windows")) set(made_.workers.windows, value->whole(kWorkers));
    if (const auto value = keys.find("stalled_after")) set(made_.workers.stalled_after, value->duration({"5s", "1h"}));
  }

  void read_privacy(const YamlValue& value) {
    const YamlMapping keys(value, kPrivacyKeys);
    Configuration::Privacy& privacy = made_.privacy;
    if (const auto purge = keys.find("purge")) set(privacy.purge, purge->duration({"1s", "30d"}));
    if (const auto pseudonymise = keys.find("pseudonymise")) set(privacy.pseudonymise, pseudonymise->boolean());
    const auto key = keys.find("key");
    const auto key_id = keys.find("key_id");
    if (key_id) set(privacy.key_id, kafka_name(*key_id, kLongestKeyId));
    if (key) {
      KafkaProperty place;
      if (key->kind() != YamlKind::kMapping) {
        key->problem("expected {file: PATH} or {env: NAME}: the key itself does not belong here");
      } else {
        read_secret(*key, place);
      }
      (place.source == KafkaProperty::Source::kFile ? privacy.key_file : privacy.key_env) = place.value;
      privacy.key_at = key->node().at;
    }
    if (!privacy.pseudonymise) return;
    if (!key) value.problem("pseudonymise needs a key: {file: PATH} or {env: NAME}");
    if (!key_id) value.problem("pseudonymise needs a key_id, which names the key in the records");
  }

  /// YAML can write "\0"; the system and librdkafka would take what stands before it for the whole.
  static bool refuse_nul(const std::string& text, const YamlValue& value) {
    if (text.find('\0') == std::string::npos) return true;
    value.problem("holds a NUL character");
    return false;
  }

  /// A path, relative ones taken from the directory of the configuration.
  [[nodiscard]] std::optional<std::string> file(const YamlValue& value) const {
    const std::optional<std::string> written = value.text();
    if (!written || !refuse_nul(*written, value)) return std::nullopt;
    return (std::filesystem::path(problems_.file()).parent_path() / *written).lexically_normal().string();
  }

  static std::optional<std::string> kafka_name(const YamlValue& value, std::size_t longest) {
    std::optional<std::string> name = value.text();
    if (!name || (is_kafka_name(*name) && name->size() <= longest && *name != "." && *name != "..")) return name;
    value.problem(in_quotes(*name) + " is not a name of at most " + std::to_string(longest) +
                  " letters, digits, \".\", \"_\" and \"-\"");
    return std::nullopt;
  }

  Problems& problems_;
  Configuration made_;
  std::optional<YamlValue> memory_;  ///< memory.limit
};

}  // namespace

ConfigurationLoaded load_configuration(const YamlDocument& document) {
  ConfigurationLoaded loaded;
  Problems problems(document.file());
  Configuration configuration;
  if (document.root() != nullptr) configuration = ConfigurationReader(problems).read(*document.root());
  loaded.problems = problems.take();
  loaded.problems.insert(loaded.problems.end(), document.problems().begin(), document.problems().end());
  sort_by_position(loaded.problems);
  if (loaded.problems.empty()) loaded.configuration = std::move(configuration);
  return loaded;
}

ConfigurationLoaded load_configuration(const std::string& path) {
  return load_configuration(YamlDocument::from_file(path));
}

ConfigurationLoaded load_configuration_text(std::string_view text, std::string file) {
  return load_configuration(YamlDocument::from_text(text, std::move(file)));
}

MemoryUsers memory_users(const Configuration& configuration) {
  const Configuration::Workers& workers = configuration.workers;
  const bool has_intake = configuration.input.topics.size() > 1 || configuration.input.rekey;
  return {workers.journey + workers.windows + (has_intake ? workers.intake : 0), configuration.http.rows};
}

std::vector<Problem> check_runnable(const Configuration& configuration) {
  ReadProperties kafka = read_kafka_properties(configuration);
  std::vector<Problem> problems = std::move(kafka.problems);
  const auto add = [&](std::string path, std::string message) {
    problems.push_back({configuration.file, 1, 1, std::move(path), std::move(message)});
  };
  if (configuration.map.empty()) add("map", "run needs a touchpoint map");
  if (configuration.input.topics.empty()) add("input.topics", "run needs at least one topic to read");
  if (!kafka.values.contains("bootstrap.servers") && !kafka.values.contains("metadata.broker.list")) {
    add("kafka.properties", "run needs bootstrap.servers");
  }
  if (configuration.state.dir.empty()) add("state.dir", "run needs a directory for its state");
  if (!configuration.http.token_file.empty()) {
    const SecretFile token = read_token(configuration.http.token_file);
    if (!token.reason.empty()) add("http.token_file", token.reason);
  }
  for (Problem& problem : read_pseudonym_key(configuration).problems) problems.push_back(std::move(problem));
  return problems;
}

}  // namespace touchstone
