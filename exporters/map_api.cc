#include "exporters/map_api.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "engine/wire/json.h"
#include "exporters/map_json.h"
#include "exporters/window_rows.h"

namespace touchstone {
namespace {

constexpr std::size_t kRowsAtOnce = 10'000;

/// What a request asks for, checked against the map.
struct Query {
  std::size_t window = 0;  ///< number in Settings::windows; the longest unless said otherwise
  bool longest = true;
  std::optional<std::string> segment;  ///< of the map, `other` or `all`
  std::optional<CreditModel> model;
  std::string scope;  ///< these three empty: any
  std::string id;
  std::string from;
};

Result<void> read_window(std::string_view value, const Rules& rules, Query& query) {
  const auto& windows = rules.settings().windows;
  const auto found =
      std::find_if(windows.begin(), windows.end(), [&](const WindowSpec& each) { return each.name == value; });
  if (found == windows.end()) return Error(ErrorKind::kReject, "unknown window");
  query.window = static_cast<std::size_t>(found - windows.begin());
  query.longest = query.window + 1 == windows.size();
  return {};
}

Result<void> read_model(std::string_view value, Query& query) {
  const auto found = std::find(kCreditModelNames.begin(), kCreditModelNames.end(), value);
  if (found == kCreditModelNames.end()) return Error(ErrorKind::kReject, "unknown model");
  query.model = static_cast<CreditModel>(found - kCreditModelNames.begin());
  return {};
}

Result<void> read_parameter(std::string_view name, std::string_view value, const Rules& rules, Query& query) {
  if (name == "window") return read_window(value, rules, query);
  if (name == "model") return read_model(value, query);
  if (name == "segment") {
    if (value != kAllId && !rules.segments().find(value)) return Error(ErrorKind::kReject, "unknown segment");
    query.segment = value;
  } else if (name == "scope") {
    const auto* const found = std::find(kScopeNames.begin(), kScopeNames.end(), value);
    if (found == kScopeNames.end() || !has_rows(static_cast<Scope>(found - kScopeNames.begin()))) {
      return Error(ErrorKind::kReject, "unknown scope");
    }
    query.scope = value;
  } else if (name == "from") {
    if (!rules.touchpoints().find(value)) return Error(ErrorKind::kReject, "unknown touchpoint");
    query.from = value;
  } else {
    query.id = value;
  }
  return {};
}

using ParameterNames = std::vector<std::string_view>;

/// Names what there is, not what was asked: that may be any bytes.
Error unknown_parameter(const ParameterNames& names) {
  std::string known;
  for (const std::string_view name : names) known += (known.empty() ? "" : ", ") + std::string(name);
  return {ErrorKind::kReject, "unknown parameter; there are " + known};
}

Result<Query> read_query(const HttpRequest& request, const ParameterNames& names, const Rules& rules) {
  Query query;
  query.window = rules.settings().windows.size() - 1;
  for (const auto& [name, value] : request.parameters) {
    if (std::find(names.begin(), names.end(), name) == names.end()) return unknown_parameter(names);
    if (value.empty()) continue;
    TOUCHSTONE_TRY(read_parameter(name, value, rules, query));
  }
  // Only the longest window has the chain's credit.
  if (!query.model) query.model = query.longest ? CreditModel::kMarkov : CreditModel::kLinear;
  return query;
}

/// Up to where every task has closed the window.
std::optional<EventTime> closed_by_all(const BoardSnapshot& board, std::size_t window) {
  std::optional<EventTime> earliest;
  for (const auto& [task, status] : board.windows) {
    if (window >= status.closed.size() || !status.closed[window]) return std::nullopt;
    earliest = earliest ? std::min(*earliest, *status.closed[window]) : status.closed[window];
  }
  return earliest;
}

/// The most frequent items of a ranking over the longest window.
RankedItems ranked(const BoardSnapshot& board, Scope scope, const std::string& segment) {
  const auto found = board.rankings.find({scope, std::string(kAllId), segment});
  if (found == board.rankings.end()) return {};
  return most_frequent(found->second, kRankedItems);
}

/// The current rows of the window as the chronicle has them, whoever wrote them.
Result<WindowRows> rows_told(const Chronicle& chronicle, const Rules& rules, std::size_t window) {
  WindowRows rows(rules, rules.settings().windows[window].name);
  ChronicleQuery query{.kind = ChronicleKind::kRow, .limit = kRowsAtOnce};
  query.parts[0] = rows.window();
  do {
    Result<ChroniclePage> page = chronicle.current(query);
    if (!page) return page.error();
    for (const std::string& value : page->values) rows.take(value);
    query.after = std::move(page->cursor);
  } while (!query.after.empty());
  return rows;
}

HttpResponse answer_map(const Query& query, const Rules& rules, const Board& board, const RowsElsewhere& elsewhere) {
  const BoardSnapshot snapshot = board.window_snapshot(query.window);
  MapFigures figures;
  ReadingSubject subject{rules, rules.settings().windows[query.window], closed_by_all(snapshot, query.window)};
  if (elsewhere.chronicle && snapshot.windows.size() < elsewhere.partitions) {
    const std::shared_ptr<const Chronicle> chronicle = elsewhere.chronicle();
    if (!chronicle) return json_error(503, "what was told is being read anew; try again");
    const Result<WindowRows> told = rows_told(*chronicle, rules, query.window);
    if (!told) return json_error(503, "what was told cannot be read just now; try again");
    figures.rows = told->rows();
    if (!subject.end) subject.end = parse_rfc3339(told->end());
  } else {
    for (const auto& [key, row] : snapshot.rows) figures.rows.emplace(row.cell, row.measures);
  }
  if (query.longest) figures.lapses = lapses_by_touchpoint(snapshot.moves);
  std::vector<SegmentReading> readings = read_map(rules, figures, *query.model);
  if (query.segment) {
    std::erase_if(readings, [&](const SegmentReading& each) { return each.segment != *query.segment; });
  }
  const RankedItems unmapped = query.longest ? ranked(snapshot, Scope::kUnmapped, std::string(kAllId)) : RankedItems{};
  return {.body = map_json(subject, readings, *query.model, unmapped) + "\n"};
}

std::string answer_journeys(const Query& query, const Rules& rules, const Board& board) {
  const std::string segment = query.segment.value_or(std::string(kAllId));
  const BoardSnapshot snapshot = board.window_snapshot(query.window);
  JourneyReading reading = read_journeys(rules, snapshot.moves, segment);
  if (!query.from.empty()) {
    std::erase_if(reading.steps,
                  [&](const StepsFrom& steps) { return rules.touchpoints().id(steps.from) != query.from; });
  }
  const ReadingSubject subject{rules, rules.settings().windows[query.window], closed_by_all(snapshot, query.window)};
  return journeys_json(subject, reading, ranked(snapshot, Scope::kPaths, segment), segment);
}

std::string answer_windows(const Query& query, const Rules& rules, const Board& board) {
  const auto is_wanted = [&](const CellKey& cell) {
    return (query.scope.empty() || query.scope == kScopeNames[static_cast<std::size_t>(cell.scope)]) &&
           (query.id.empty() || query.id == cell.id) && (!query.segment || *query.segment == cell.segment);
  };
  const BoardSnapshot snapshot = board.window_snapshot(query.window);
  std::string rows;
  for (const auto& [key, row] : snapshot.rows) {
    if (!is_wanted(row.cell)) continue;
    if (!rows.empty()) rows.push_back(',');
    rows += row_json(row, rules.settings().windows[query.window], rules.stages());
  }
  return R"({"rows":[)" + rows + "]}";
}

using Answer = std::function<HttpResponse(const Query&, const Rules&)>;

HttpRoute route(std::string path, ParameterNames names, const RulesNow& rules, Answer answer) {
  return {.method = "GET",
          .path = std::move(path),
          .handler = [names = std::move(names), rules, answer = std::move(answer)](const HttpRequest& request) {
            const std::shared_ptr<const Rules> in_force = rules();
            const Result<Query> query = read_query(request, names, *in_force);
            if (!query) return json_error(400, query.error().message());
            return answer(*query, *in_force);
          }};
}

}  // namespace

std::vector<HttpRoute> map_routes(const RulesNow& rules, const Board& board, RowsElsewhere elsewhere) {
  return {route("/api/v1/map", {"window", "model", "segment"}, rules,
                [&board, elsewhere = std::move(elsewhere)](const Query& query, const Rules& now) {
                  return answer_map(query, now, board, elsewhere);
                }),
          route("/api/v1/journeys", {"segment", "from"}, rules, [&board](const Query& query, const Rules& now) {
            return HttpResponse{.body = answer_journeys(query, now, board) + "\n"};
          })};
}

HttpRoute board_rows_route(const RulesNow& rules, const Board& board) {
  return route("/api/v1/windows", {"window", "scope", "id", "segment"}, rules,
               [&board](const Query& query, const Rules& now) {
                 return HttpResponse{.body = answer_windows(query, now, board) + "\n"};
               });
}

}  // namespace touchstone
