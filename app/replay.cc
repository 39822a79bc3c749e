#include "app/replay.h"

#include <filesystem>
#include <fstream>
#include <optional>
#include <ostream>
#include <string_view>
#include <utility>

#include <boost/json.hpp>
#include <fmt/ostream.h>

#include "app/base64.h"
#include "app/replay_report.h"
#include "app/topology.h"
#include "engine/flow/hand_clock.h"
#include "engine/flow/worker.h"
#include "ingest/event_decoder.h"
#include "ingest/line_reader.h"
#include "ingest/partitioner.h"
#include "ingest/sim_broker.h"
#include "ingest/sim_log.h"
#include "state/file_shelf.h"
#include "state/memory_tables.h"

namespace touchstone {
namespace {

constexpr std::uint64_t kSession = 1;

std::string_view header(const Record& record, std::string_view name) {
  for (const HeaderView& each : record.headers) {
    if (each.name == name) return each.value;
  }
  return {};
}

/// A dead letter as one line: what the record's headers say, and its value.
std::string dead_letter_line(const Record& record) {
  boost::json::object object;
  object["reason"] = header(record, "touchstone.reason");
  object["detail"] = header(record, "touchstone.detail");
  object["topic"] = header(record, "touchstone.topic");
  object["partition"] = std::stoll(std::string(header(record, "touchstone.partition")));
  object["offset"] = std::stoll(std::string(header(record, "touchstone.offset")));
  const std::string_view value = record.value.value_or(std::string_view{});
  if (is_utf8(value)) {
    object["value"] = value;
  } else {
    object["value_base64"] = to_base64(value);
  }
  return boost::json::serialize(object);
}

/// Writes what was committed to the derived topics into their files.
class Sink {
 public:
  Sink(SimBroker& broker, const TopicNames& topics) : broker_(broker), dead_letters_(topics.dead_letters) {
    for (const std::string& topic : {topics.interactions, topics.transitions, topics.conversions, topics.windows,
                                     topics.alerts, topics.dead_letters}) {
      files_.emplace_back(topic, std::ofstream{});
      broker_.create_topic(topic, 1);
    }
  }

  Result<void> open(const std::string& directory) {
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    if (error) return Error(ErrorKind::kFatal, "cannot make " + directory + ": " + error.message());
    for (auto& [topic, file] : files_) {
      const auto path = std::filesystem::path(directory) / (topic + ".ndjson");
      file.open(path, std::ios::binary | std::ios::trunc);
      if (!file) return Error(ErrorKind::kFatal, "cannot write " + path.string());
    }
    return {};
  }

  Result<void> drain(ReplayReport& told) {
    for (auto& [topic, file] : files_) {
      broker_.drain(topic, [&, &name = topic, &to = file](const Record& record) {
        if (name == dead_letters_) {
          to << dead_letter_line(record) << '\n';
          return;
        }
        told.take(name, record.key.value_or(std::string_view{}), *record.value);
        to << *record.value << '\n';
      });
      if (!file.flush()) return Error(ErrorKind::kFatal, "cannot write " + topic + ".ndjson (is the disk full?)");
    }
    return {};
  }

 private:
  SimBroker& broker_;
  std::string dead_letters_;
  std::vector<std::pair<std::string, std::ofstream>> files_;
};

/// Puts the lines of the file into the broker as records of its topic.
class Feed {
 public:
  Feed(SimBroker& broker, LineReader& lines, std::int32_t partitions, Millis max_future)
      : broker_(broker), lines_(lines), partitions_(partitions), decoder_(max_future) {
    broker_.create_topic(lines_.base_name(), partitions);
  }

  /// Up to `count` lines; true if there may be more.
  Result<bool> feed(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      auto line = lines_.next();
      if (!line) return line.error();
      if (!*line) return false;
      TOUCHSTONE_TRY(append(**line));
      ++read_;
    }
    return true;
  }

  [[nodiscard]] std::uint64_t read() const { return read_; }
  [[nodiscard]] std::uint64_t forgets() const { return forgets_; }

 private:
  Result<void> append(std::string_view line) {
    SimRecord record;
    record.topic = lines_.base_name();
    record.partition = Partition(0);
    record.offset = Offset(static_cast<std::int64_t>(read_));
    record.value = std::string(line);
    // Only where it may matter is a line looked into twice.
    const bool may_forget = line.size() < 2 * kLargestRecord && (line.find("forget") != std::string_view::npos ||
                                                                 line.find('\\') != std::string_view::npos);
    if (partitions_ > 1 || may_forget) {
      const Record probe{record.topic, *record.partition, *record.offset, std::nullopt, std::nullopt, line, {}};
      (void)decoder_.decode(probe);
      std::optional<std::string_view> customer = decoder_.customer();
      if (const auto forgotten = decoder_.forget()) {
        customer = forgotten;
        record.key = std::string(*forgotten);
        record.value.reset();
        ++forgets_;
      }
      if (customer) record.partition = Partition(murmur2_partition(*customer, partitions_));
    }
    auto appended = broker_.append(std::move(record));
    if (!appended) return appended.error();
    return {};
  }

  SimBroker& broker_;
  LineReader& lines_;
  std::int32_t partitions_;
  EventDecoder decoder_;
  std::uint64_t read_ = 0;
  std::uint64_t forgets_ = 0;
};

/// Lets a worker go on until it has nothing more to do.
Result<void> settle(Worker& worker) {
  for (;;) {
    auto moved = worker.turn(Millis{0});
    if (!moved) return moved.error();
    if (const auto notice = worker.take_notice()) return Error(ErrorKind::kFatal, *notice);
    if (!*moved) return {};
  }
}

ReplayTotals totals_of(const Feed& feed, const Counts& counts) {
  ReplayTotals totals;
  totals.lines = feed.read();
  totals.forgotten = feed.forgets();
  for (const auto& [labels, count] : counts.interactions) totals.interactions += count;
  for (const auto& [segment, count] : counts.conversions) totals.conversions += count;
  for (const std::uint64_t count : counts.dead_letters) totals.dead_letters += count;
  totals.late = counts.late_events;
  totals.duplicates = counts.duplicates;
  totals.rows = counts.rows;
  return totals;
}

}  // namespace

Result<ReplayTotals> replay(const ReplayOptions& options, std::ostream& progress, std::ostream& report) {
  auto lines = LineReader::open(options.input);
  if (!lines) return lines.error();

  SimBroker broker({SimMarkers::kNone});
  Topology topology;
  topology.rules = std::make_shared<RulesBook>(options.rules);
  topology.topics = TopicNames(options.topic_prefix);
  topology.inputs = {{(*lines)->base_name(), options.partitions}};
  topology.durability = Durability::kInMemory;
  topology.commit = Millis{0};
  topology.pseudonym_key = options.pseudonym_key;
  topology.detect_silence = false;
  broker.create_topic(topology.topics.deltas, topology.delta_partitions);

  Feed feed(broker, **lines, options.partitions, options.rules->settings().max_future);
  Sink sink(broker, topology.topics);
  TOUCHSTONE_TRY(sink.open(options.out));
  auto shelves = file_shelves(options.out);
  if (!shelves) return shelves.error();
  topology.make_shelf = *shelves;

  MemoryTables tables;
  HandClock clock;
  Board board;
  ReplayReport told(*options.rules, topology.topics);
  const auto log_of = [&](const std::string& name, std::vector<std::string> topics) {
    return [&broker, name, topics = std::move(topics)]() -> Result<std::unique_ptr<Log>> {
      return std::unique_ptr<Log>(std::make_unique<SimLog>(broker, SimLogOptions{name, name, topics}));
    };
  };
  Worker journey(journey_worker(topology), log_of("journey", topology.journey_topics()), tables, clock, board);
  Worker windows(windows_worker(topology), log_of("windows", {topology.topics.deltas}), tables, clock, board);

  const auto go_on = [&]() -> Result<void> {
    TOUCHSTONE_TRY(settle(journey));
    TOUCHSTONE_TRY(settle(windows));
    for (std::int32_t partition = 0; partition < options.partitions; ++partition) {
      broker.trim({(*lines)->base_name(), Partition(partition)}, Offset(static_cast<std::int64_t>(feed.read())));
    }
    const TopicPartition deltas{topology.topics.deltas, Partition(0)};
    if (const auto done = broker.committed("windows", deltas)) broker.trim(deltas, *done);
    return sink.drain(told);
  };
  TOUCHSTONE_TRY(go_on());
  for (bool more = true; more;) {
    auto fed = feed.feed(options.batch);
    if (!fed) return fed.error();
    more = *fed;
    TOUCHSTONE_TRY(go_on());
    fmt::print(progress, "{} lines read\n", feed.read());
  }
  TOUCHSTONE_TRY(journey.end_input(kSession));
  TOUCHSTONE_TRY(go_on());
  if (!journey.finished()) return Error(ErrorKind::kFatal, "the end of the input was not reached");

  const ReplayTotals totals = totals_of(feed, board.snapshot().counts);
  told.print(report);
  return totals;
}

}  // namespace touchstone
