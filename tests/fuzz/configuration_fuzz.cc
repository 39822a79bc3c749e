// Any text at all is a configuration or has problems, each with a place in it; what was accepted lies within the
// documented ranges, and written out and read again it is the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/configuration.h"
#include "app/window_settings.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/yaml_text.h"

namespace touchstone {
namespace {

using fuzz::require;
using fuzz::YamlText;
using namespace std::chrono_literals;
using std::chrono::days;

template <typename T>
void require_within(const T& value, const T& least, const T& most) {
  require(value >= least && value <= most);
}

void require_sound(const Configuration& made) {
  const Settings& settings = made.settings;
  require_within<Millis>(settings.lateness, 0ms, days{30});
  require_within<Millis>(settings.max_future, 0ms, days{365});
  require_within<Millis>(settings.idle, 100ms, days{1});
  require_within<Millis>(settings.duplicates_within, 0ms, days{30});
  require_within<std::size_t>(settings.duplicate_ids, 0, 4'096);
  require_within<Millis>(settings.lookback, 0ms, days{3'650});
  require_within<std::size_t>(settings.max_touches, 1, 1'000);
  require_within<Millis>(settings.rating_within, 0ms, days{3'650});
  require_within<Millis>(settings.decay_half_life, 1s, days{3'650});
  require_within<Millis>(made.commit, 10ms, 10s);
  require_within<std::uint32_t>(made.state.slices, 1, 4'096);
  require_within<std::int32_t>(made.topics.partitions, 1, 10'000);
  require_within<std::uint32_t>(made.metrics.series_max, 1, 10'000'000);
  for (const std::uint32_t threads : {made.workers.intake, made.workers.journey, made.workers.windows}) {
    require_within<std::uint32_t>(threads, 1, 256);
  }
  require(!made.group.empty() && !made.instance.empty());
  require(made.http.listen.address.find('\0') == std::string::npos);
  for (const std::string* path : {&made.map, &made.state.dir, &made.http.token_file, &made.kafka.properties_file}) {
    require(path->find('\0') == std::string::npos);
  }
}

void require_nested(const std::vector<WindowSpec>& windows) {
  require_within<std::size_t>(windows.size(), 1, kMostWindows);
  for (std::size_t i = 0; i < windows.size(); ++i) {
    require(windows[i].step >= 100ms && windows[i].step <= windows[i].size);
    require(windows[i].size % windows[i].step == 0ms && windows[i].size / windows[i].step <= kMostStepsOfWindow);
    if (i == 0) continue;
    require(windows[i].size > windows[i - 1].size && windows[i].step % windows[i - 1].step == 0ms);
  }
}

void write_settings(YamlText& out, const Settings& settings) {
  out.key("time").begin('{').key("lateness").duration(settings.lateness);
  out.key("max_future").duration(settings.max_future).key("idle").duration(settings.idle).end('}');
  out.key("duplicates").begin('{').key("within").duration(settings.duplicates_within);
  out.key("ids").whole(static_cast<std::int64_t>(settings.duplicate_ids)).end('}');
  out.key("journey").begin('{').key("lookback").duration(settings.lookback);
  out.key("max_touches").whole(static_cast<std::int64_t>(settings.max_touches));
  out.key("rating_within").duration(settings.rating_within);
  out.key("decay_half_life").duration(settings.decay_half_life).end('}');
  out.key("windows").begin('[');
  for (const WindowSpec& window : settings.windows) {
    out.begin('{').key("size").text(window.name).key("step").duration(window.step).end('}');
  }
  out.end(']');
}

void write_kafka(YamlText& out, const Configuration& made) {
  out.key("kafka").begin('{').key("properties").begin('{');
  for (const auto& [name, property] : made.kafka.properties) {
    out.key(name);
    switch (property.source) {
      case KafkaProperty::Source::kHere:
        out.text(property.value);
        break;
      case KafkaProperty::Source::kFile:
        out.begin('{').key("file").text(property.value).end('}');
        break;
      case KafkaProperty::Source::kEnvironment:
        out.begin('{').key("env").text(property.value).end('}');
        break;
    }
  }
  out.end('}');
  if (!made.kafka.properties_file.empty()) out.key("properties_file").text(made.kafka.properties_file);
  out.end('}');
}

/// A key for each text that is not empty, and one for what is left.
void write_texts(YamlText& out, const Configuration& made) {
  if (!made.map.empty()) out.key("map").text(made.map);
  out.key("group").text(made.group).key("instance").text(made.instance);
  out.key("input").begin('{').key("rekey").flag(made.input.rekey);
  if (made.input.partitioner) {
    out.key("partitioner").text(*made.input.partitioner == Partitioner::kCrc32 ? "crc32" : "murmur2");
  }
  if (!made.input.topics.empty()) {
    out.key("topics").begin('[');
    for (const std::string& topic : made.input.topics) out.text(topic);
    out.end(']');
  }
  out.end('}').key("state").begin('{').key("slices").whole(made.state.slices);
  if (!made.state.dir.empty()) out.key("dir").text(made.state.dir);
  const ListenAddress& listen = made.http.listen;
  const bool is_six = listen.address.find(':') != std::string::npos;
  out.end('}').key("http").begin('{').key("reload").flag(made.http.reload).key("listen");
  out.text((is_six ? "[" + listen.address + "]" : listen.address) + ":" + std::to_string(listen.port));
  if (!made.http.token_file.empty()) out.key("token_file").text(made.http.token_file);
  out.end('}').key("log").begin('{').key("level").text(made.log.level);
  constexpr const char* kLogFormats[] = {"text", "logfmt", "json"};
  out.key("format").text(kLogFormats[static_cast<std::size_t>(made.log.format)]).end('}');
}

/// The configuration as its author could have written it.
std::string yaml_of(const Configuration& made) {
  YamlText out;
  out.begin('{');
  write_settings(out, made.settings);
  write_kafka(out, made);
  write_texts(out, made);
  out.key("commit").duration(made.commit).key("history").duration(made.history);
  out.key("topics").begin('{').key("prefix").text(made.topics.prefix);
  out.key("partitions").whole(made.topics.partitions).key("replication").whole(made.topics.replication).end('}');
  out.key("metrics").begin('{').key("segments").text(made.metrics.segments == MetricSegments::kAll ? "all" : "each");
  if (!made.metrics.windows.empty()) {
    out.key("windows").begin('[');
    for (const std::string& window : made.metrics.windows) out.text(window);
    out.end(']');
  }
  out.key("series_max").whole(made.metrics.series_max).end('}');
  out.key("workers").begin('{').key("intake").whole(made.workers.intake).key("journey").whole(made.workers.journey);
  out.key("windows").whole(made.workers.windows).end('}').end('}');
  return out.take();
}

}  // namespace
}  // namespace touchstone

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace touchstone;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const ConfigurationLoaded loaded = load_configuration_text(text, "touchstone.yaml");
  require(loaded.configuration.has_value() == loaded.problems.empty());
  fuzz::require_places(loaded.problems, text);
  if (!loaded.configuration) return 0;
  require_sound(*loaded.configuration);
  require_nested(loaded.configuration->settings.windows);
  const std::string written = yaml_of(*loaded.configuration);
  const ConfigurationLoaded again = load_configuration_text(written, "touchstone.yaml");
  require(again.configuration.has_value());
  require(yaml_of(*again.configuration) == written);
  return 0;
}
