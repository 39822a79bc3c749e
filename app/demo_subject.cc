#include "app/demo_subject.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "app/exit_code.h"
#include "app/load_rules.h"
#include "app/shared_files.h"

namespace touchstone {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRetailMap = "maps/retail.yaml";

/// The invented traffic begins in the past, so that there is something to see at once. Most of that time is
/// quiet and the end of it as busy as the present, so that it is quickly read and yet fills the short
/// windows.
constexpr Millis kHistory{600'000};
constexpr Millis kBusyHistory{75'000};
constexpr double kQuietEvents = 10'000;
constexpr double kBusyEvents = 15'000;
/// The drop begins so long after the present. In the shortest demo it has begun before, so that it is seen at
/// all.
constexpr Millis kUntilDrop{60'000};
constexpr Millis kSinceDropOnce{45'000};
/// Of a window's moving on.
constexpr Millis kLongestStep = std::chrono::minutes{2};
/// Over how long a data set is spread.
constexpr Millis kSpread{120'000};
constexpr Millis kSpreadOnce{15'000};
/// Customers who are there at the same time, for each event a second; so many are busy between two of their
/// steps.
constexpr double kCustomersPerEvent = 6;

/// The directory of a data set, by its path or by its name among the shipped ones.
std::optional<fs::path> data_directory(const std::string& name) {
  std::error_code error;
  if (fs::is_directory(name, error)) return fs::path(name);
  return find_shared("data/" + name);
}

std::optional<std::string> map_of(const DemoOptions& options, const std::optional<fs::path>& data) {
  if (!options.map.empty()) return options.map;
  if (data) return (*data / "map.yaml").string();
  if (const auto retail = find_shared(kRetailMap)) return retail->string();
  return std::nullopt;
}

}  // namespace

DemoPrepared prepare_demo(const DemoOptions& options) {
  std::optional<fs::path> data;
  if (!options.data.empty()) {
    data = data_directory(options.data);
    if (!data) {
      std::cerr << fmt::format("touchstone: there is no data set \"{}\"; TOUCHSTONE_SHARE can say where data/ is\n",
                               options.data);
      return {{}, kExitUsage};
    }
  }
  const auto map = map_of(options, data);
  if (!map) {
    std::cerr << fmt::format("touchstone: {} is not there; TOUCHSTONE_SHARE can say where maps/ is\n", kRetailMap);
    return {{}, kExitFailed};
  }
  Settings settings;
  // A data set is played thousands of times faster than it happened: its minutes are of no interest, and the
  // rows of short windows would be most of the work.
  if (data && !pick_windows({"24h", "7d"}, settings)) return {{}, kExitFailed};
  // Nobody waits for an hour to see where customers go next.
  if (!data) {
    for (WindowSpec& window : settings.windows) window.step = std::min(window.step, kLongestStep);
  }
  DemoPrepared prepared;
  prepared.subject.rules = read_rules(*map, settings);
  if (!prepared.subject.rules) return {{}, kExitConfiguration};
  if (data) prepared.subject.events = (*data / "events.ndjson.gz").string();
  // At a low rate a minute has too few events for a table.
  prepared.subject.window = data ? settings.windows.back().name : options.rate >= 50 ? "1m" : "5m";
  return prepared;
}

Result<std::unique_ptr<EventSource>> open_events(const DemoOptions& options, const DemoSubject& subject,
                                                 EventTime now) {
  if (!subject.events.empty()) {
    auto file = FileSource::open(subject.events, options.once ? kSpreadOnce : kSpread);
    if (!file) return file.error();
    return std::unique_ptr<EventSource>(std::move(*file));
  }
  const Millis busy = std::min(kBusyHistory, Millis{static_cast<std::int64_t>(kBusyEvents * 1'000 / options.rate)});
  const std::chrono::duration<double> quiet = kHistory - busy;
  LiveSource::Options live;
  live.start = now - kHistory;
  live.quiet_events_per_second = std::min(options.rate, kQuietEvents / quiet.count());
  live.busy_from = now - busy;
  live.events_per_second = options.rate;
  live.traffic.seed = options.seed;
  live.traffic.customers = static_cast<std::size_t>(std::clamp(options.rate * kCustomersPerEvent, 300.0, 300'000.0));
  live.traffic.drop.first = options.once ? kHistory - kSinceDropOnce : kHistory + kUntilDrop;
  return std::unique_ptr<EventSource>(std::make_unique<LiveSource>(live));
}

}  // namespace touchstone
