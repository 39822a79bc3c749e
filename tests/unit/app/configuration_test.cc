#include "app/configuration.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "app/check.h"
#include "app/kafka_properties.h"
#include "tests/unit/app/scratch.h"

namespace touchstone {
namespace {

namespace fs = std::filesystem;

const fs::path kSource = TOUCHSTONE_SOURCE_DIR;

Configuration loaded(const std::string& text, const std::string& file = "touchstone.yaml") {
  const ConfigurationLoaded loaded = load_configuration_text(text, file);
  EXPECT_EQ(joined(loaded.problems), "");
  return loaded.configuration.value();
}

std::string problems_of(const std::string& text) {
  return joined(load_configuration_text(text, "touchstone.yaml").problems);
}

std::string read_all(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

void expect_equal(const Settings& a, const Settings& b) {
  EXPECT_EQ(a.lateness, b.lateness);
  EXPECT_EQ(a.max_future, b.max_future);
  EXPECT_EQ(a.idle, b.idle);
  EXPECT_EQ(a.duplicates_within, b.duplicates_within);
  EXPECT_EQ(a.duplicate_ids, b.duplicate_ids);
  EXPECT_EQ(a.lookback, b.lookback);
  EXPECT_EQ(a.max_touches, b.max_touches);
  EXPECT_EQ(a.rating_within, b.rating_within);
  EXPECT_EQ(a.decay_half_life, b.decay_half_life);
  ASSERT_EQ(a.windows.size(), b.windows.size());
  for (std::size_t i = 0; i < a.windows.size(); ++i) {
    EXPECT_EQ(a.windows[i].name, b.windows[i].name);
    EXPECT_EQ(a.windows[i].size, b.windows[i].size);
    EXPECT_EQ(a.windows[i].step, b.windows[i].step);
  }
}

TEST(Configuration, TheExampleShowsTheDefaults) {
  const ConfigurationLoaded example = load_configuration((kSource / "deploy/touchstone.example.yaml").string());
  ASSERT_EQ(joined(example.problems), "");
  const Configuration& shown = *example.configuration;
  const Configuration defaults;
  expect_equal(shown.settings, defaults.settings);
  EXPECT_EQ(shown.commit, defaults.commit);
  EXPECT_EQ(shown.input.rekey, defaults.input.rekey);
  EXPECT_EQ(shown.input.partitioner, defaults.input.partitioner);
  EXPECT_EQ(shown.state.slices, defaults.state.slices);
  EXPECT_EQ(shown.state.min_free, defaults.state.min_free);
  EXPECT_EQ(shown.state.standby, defaults.state.standby);
  EXPECT_EQ(shown.memory.limit, defaults.memory.limit);
  EXPECT_EQ(shown.http.listen, defaults.http.listen);
  EXPECT_EQ(shown.http.reload, defaults.http.reload);
  EXPECT_EQ(shown.http.rows, defaults.http.rows);
  EXPECT_EQ(shown.topics.prefix, defaults.topics.prefix);
  EXPECT_EQ(shown.topics.partitions, defaults.topics.partitions);
  EXPECT_EQ(shown.topics.replication, defaults.topics.replication);
  EXPECT_EQ(shown.topics.interactions, defaults.topics.interactions);
  EXPECT_EQ(shown.group, defaults.group);
  EXPECT_EQ(shown.history, defaults.history);
  EXPECT_EQ(shown.metrics.windows, defaults.metrics.windows);
  EXPECT_EQ(shown.metrics.segments, defaults.metrics.segments);
  EXPECT_EQ(shown.metrics.series_max, defaults.metrics.series_max);
  EXPECT_EQ(shown.workers.intake, defaults.workers.intake);
  EXPECT_EQ(shown.workers.journey, defaults.workers.journey);
  EXPECT_EQ(shown.workers.windows, defaults.workers.windows);
  EXPECT_EQ(shown.workers.stalled_after, defaults.workers.stalled_after);
  EXPECT_EQ(shown.privacy.pseudonymise, defaults.privacy.pseudonymise);
  EXPECT_EQ(shown.privacy.purge, defaults.privacy.purge);
  EXPECT_EQ(shown.log.format, defaults.log.format);
  EXPECT_EQ(shown.log.level, defaults.log.level);
  EXPECT_FALSE(shown.instance.empty());
  EXPECT_EQ(joined(check_runnable(shown)), "");
}

TEST(Configuration, TheExampleStaysRightWithItsCommentsTakenAway) {
  // What is commented out has no default; it is an example all the same.
  std::string text;
  std::istringstream lines(read_all(kSource / "deploy/touchstone.example.yaml"));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t mark = line.find("# ");
    const bool is_key =
        mark != std::string::npos && line.find(": ", mark) != std::string::npos &&
        line.substr(mark + 2, line.find(": ", mark) - mark - 2).find_first_of(" ,{") == std::string::npos &&
        line.find("true: ") == std::string::npos && line.find("each: ") == std::string::npos;
    text += is_key ? line.substr(0, mark) + line.substr(mark + 2) + "\n" : line + "\n";
  }
  const Configuration all = loaded(text);
  EXPECT_EQ(all.instance, "engine-1");
  EXPECT_EQ(all.http.token_file, "secrets/api-token");
  EXPECT_EQ(all.kafka.properties_file, "kafka.properties");
  EXPECT_EQ(all.kafka.properties.at("sasl.password").source, KafkaProperty::Source::kFile);
  EXPECT_EQ(all.privacy.key_file, "secrets/pseudonym-key");
  EXPECT_EQ(all.privacy.key_id, "2026-a");
  EXPECT_EQ(all.metrics.windows, (std::vector<std::string>{"5m", "1h"}));
}

TEST(Configuration, ReadsEveryKey) {
  const Configuration all = loaded(R"(
time: {lateness: 1m, max_future: 2h, idle: 5s}
duplicates: {within: 2h, ids: 10}
journey: {lookback: 10d, max_touches: 20, rating_within: 1d, decay_half_life: 3d}
windows: [{size: 60m, step: 1m}, {size: 30s, step: 10s}]
commit: 250ms
map: maps/a.yaml
input: {topics: [clicks, calls], rekey: true, partitioner: crc32}
kafka:
  properties: {bootstrap.servers: "a:1,b:2", linger.ms: 1.50, enable.x: true, p: {env: P}, q: {file: q}}
  properties_file: /etc/kafka.properties
state: {dir: state, slices: 48, min_free: 2GiB, standby: 2}
memory: {limit: 3GiB}
http: {listen: "[::1]:0", token_file: token, reload: true, rows: false}
topics: {prefix: acme., partitions: 12, replication: 3, interactions: false}
group: acme
instance: one
history: 1d
metrics: {windows: [60m], segments: all, series_max: 10}
workers: {intake: 2, journey: 3, windows: 4, stalled_after: 2m}
privacy: {pseudonymise: true, key: {env: KEY}, key_id: b, purge: 2h}
log: {format: json, level: debug}
)",
                                   "/etc/touchstone/main.yaml");
  EXPECT_EQ(all.file, "/etc/touchstone/main.yaml");
  EXPECT_EQ(all.settings.lateness, std::chrono::minutes{1});
  EXPECT_EQ(all.settings.max_future, std::chrono::hours{2});
  EXPECT_EQ(all.settings.idle, std::chrono::seconds{5});
  EXPECT_EQ(all.settings.duplicates_within, std::chrono::hours{2});
  EXPECT_EQ(all.settings.duplicate_ids, 10U);
  EXPECT_EQ(all.settings.lookback, std::chrono::days{10});
  EXPECT_EQ(all.settings.max_touches, 20U);
  EXPECT_EQ(all.settings.rating_within, std::chrono::days{1});
  EXPECT_EQ(all.settings.decay_half_life, std::chrono::days{3});
  ASSERT_EQ(all.settings.windows.size(), 2U);
  EXPECT_EQ(all.settings.windows[0].name, "30s");
  EXPECT_EQ(all.settings.windows[1].name, "60m");
  EXPECT_EQ(all.settings.windows[1].size, std::chrono::hours{1});
  EXPECT_EQ(all.commit, Millis{250});
  EXPECT_EQ(all.map, "/etc/touchstone/maps/a.yaml");
  EXPECT_EQ(all.input.topics, (std::vector<std::string>{"clicks", "calls"}));
  EXPECT_TRUE(all.input.rekey);
  EXPECT_EQ(all.input.partitioner, Partitioner::kCrc32);
  EXPECT_EQ(all.kafka.properties.at("linger.ms").value, "1.50");
  EXPECT_EQ(all.kafka.properties.at("enable.x").value, "true");
  EXPECT_EQ(all.kafka.properties.at("p").source, KafkaProperty::Source::kEnvironment);
  EXPECT_EQ(all.kafka.properties.at("q").value, "/etc/touchstone/q");
  EXPECT_EQ(all.kafka.properties_file, "/etc/kafka.properties");
  EXPECT_EQ(all.state.dir, "/etc/touchstone/state");
  EXPECT_EQ(all.state.slices, 48U);
  EXPECT_EQ(all.state.min_free, std::uint64_t{2} << 30);
  EXPECT_EQ(all.state.standby, 2);
  EXPECT_EQ(all.memory.limit, std::uint64_t{3} << 30);
  EXPECT_EQ(all.http.listen, (ListenAddress{"::1", 0}));
  EXPECT_EQ(all.http.token_file, "/etc/touchstone/token");
  EXPECT_TRUE(all.http.reload);
  EXPECT_FALSE(all.http.rows);
  EXPECT_EQ(all.topics.prefix, "acme.");
  EXPECT_EQ(all.topics.partitions, 12);
  EXPECT_EQ(all.topics.replication, 3);
  EXPECT_FALSE(all.topics.interactions);
  EXPECT_EQ(all.group, "acme");
  EXPECT_EQ(all.instance, "one");
  EXPECT_EQ(all.history, std::chrono::days{1});
  EXPECT_EQ(all.metrics.windows, std::vector<std::string>{"60m"});
  EXPECT_EQ(all.metrics.segments, MetricSegments::kAll);
  EXPECT_EQ(all.metrics.series_max, 10U);
  EXPECT_EQ(all.workers.windows, 4U);
  EXPECT_EQ(all.workers.stalled_after, std::chrono::minutes{2});
  EXPECT_TRUE(all.privacy.pseudonymise);
  EXPECT_EQ(all.privacy.key_env, "KEY");
  EXPECT_EQ(all.privacy.key_id, "b");
  EXPECT_EQ(all.privacy.purge, std::chrono::hours{2});
  EXPECT_EQ(all.log.format, LogFormat::kJson);
  EXPECT_EQ(all.log.level, "debug");
}

TEST(Configuration, ListensOnAddressesOnly) {
  for (const char* listen : {"0.0.0.0:80", "127.0.0.1:65535", "'[::]:9480'", "'[fe80::1]:1'"}) {
    EXPECT_EQ(problems_of("http: {listen: " + std::string(listen) + "}"), "") << listen;
  }
  for (const char* listen : {"127.0.0.1", "127.0.0.1:", "127.0.0.1:-1", "127.0.0.1:65536", "127.0.0.1:+1", ":80",
                             "'::1:80'", "'[127.0.0.1]:80'", "'[]:80'", "256.0.0.1:80", "127.0.0.1:80 "}) {
    if (std::string_view(listen).back() == ' ') continue;  // YAML takes the space away
    EXPECT_NE(problems_of("http: {listen: " + std::string(listen) + "}"), "") << listen;
  }
}

TEST(Configuration, AsksForWhatRunNeeds) {
  const Configuration bare = loaded("commit: 1s");
  EXPECT_EQ(joined(check_runnable(bare)),
            "touchstone.yaml:1:1: map: run needs a touchpoint map\n"
            "touchstone.yaml:1:1: input.topics: run needs at least one topic to read\n"
            "touchstone.yaml:1:1: kafka.properties: run needs bootstrap.servers\n"
            "touchstone.yaml:1:1: state.dir: run needs a directory for its state\n");
}

TEST(Configuration, FetchesSecretsFromFilesAndTheEnvironment) {
  const Scratch scratch;
  scratch.write("password", "p=a ss\r\n");
  scratch.write("kafka.properties", "# a comment\n! another\n\n  a = b=c \r\nclient.id=from-file\na.b=\n");
  ASSERT_EQ(setenv("TOUCHSTONE_TEST_SECRET", "from the environment", 1), 0);
  const std::string file = scratch.written("c.yaml",
                                           "kafka:\n  properties_file: kafka.properties\n  properties:\n"
                                           "    sasl.password: {file: password}\n"
                                           "    sasl.username: {env: TOUCHSTONE_TEST_SECRET}\n"
                                           "    client.id: here\n");
  const ReadProperties read = read_kafka_properties(load_configuration(file).configuration.value());
  EXPECT_EQ(joined(read.problems), "");
  const std::map<std::string, std::string> expected = {{"a", "b=c"},
                                                       {"a.b", ""},
                                                       {"client.id", "here"},
                                                       {"sasl.password", "p=a ss"},
                                                       {"sasl.username", "from the environment"}};
  EXPECT_EQ(read.values, expected);
}

TEST(Configuration, SaysWhichSecretsAreMissingAndNeverWhatTheyAre) {
  const Scratch scratch;
  scratch.write("empty", "\n");
  scratch.write("kafka.properties", "one\nsasl.password=hidden\\\n=x\n");
  const std::string file = scratch.written("c.yaml",
                                           "kafka:\n  properties_file: kafka.properties\n  properties:\n"
                                           "    a: {file: missing}\n    b: {file: empty}\n"
                                           "    c: {env: TOUCHSTONE_TEST_UNSET}\n");
  const std::string folder = fs::path(file).parent_path().string();
  const std::string problems = joined(read_kafka_properties(load_configuration(file).configuration.value()).problems);
  EXPECT_EQ(problems,
            folder + "/kafka.properties:1:1: (document): expected key=value\n" +  //
                folder + "/kafka.properties:2:1: sasl.password: a line cannot be continued on the next one\n" + folder +
                "/kafka.properties:3:1: (document): expected key=value\n" + folder +
                "/c.yaml:4:8: kafka.properties.a: \"" + folder +
                "/missing\" cannot be read: No such file or directory\n" + folder +
                "/c.yaml:5:8: kafka.properties.b: \"" + folder + "/empty\" is empty\n" + folder +
                "/c.yaml:6:8: kafka.properties.c: the environment has no variable "
                "\"TOUCHSTONE_TEST_UNSET\"\n");
}

TEST(Check, TellsMapsFromConfigurations) {
  const Scratch scratch;
  const std::string map = scratch.written("m.yaml", "version: 1\ntouchpoints: [{id: a}]\n");
  EXPECT_EQ(examine(map).summary, map + ": a map with 7 stages, 0 segments, 1 touchpoint\n");
  const std::string configuration = scratch.written("c.yaml", "map: m.yaml\ninput: {topics: [a]}\n");
  EXPECT_EQ(examine(configuration).summary, configuration + ": a configuration; run still needs kafka.properties, " +
                                                "state.dir\n" + examine(map).summary);
}

TEST(Check, ReturnsTheExitCodeAndWritesAccordingly) {
  const Scratch scratch;
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(check_file(scratch.written("right.yaml", "commit: 1s\n"), out, err), 0);
  EXPECT_FALSE(out.str().empty());
  EXPECT_TRUE(err.str().empty());
  out.str({});
  EXPECT_EQ(check_file(scratch.written("wrong.yaml", "comit: 1s\n"), out, err), 78);
  EXPECT_TRUE(out.str().empty());
  EXPECT_FALSE(err.str().empty());
  err.str({});
  const std::string dead = "version: 1\ntouchpoints: [{id: a, match: {}}, {id: b, match: {type: x}}]\n";
  EXPECT_EQ(check_file(scratch.written("warned.yaml", dead), out, err), 0);
  EXPECT_NE(err.str().find("warning: can never match"), std::string::npos);
}

// Every wrong file of tests/data/wrong is refused with exactly the lines that stand beside it. After a change
// of words: run `touchstone check` there, read what it says, and keep it as the new expectation.
TEST(Check, RefusesWrongFilesWithTheLinesBesideThem) {
  const fs::path folder = kSource / "tests/data/wrong";
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  EXPECT_GE(files.size(), 30U);
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    const Checked checked = examine(file.string());
    std::string findings = checked.findings;
    const std::string prefix = folder.string() + "/";
    for (std::size_t at = findings.find(prefix); at != std::string::npos; at = findings.find(prefix, at)) {
      findings.erase(at, prefix.size());
    }
    EXPECT_EQ(findings, read_all(fs::path(file).replace_extension(".expected"))) << file.filename();
    EXPECT_FALSE(checked.is_right) << file.filename();
    EXPECT_TRUE(checked.summary.empty()) << file.filename();
  }
}

}  // namespace
}  // namespace touchstone
