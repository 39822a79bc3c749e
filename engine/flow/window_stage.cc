#include "engine/flow/window_stage.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "engine/wire/detector_record.h"
#include "engine/wire/json.h"

namespace touchstone {
namespace {

constexpr std::uint8_t kWindowStateVersion = 1;

/// The stage's own part of a position.
struct WindowState {
  Windows::Closings closed;
  std::optional<EventTime> watermark;
  std::vector<SourceState> sources;
  std::vector<std::uint64_t> ends;
};

std::string encode_state(const WindowState& state) {
  ByteWriter out;
  out.byte(kWindowStateVersion);
  out.number(state.closed.size());
  for (const auto& closed : state.closed) out.optional_time(closed);
  out.optional_time(state.watermark);
  out.number(state.sources.size());
  for (std::size_t i = 0; i < state.sources.size(); ++i) write_source(out, state.sources[i], state.ends[i]);
  return out.take();
}

std::optional<WindowState> decode_state(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.byte() != kWindowStateVersion) return std::nullopt;
  WindowState state;
  const std::size_t windows = in.count();
  for (std::size_t i = 0; i < windows && in.ok(); ++i) state.closed.push_back(in.optional_time());
  state.watermark = in.optional_time();
  const std::size_t sources = in.count();
  for (std::size_t i = 0; i < sources && in.ok(); ++i) {
    std::uint64_t ended = 0;
    state.sources.push_back(read_source(in, ended));
    state.ends.push_back(ended);
  }
  if (!in.done()) return std::nullopt;
  return state;
}

KeyKind key_kind(WindowsKey::Kind kind) {
  switch (kind) {
    case WindowsKey::Kind::kPane:
      return KeyKind::kPane;
    case WindowsKey::Kind::kEdge:
      return KeyKind::kEdge;
    case WindowsKey::Kind::kRow:
      return KeyKind::kRow;
  }
  return KeyKind::kRow;
}

}  // namespace

WindowStage::WindowStage(WindowOptions options, const Slices& slices)
    : options_(std::move(options)),
      slices_(slices),
      names_(options_.rules.rules->names()),
      windows_(
          options_.rules.rules->settings().windows, names_.touchpoints,
          [this](const CellKey& cell) { return partition_of_cell(cell, options_.partitions) == options_.partition; },
          options_.make_shelf,
          {slices_.count(), [this](const CellKey& cell) { return slice_of_cell(cell, slices_.count()); }}),
      detectors_(*options_.rules.rules, names_,
                 [this](CellIndex cell) -> const CellKey& { return windows_.cell(cell); }),
      rankings_(options_.rules.rules->settings().windows.back(), options_.make_shelf()),
      watermark_(static_cast<std::size_t>(options_.sources)),
      ends_(static_cast<std::size_t>(options_.sources)) {}

Result<void> WindowStage::process(const Record& record, Output& out) {
  const std::optional<DeltaBatch> batch = record.value ? decode_deltas(*record.value, names_) : std::nullopt;
  if (!batch || batch->head.sources != options_.sources) {
    return Error(ErrorKind::kReject, "a record of " + std::string(record.topic) +
                                         " is not of this engine, or of one with another number of partitions");
  }
  for (const NamedDelta& delta : batch->deltas) add(delta, record.offset, out);
  const DeltaHead& head = batch->head;
  if (!head.has_mark) return {};
  const auto source = static_cast<std::size_t>(head.source);
  watermark_.update(source, head.mark, head.silent);
  ends_[source] = head.end ? head.end->session : 0;
  close(head.end, record.offset, out);
  return {};
}

void WindowStage::add(const NamedDelta& named, Offset at, Output& out) {
  const CellIndex cell = windows_.index(named.cell);
  if (!slices_.applies(windows_.group(cell), at)) return;
  for (const auto& [pane, amounts] : named.delta.panes) {
    const bool in_time = windows_.add_pane(cell, pane, amounts);
    if (!in_time && named.cell.scope == Scope::kAll && named.cell.segment == kAllId) {
      out.counts.late_for_windows += static_cast<std::uint64_t>(amounts.at({MeasureKind::kInteractions, 0}));
    }
  }
  for (const VisitCount& visits : named.delta.visits) windows_.add_visits(cell, visits);
  for (const auto& [pane, items] : named.delta.items) rankings_.add(named.cell, pane, items);
}

void WindowStage::close(const std::optional<EndOfInput>& end, Offset at, Output& out) {
  const auto may_touch = [&](CellIndex cell) { return slices_.applies(windows_.group(cell), at); };
  const auto write = [&](const Row& row) {
    fresh_.emplace(row.window, windows_.index(row.cell));
    if (out.unseen) return;
    const WindowSpec& spec = windows_.specs()[row.window];
    out.records.push_back(
        {options_.topics.windows, std::nullopt, row_key(row, spec), row_json(row, spec, names_.stages), {}});
    ++out.counts.rows;
  };
  std::vector<Alert> alerts;
  const auto alert = [&](const Alert& told) { alerts.push_back(told); };
  windows_.show_panes_to(
      [&](CellIndex cell, EventTime begin, const Cell& amounts) { detectors_.add(cell, begin, amounts, alert); });
  if (const auto watermark = watermark_.value()) windows_.close_until(*watermark, may_touch, write);
  if (end && end->highest && ended(end->session)) windows_.end(*end->highest, may_touch, write);
  windows_.show_panes_to(nullptr);
  if (const auto closed = windows_.closed().front()) detectors_.reach(*closed, may_touch, alert);
  write_alerts(std::move(alerts), out);
  if (const auto closed = windows_.closed().back()) {
    rankings_.close(*closed, [&](const CellKey& ranking) { return may_touch(windows_.index(ranking)); });
  }
}

// In the order of their time, so that it does not matter over how many closings one record of the log goes.
void WindowStage::write_alerts(std::vector<Alert> alerts, Output& out) const {
  if (out.unseen) return;
  std::stable_sort(alerts.begin(), alerts.end(), [](const Alert& a, const Alert& b) {
    return std::tie(a.at, a.cell, a.kind) < std::tie(b.at, b.cell, b.kind);
  });
  const std::string& window = windows_.specs().front().name;
  for (const Alert& told : alerts) {
    out.records.push_back({options_.topics.alerts, std::nullopt, alert_key(told), alert_json(told, window), {}});
  }
}

bool WindowStage::ended(std::uint64_t session) const {
  return std::all_of(ends_.begin(), ends_.end(), [&](std::uint64_t each) { return each == session; });
}

std::string WindowStage::fingerprint() const {
  std::string text = "windows 4, " + std::to_string(options_.partitions) + " partitions, " +
                     std::to_string(options_.sources) + " sources, " + std::to_string(slices_.count()) +
                     " slices, xxh3, windows";
  for (const WindowSpec& window : windows_.specs()) {
    text += ' ' + window.name + '/' + std::to_string(window.step.count()) + "ms";
  }
  return text;
}

std::string WindowStage::position_state() const {
  return encode_state({windows_.closed(), watermark_.value(), watermark_.sources(), ends_});
}

TableChange WindowStage::change_of(const WindowsKey& key) const {
  TableChange change{windows_key(key_kind(key.kind), key.window, windows_.cell(key.cell), key.time), std::nullopt};
  ByteWriter value;
  switch (key.kind) {
    case WindowsKey::Kind::kPane:
      if (const std::optional<Cell> cell = windows_.pane(key)) {
        write_cell(value, *cell, names_);
        change.value = value.take();
      }
      break;
    case WindowsKey::Kind::kEdge:
      if (const auto edge = windows_.edge(key)) {
        value.signed_number(*edge);
        change.value = value.take();
      }
      break;
    case WindowsKey::Kind::kRow:
      if (const Row* row = windows_.last_row(key)) change.value = encode_measures(*row, names_);
      break;
  }
  return change;
}

TableChange WindowStage::change_of(const RankingStep& step) const {
  const auto window = static_cast<std::uint8_t>(windows_.specs().size() - 1);
  TableChange change{windows_key(KeyKind::kRanking, window, step.ranking, step.begin), std::nullopt};
  if (const std::optional<ItemCounts> items = rankings_.items(step)) {
    ByteWriter value;
    write_items(value, *items);
    change.value = value.take();
  }
  return change;
}

TableChange WindowStage::change_of(CellIndex cell, DetectorPart part) const {
  const KeyKind kind = part == DetectorPart::kRecent ? KeyKind::kDetector : KeyKind::kDetectorPast;
  TableChange change{windows_key(kind, 0, windows_.cell(cell), EventTime{}), std::nullopt};
  if (const CellDetectors* held = detectors_.find(cell)) change.value = encode_detectors(*held, part, names_);
  return change;
}

std::vector<TableChange> WindowStage::take_changes(std::uint32_t slice) {
  std::vector<TableChange> changes;
  for (const WindowsKey& key : windows_.take_changed(slice)) {
    changes.push_back(change_of(key));
  }
  const auto of_slice = [&](const CellKey& ranking) { return windows_.group(windows_.index(ranking)) == slice; };
  for (const RankingStep& step : rankings_.take_changed(of_slice)) changes.push_back(change_of(step));
  for (const auto& [cell, part] :
       detectors_.take_changed([&](CellIndex each) { return windows_.group(each) == slice; })) {
    changes.push_back(change_of(cell, part));
  }
  std::sort(changes.begin(), changes.end(), [](const TableChange& a, const TableChange& b) { return a.key < b.key; });
  return changes;
}

void WindowStage::drop_changes() {
  windows_.drop_changed();
  detectors_.drop_changed();
  rankings_.drop_changed();
}

bool WindowStage::restore(std::string_view bytes, std::string_view value) {
  const std::optional<WindowsKeyParts> parts = read_windows_key(bytes);
  if (!parts || parts->window >= windows_.specs().size()) return false;
  const WindowsKey key{WindowsKey::Kind::kPane, parts->window, windows_.index(parts->cell), parts->time};
  ByteReader in(value);
  switch (static_cast<KeyKind>(bytes.front())) {
    case KeyKind::kPane:
      windows_.restore_pane(key, read_cell(in, names_));
      return in.done();
    case KeyKind::kEdge:
      windows_.restore_edge(key, read_visitors(in));
      return in.done();
    case KeyKind::kRow: {
      Row row;
      row.window = parts->window;
      row.cell = parts->cell;
      if (!decode_measures(value, names_, row)) return false;
      windows_.restore_row(key, std::move(row));
      return true;
    }
    case KeyKind::kDetector:
      return decode_detectors(value, DetectorPart::kRecent, parts->cell, names_, detectors_.restore(key.cell));
    case KeyKind::kDetectorPast:
      return decode_detectors(value, DetectorPart::kSlow, parts->cell, names_, detectors_.restore(key.cell));
    case KeyKind::kRanking:
      rankings_.restore({parts->time, parts->cell}, read_items(in));
      return in.done();
    default:
      return false;
  }
}

bool WindowStage::restored(const std::vector<std::string>& slice_states, const std::string& from) {
  std::optional<WindowState> state = decode_state(from);
  if (!state || state->closed.size() != windows_.specs().size() || state->sources.size() != ends_.size()) {
    return false;
  }
  std::vector<Windows::Closings> closed_by_slice;
  for (const std::string& bytes : slice_states) {
    const std::optional<WindowState> slice = decode_state(bytes);
    if (!slice || slice->closed.size() != windows_.specs().size()) return false;
    closed_by_slice.push_back(slice->closed);
  }
  windows_.restored(state->closed,
                    [&](CellIndex cell) -> const Windows::Closings& { return closed_by_slice[windows_.group(cell)]; });
  rankings_.restored(state->closed.back(), [&](const CellKey& ranking) {
    return closed_by_slice[windows_.group(windows_.index(ranking))].back();
  });
  detectors_.restored();
  watermark_ = JoinedWatermark(std::move(state->sources), state->watermark);
  ends_ = std::move(state->ends);
  return true;
}

// State and deltas may speak of stages and touchpoints that the map no longer has; readers know only those of the map.
Row WindowStage::shown(Row row) const {
  std::erase_if(row.measures.stages,
                [&](const StageCount& each) { return each.stage.value() >= options_.rules.rules->stages().size(); });
  return row;
}

Cell WindowStage::shown(const Cell& cell) const {
  Cell result;
  for (const Cell::Amount& each : cell.amounts()) {
    const auto known = [&](const auto& dictionary) { return each.key.sub < dictionary.size(); };
    const Rules& rules = *options_.rules.rules;
    const bool ends = each.key.sub == kToConversion || each.key.sub == kToLapse;
    if (each.key.kind == MeasureKind::kMove && !ends && !known(rules.touchpoints())) continue;
    if (each.key.kind == MeasureKind::kStage && !known(rules.stages())) continue;
    result.add(each.key, each.amount);
  }
  return result;
}

void WindowStage::publish(Board& board, const TaskId& task, bool everything) {
  std::vector<Row> rows;
  if (everything) {
    windows_.visit_last_rows([&](const Row& row) { rows.push_back(shown(row)); });
  } else {
    for (const auto& [window, cell] : fresh_) {
      rows.push_back(shown(*windows_.last_row({WindowsKey::Kind::kRow, static_cast<std::uint8_t>(window), cell})));
    }
  }
  fresh_.clear();
  WindowsStatus status{options_.rules.rules, windows_.closed(), std::nullopt, {}, std::nullopt};
  if (detectors_.take_news() || everything) status.alerts = detectors_.firing();
  if (everything || status.closed.back() != told_) {
    told_ = status.closed.back();
    auto& moves = status.moves.emplace();
    windows_.visit_moves([&](const CellKey& key, const Cell& sums) { moves.emplace(key, shown(sums)); });
    status.rankings = rankings_.sums();
  }
  board.publish(task, std::move(status), std::move(rows));
}

}  // namespace touchstone
