#include "exporters/events_stream.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "engine/wire/json.h"

namespace touchstone {
namespace {

using Steady = std::chrono::steady_clock;
constexpr std::chrono::seconds kBetweenProgress{2};

/// What a subscriber wants to hear.
struct StreamAsked {
  FeedFilter filter;
  bool engine = true;
};

/// Calls `each` for the parts between commas.
template <typename Each>
void split(std::string_view text, const Each& each) {
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    if (!part.empty()) each(part);
  }
}

Error refused_question(std::string_view why) { return {ErrorKind::kReject, std::string(why)}; }

Result<void> read_events(std::string_view value, StreamAsked& asked) {
  bool known = true;
  asked.filter.rows = asked.filter.alerts = asked.engine = false;
  split(value, [&](std::string_view event) {
    if (event == "row")
      asked.filter.rows = true;
    else if (event == "alert")
      asked.filter.alerts = true;
    else if (event == "engine")
      asked.engine = true;
    else
      known = false;
  });
  if (!known) return refused_question("unknown event; there are row, alert, engine");
  return {};
}

Result<void> read_windows(std::string_view value, const Rules& rules, StreamAsked& asked) {
  bool known = true;
  split(value, [&](std::string_view name) {
    const auto& windows = rules.settings().windows;
    known =
        known && std::any_of(windows.begin(), windows.end(), [&](const WindowSpec& each) { return each.name == name; });
    asked.filter.windows.emplace_back(name);
  });
  if (!known) return refused_question("unknown window");
  return {};
}

Result<StreamAsked> read_stream_question(const HttpRequest& request, const Rules& rules) {
  StreamAsked asked;
  for (const auto& [name, value] : request.parameters) {
    if (value.empty()) continue;
    if (name == "events") {
      TOUCHSTONE_TRY(read_events(value, asked));
    } else if (name == "window") {
      TOUCHSTONE_TRY(read_windows(value, rules, asked));
    } else if (name == "scope") {
      const auto* const found = std::find(kScopeNames.begin(), kScopeNames.end(), value);
      if (found == kScopeNames.end() || !has_rows(static_cast<Scope>(found - kScopeNames.begin()))) {
        return refused_question("unknown scope");
      }
      asked.filter.scope = value;
    } else if (name == "id") {
      asked.filter.id = value;
    } else if (name == "segment") {
      if (value != kAllId && !rules.segments().find(value)) return refused_question("unknown segment");
      asked.filter.segment = value;
    } else {
      return refused_question("unknown parameter; there are events, window, scope, id, segment");
    }
  }
  return asked;
}

void append_event(std::string_view name, std::string_view data, std::string& out) {
  out.append("event: ").append(name).append("\ndata: ").append(data).append("\n\n");
}

/// What one subscriber is told.
class EventsStream final : public HttpStream {
 public:
  EventsStream(std::shared_ptr<Subscription> subscription, std::shared_ptr<const Rules> rules, const Board& board,
               bool engine)
      : subscription_(std::move(subscription)), rules_(std::move(rules)), board_(board), engine_(engine) {}

  std::string next(std::size_t max_bytes) override {
    std::string out;
    // At once, so that who subscribes knows that it is heard.
    if (!begun_) out = "retry: 2000\n\n";
    begun_ = true;
    if (engine_ && Steady::now() >= next_progress_) {
      next_progress_ = Steady::now() + kBetweenProgress;
      append_event("engine", progress_json(board_.progress_snapshot(), *rules_), out);
    }
    for (const FeedItem& item : subscription_->take(max_bytes)) {
      append_event(item.kind == ChronicleKind::kRow ? "row" : "alert", *item.value, out);
    }
    if (!ended_ && subscription_->overrun()) {
      append_event("overrun", R"({"error":"too much was waiting; subscribe again, and ask for what holds now"})", out);
      ended_ = true;
    }
    return out;
  }
  [[nodiscard]] bool ended() const override { return ended_; }

 private:
  const std::shared_ptr<Subscription> subscription_;
  const std::shared_ptr<const Rules> rules_;
  const Board& board_;
  const bool engine_;
  bool begun_ = false;
  bool ended_ = false;
  Steady::time_point next_progress_{};
};

/// The lowest watermark of the journey's partitions, which is how far the results are.
std::optional<EventTime> lowest_watermark(const BoardSnapshot& board) {
  std::optional<EventTime> lowest;
  for (const auto& [task, status] : board.journeys) {
    if (status.watermark) lowest = lowest ? std::min(*lowest, *status.watermark) : *status.watermark;
  }
  return lowest;
}

}  // namespace

std::string progress_json(const BoardSnapshot& board, const Rules& rules) {
  std::string out;
  {
    JsonObject object(out);
    object.flag("ready", board.ready);
    std::map<std::string, std::int64_t> lag;
    for (const auto& [partition, records] : board.lag) lag[partition.topic] += records;
    {
      JsonObject each(object.member("lag"));
      for (const auto& [topic, records] : lag) each.integer(topic, records);
    }
    if (const auto watermark = lowest_watermark(board)) object.time("watermark", *watermark);
    JsonObject closed(object.member("closed"));
    const auto& windows = rules.settings().windows;
    for (std::size_t window = 0; window < windows.size(); ++window) {
      std::optional<EventTime> earliest;
      bool by_all = !board.windows.empty();
      for (const auto& [task, status] : board.windows) {
        const auto at = window < status.closed.size() ? status.closed[window] : std::nullopt;
        by_all = by_all && at.has_value();
        if (at) earliest = earliest ? std::min(*earliest, *at) : *at;
      }
      if (by_all && earliest) closed.time(windows[window].name, *earliest);
    }
  }
  return out;
}

HttpRoute progress_route(const RulesNow& rules, const Board& board) {
  return {.method = "GET",
          .path = "/api/v1/engine",
          .handler =
              [rules, &board](const HttpRequest& request) {
                if (!request.parameters.empty()) return json_error(400, "unknown parameter; there are none");
                return HttpResponse{.body = progress_json(board.progress_snapshot(), *rules()) + "\n"};
              },
          .runs_on = RunsOn::kLoop};
}

HttpRoute stream_route(const RulesNow& rules, ChronicleFeed& feed, const Board& board) {
  using Begun = std::variant<std::unique_ptr<HttpStream>, HttpResponse>;
  return {.method = "GET",
          .path = "/api/v1/stream",
          .handler = {},
          .begin_stream = [rules, &feed, &board](const HttpRequest& request) -> Begun {
            Result<StreamAsked> asked = read_stream_question(request, *rules());
            if (!asked) return json_error(400, asked.error().message());
            auto subscription = feed.subscribe(std::move(asked->filter));
            if (!subscription) {
              HttpResponse full = json_error(503, "as many streams as may be are open");
              full.headers.emplace_back("Retry-After", "5");
              return full;
            }
            return std::make_unique<EventsStream>(std::move(subscription), rules(), board, asked->engine);
          }};
}

}  // namespace touchstone
