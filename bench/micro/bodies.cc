#include "bench/micro/bodies.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "bench/micro/sample.h"
#include "engine/flow/board.h"
#include "engine/model/matcher.h"
#include "engine/model/shelf.h"
#include "engine/model/windows.h"
#include "engine/wire/customer_record.h"
#include "engine/wire/json.h"
#include "engine/wire/records.h"
#include "exporters/metrics_page.h"
#include "state/rocks_tables.h"

namespace touchstone::bench {
namespace {

constexpr std::size_t kEvents = 512;
constexpr std::size_t kTouches = 20;
constexpr std::size_t kSeries = 5'000;

const TaskId kTask{StageKind::kJourney, "events", Partition(0)};

/// What a step came to, so that no compiler leaves it out.
void keep(std::size_t size) {
  if (size == 0) throw std::logic_error("a step made nothing");
}

using RulesPtr = std::shared_ptr<const Rules>;
using Samples = std::shared_ptr<const Sample>;

Step decode(const Samples& sample, const RulesPtr& rules) {
  const auto decoder = std::make_shared<EventDecoder>(rules->settings().max_future);
  return [=] {
    std::size_t events = 0;
    for (const StreamRecord& record : sample->records()) {
      const Decoded decoded = decoder->decode(record_of(record));
      events += std::holds_alternative<const Event*>(decoded) ? 1U : 0U;
    }
    keep(events);
  };
}

/// Rules that ask a type and a text, and an event that only the last but one fits.
Step match(std::size_t rules) {
  std::vector<Predicate> predicates;
  for (std::size_t i = 0; i < rules; ++i) {
    const auto equals = [](std::string field, std::string value) {
      Condition condition;
      condition.equals = OwnedScalar(std::move(value));
      return FieldCondition{std::move(field), condition};
    };
    predicates.push_back({{equals("type", "page_view"), equals("attributes.page", fmt::format("page-{}", i))}});
  }
  const auto matcher = std::make_shared<const Matcher>(predicates);
  const auto page = std::make_shared<const std::string>(fmt::format("page-{}", rules - 2));
  return [=] {
    Event event;
    event[Field::kType] = std::string_view("page_view");
    event.attributes.emplace_back("page", std::string_view(*page));
    std::size_t found = 0;
    for (std::size_t i = 0; i < kEvents; ++i) found += matcher->first_match({event}).value_or(0);
    keep(found);
  };
}

Step observe_all(const Samples& sample, const RulesPtr& rules) {
  return [=] {
    std::vector<Customer> customers(sample->customers());
    std::size_t seen = 0;
    for (const Sample::Seen& each : sample->seen()) {
      seen += observe(customers[each.customer], *each.event, *rules, false) ? 1U : 0U;
    }
    keep(seen);
  };
}

Step tally_all(const Samples& sample, const RulesPtr& rules) {
  return [=] {
    DeltaSet deltas;
    std::vector<Customer> customers(sample->customers());
    for (const Sample::Seen& each : sample->seen()) {
      tally(each.observation, each.event->time, each.event->time, *rules, customers[each.customer], deltas);
    }
    keep(deltas.take().size());
  };
}

Step credit() {
  std::vector<PathTouch> path;
  for (std::size_t i = 0; i < kTouches; ++i) {
    path.push_back({TouchpointNo(static_cast<std::uint16_t>(i % 7)), kSampleBegin + std::chrono::hours{i}});
  }
  const Conversion conversion{kSampleBegin + std::chrono::hours{kTouches}, 1'234'500};
  return [=] {
    std::size_t credits = 0;
    for (std::size_t model = 0; model < kCreditModels; ++model) {
      credits += split_credit(static_cast<CreditModel>(model), path, conversion, std::chrono::days{7}).size();
    }
    keep(credits);
  };
}

std::shared_ptr<const std::vector<std::pair<CellKey, Cell>>> cells_of(const Samples& sample, const RulesPtr& rules) {
  DeltaSet deltas;
  std::vector<Customer> customers(sample->customers());
  for (const Sample::Seen& each : sample->seen()) {
    tally(each.observation, each.event->time, each.event->time, *rules, customers[each.customer], deltas);
  }
  std::vector<std::pair<CellKey, Cell>> cells;
  for (const auto& [cell, delta] : deltas.take()) {
    if (!has_rows(cell.scope)) continue;
    for (const auto& [pane, amounts] : delta.panes) cells.emplace_back(key_of(cell, *rules), amounts);
  }
  std::sort(cells.begin(), cells.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return std::make_shared<const std::vector<std::pair<CellKey, Cell>>>(std::move(cells));
}

Step update_cells(const Samples& sample, const RulesPtr& rules) {
  const auto cells = cells_of(sample, rules);
  return [=] {
    Cell sum;
    for (const auto& [key, amounts] : *cells) {
      sum.add(amounts);
    }
    for (const auto& [key, amounts] : *cells) {
      sum.subtract(amounts);
    }
    keep(cells->size() + sum.amounts().size());
  };
}

/// All windows over all cells of the sample. What comes in one of five panes has left the finest window before it comes
/// again, so that rows change.
struct Closings {
  static constexpr int kAtOnce = 5;

  explicit Closings(const RulesPtr& rules)
      : windows(rules->settings().windows, rules->touchpoints(), [](const CellKey&) { return true; }, memory_shelf) {}

  std::size_t next(const std::vector<std::pair<CellKey, Cell>>& cells) {
    for (const auto& [key, amounts] : cells) windows.add_pane(windows.index(key), at, amounts);
    std::size_t rows = 0;
    for (int i = 0; i < kAtOnce; ++i) {
      at += windows.specs().front().step;
      windows.close_until(at, [](CellIndex) { return true; }, [&](const Row&) { ++rows; });
      windows.drop_changed();
    }
    return rows;
  }

  Windows windows;
  EventTime at = kSampleBegin;
};

Step close_windows(const Samples& sample, const RulesPtr& rules) {
  const auto cells = cells_of(sample, rules);
  const auto closings = std::make_shared<Closings>(rules);
  return [=] { keep(closings->next(*cells)); };
}

std::vector<Row> rows_of(const Samples& sample, const RulesPtr& rules) {
  const auto cells = cells_of(sample, rules);
  Closings closings(rules);
  keep(closings.next(*cells));
  std::vector<Row> rows;
  closings.windows.visit_last_rows([&](const Row& row) { rows.push_back(row); });
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.cell < b.cell; });
  return rows;
}

Step encode_rows(const Samples& sample, const RulesPtr& rules) {
  return [rows = rows_of(sample, rules), rules] {
    std::size_t bytes = 0;
    for (const Row& row : rows) {
      bytes += row_json(row, rules->settings().windows[row.window], rules->stages()).size();
    }
    keep(bytes);
  };
}

Step encode_interactions(const Samples& sample, const RulesPtr& rules) {
  return [=] {
    std::size_t bytes = 0;
    for (const Sample::Seen& each : sample->seen()) {
      bytes += interaction_json(*each.event, {std::string(each.event->customer), {}}, each.observation,
                                {"events", Partition(0), Offset(0)}, *rules)
                   .size();
    }
    keep(bytes);
  };
}

struct Codec {
  explicit Codec(RulesPtr given) : rules(std::move(given)) {}
  RulesPtr rules;
  Numbering numbering{*rules};
  CustomerCodec codec{*rules, numbering};
};

Step write_customers(const Samples& sample, const RulesPtr& rules) {
  const auto codec = std::make_shared<const Codec>(rules);
  return [=] {
    std::size_t bytes = 0;
    for (const Sample::Seen& each : sample->seen()) {
      ByteWriter out;
      codec->codec.encode(each.after, out);
      bytes += out.take().size();
    }
    keep(bytes);
  };
}

Step read_customers(const Samples& sample, const RulesPtr& rules) {
  const auto codec = std::make_shared<const Codec>(rules);
  std::vector<std::string> written;
  for (const Sample::Seen& each : sample->seen()) {
    ByteWriter out;
    codec->codec.encode(each.after, out);
    written.push_back(out.take());
  }
  return [codec, written = std::move(written), into = std::make_shared<Customer>()] {
    std::size_t read = 0;
    for (const std::string& bytes : written) read += codec->codec.decode(bytes, *into) ? 1U : 0U;
    keep(read);
  };
}

/// A page with 5,000 series of windows.
Step render_metrics(const Samples& sample, const RulesPtr& rules) {
  const auto board = std::make_shared<Board>();
  board->change_rules(rules);
  std::vector<Row> rows;
  for (std::size_t window = 0; window < rules->settings().windows.size(); ++window) {
    for (Row& row : rows_of(sample, rules)) {
      row.window = window;
      rows.push_back(std::move(row));
    }
  }
  WindowsStatus status;
  status.rules = rules;
  status.closed.assign(rules->settings().windows.size(), kSampleBegin);
  board->publish({StageKind::kWindows, "deltas", Partition(0)}, std::move(status), std::move(rows));
  MetricsOptions options;
  options.windows.series_max = kSeries;
  options.version = "0";
  const auto page = std::make_shared<MetricsPage>(*board, options);
  return [=] {
    static_cast<void>(board);
    keep(page->render().size());
  };
}

/// RocksDB in a directory of its own, gone with it.
class Store {
 public:
  Store() {
    std::string name = (std::filesystem::temp_directory_path() / "touchstone-micro-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no directory for a database");
    directory_ = name;
    RocksTablesOptions options;
    options.min_free_bytes = 0;
    auto opened = RocksTables::open(directory_.string(), options);
    if (!opened) throw std::runtime_error(opened.error().message());
    tables_ = std::move(*opened);
  }
  ~Store() {
    tables_.reset();
    std::filesystem::remove_all(directory_);
  }
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  Tables& tables() { return *tables_; }

 private:
  std::filesystem::path directory_;
  std::unique_ptr<Tables> tables_;
};

constexpr std::uint64_t kSlices = 256;

std::vector<TableChange> changes_of(const Samples& sample, const RulesPtr& rules) {
  const Codec codec(rules);
  std::map<std::string, std::string> values;
  for (const Sample::Seen& each : sample->seen()) {
    ByteWriter out;
    codec.codec.encode(each.after, out);
    const auto slice = static_cast<std::uint32_t>(hash_of_customer(each.event->customer) % kSlices);
    values[customer_key(slice, each.event->customer)] = out.take();
  }
  std::vector<TableChange> changes;
  for (const auto& [key, value] : values) changes.push_back({key, value});
  return changes;
}

Step write_state(const Samples& sample, const RulesPtr& rules) {
  return [store = std::make_shared<Store>(), changes = changes_of(sample, rules)] {
    const auto applied = store->tables().apply({TaskChanges{kTask, changes}});
    keep(applied ? changes.size() : 0);
  };
}

Step read_state(const Samples& sample, const RulesPtr& rules) {
  const auto store = std::make_shared<Store>();
  const auto applied = store->tables().apply({TaskChanges{kTask, changes_of(sample, rules)}});
  keep(applied ? 1U : 0U);
  return [=] {
    std::size_t bytes = 0;
    const auto read = store->tables().scan(kTask, [&](std::string_view, std::string_view value) {
      bytes += value.size();
      return true;
    });
    keep(read ? bytes : 0);
  };
}

}  // namespace

std::vector<Body> bodies(const std::shared_ptr<const Rules>& rules) {
  const auto sample = std::make_shared<const Sample>(rules, kEvents);
  std::vector<Body> all = {
      {"decode", kEvents, [=] { return decode(sample, rules); }},
      {"observe", kEvents, [=] { return observe_all(sample, rules); }},
      {"tally", kEvents, [=] { return tally_all(sample, rules); }},
      {"customer-write", kEvents, [=] { return write_customers(sample, rules); }},
      {"customer-read", kEvents, [=] { return read_customers(sample, rules); }},
      {"interaction-json", kEvents, [=] { return encode_interactions(sample, rules); }},
      {"credit", kCreditModels, [] { return credit(); }},
      {"cell-update", 2 * cells_of(sample, rules)->size(), [=] { return update_cells(sample, rules); }},
      {"window-close", cells_of(sample, rules)->size(), [=] { return close_windows(sample, rules); }},
      {"row-json", rows_of(sample, rules).size(), [=] { return encode_rows(sample, rules); }},
      {"state-write", sample->customers(), [=] { return write_state(sample, rules); }},
      {"state-read", sample->customers(), [=] { return read_state(sample, rules); }},
      {"metrics-page", 1, [=] { return render_metrics(sample, rules); }},
  };
  for (const std::size_t count : std::to_array<std::size_t>({10, 100, 1'000, 10'000})) {
    all.push_back({fmt::format("match-{}", count), kEvents, [=] { return match(count); }});
  }
  return all;
}

}  // namespace touchstone::bench
