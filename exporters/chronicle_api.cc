#include "exporters/chronicle_api.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "engine/wire/json.h"

namespace touchstone {
namespace {

constexpr std::size_t kUsualPage = 1'000;
constexpr std::size_t kLargestPage = 10'000;

/// What a request asks for.
struct Asked {
  ChronicleQuery query;
  bool in_time = false;  ///< from or to is given: the past, else what holds now
};

Error rejected(std::string_view why) { return {ErrorKind::kReject, std::string(why)}; }

/// A cursor is bytes of a key as hexadecimal digits: to be handed back, not to be read.
std::string cursor_text(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text.push_back(kDigits[static_cast<unsigned char>(byte) >> 4]);
    text.push_back(kDigits[static_cast<unsigned char>(byte) & 0xF]);
  }
  return text;
}

std::optional<std::string> cursor_bytes(std::string_view text) {
  constexpr std::size_t kLongest = 2'048;
  if (text.size() % 2 != 0 || text.size() > kLongest) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    unsigned byte = 0;
    const auto [end, error] = std::from_chars(text.data() + i, text.data() + i + 2, byte, 16);
    if (error != std::errc{} || end != text.data() + i + 2) return std::nullopt;
    bytes.push_back(static_cast<char>(byte));
  }
  return bytes;
}

Result<void> read_time(std::string_view text, EventTime& time, Asked& asked) {
  const auto read = parse_rfc3339(text);
  if (!read || *read < kEarliestEventTime) return rejected("a time is RFC 3339, such as 2026-11-21T17:00:00Z");
  time = *read;
  asked.in_time = true;
  return {};
}

/// Parameters that both questions take. False: another one.
Result<bool> read_common(std::string_view name, std::string_view value, const Rules& rules, Asked& asked) {
  ChronicleQuery& query = asked.query;
  if (name == "scope") {
    const auto* const found = std::find(kScopeNames.begin(), kScopeNames.end(), value);
    if (found == kScopeNames.end() || !has_rows(static_cast<Scope>(found - kScopeNames.begin()))) {
      return rejected("unknown scope");
    }
    query.parts[1] = value;
  } else if (name == "id") {
    query.parts[2] = value;
  } else if (name == "segment") {
    if (value != kAllId && !rules.segments().find(value)) return rejected("unknown segment");
    query.parts[3] = value;
  } else if (name == "from") {
    TOUCHSTONE_TRY(read_time(value, query.from, asked));
  } else if (name == "to") {
    TOUCHSTONE_TRY(read_time(value, query.to, asked));
  } else if (name == "limit") {
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), query.limit);
    if (error != std::errc{} || end != value.data() + value.size() || query.limit < 1 || query.limit > kLargestPage) {
      return rejected("limit is a whole number from 1 to 10000");
    }
  } else if (name == "cursor") {
    auto bytes = cursor_bytes(value);
    if (!bytes) return rejected("this is no cursor of a page before");
    query.after = std::move(*bytes);
  } else {
    return false;
  }
  return true;
}

Asked asked_of(ChronicleKind kind) {
  Asked asked;
  asked.query.kind = kind;
  asked.query.limit = kUsualPage;
  asked.query.from = kEarliestEventTime;
  asked.query.to = kLatestEventTime;
  return asked;
}

Result<Asked> read_rows_question(const HttpRequest& request, const Rules& rules) {
  Asked asked = asked_of(ChronicleKind::kRow);
  const auto& windows = rules.settings().windows;
  asked.query.parts[0] = windows.back().name;
  for (const auto& [name, value] : request.parameters) {
    if (value.empty()) continue;
    if (name == "window") {
      const bool known = std::any_of(windows.begin(), windows.end(),
                                     [&, &text = value](const WindowSpec& each) { return each.name == text; });
      if (!known) return rejected("unknown window");
      asked.query.parts[0] = value;
      continue;
    }
    const Result<bool> read = read_common(name, value, rules, asked);
    if (!read) return read.error();
    if (!*read) {
      return rejected("unknown parameter; there are window, scope, id, segment, from, to, limit, cursor");
    }
  }
  return asked;
}

/// An alert's kind is not checked against a list: it has the form of an id, and others get nothing.
Result<Asked> read_alerts_question(const HttpRequest& request, const Rules& rules) {
  Asked asked = asked_of(ChronicleKind::kAlert);
  for (const auto& [name, value] : request.parameters) {
    if (value.empty()) continue;
    if (name == "kind") {
      asked.query.parts[0] = value;
      continue;
    }
    const Result<bool> read = read_common(name, value, rules, asked);
    if (!read) return read.error();
    if (!*read) return rejected("unknown parameter; there are kind, scope, id, segment, from, to, limit, cursor");
  }
  return asked;
}

/// `{"rows":[...],"cursor":"..."}`; the values as they came.
std::string page_json(std::string_view name, const ChroniclePage& page) {
  std::string out;
  {
    JsonObject object(out);
    std::string& values = object.member(name);
    values.push_back('[');
    for (std::size_t i = 0; i < page.values.size(); ++i) {
      if (i > 0) values.push_back(',');
      values += page.values[i];
    }
    values.push_back(']');
    if (!page.cursor.empty()) object.text("cursor", cursor_text(page.cursor));
  }
  out.push_back('\n');
  return out;
}

HttpResponse answer(std::string_view name, const Result<Asked>& asked, const ChronicleNow& chronicle_now) {
  if (!asked) return json_error(400, asked.error().message());
  const std::shared_ptr<const Chronicle> chronicle = chronicle_now();
  if (!chronicle) return json_error(503, "what was told is being read anew; try again");
  Result<ChroniclePage> page = asked->in_time ? chronicle->past(asked->query) : chronicle->current(asked->query);
  if (!page) return json_error(503, "what was told cannot be read just now; try again");
  // Who asks for the alerts of now means those that fire; the last word about another is that it is over.
  if (!asked->in_time && asked->query.kind == ChronicleKind::kAlert) {
    std::erase_if(page->values, [](const std::string& alert) { return !is_firing(alert); });
  }
  return {.body = page_json(name, *page)};
}

}  // namespace

std::vector<HttpRoute> chronicle_routes(const RulesNow& rules, const ChronicleNow& chronicle) {
  return {{.method = "GET",
           .path = "/api/v1/windows",
           .handler =
               [rules, chronicle](const HttpRequest& request) {
                 return answer("rows", read_rows_question(request, *rules()), chronicle);
               }},
          {.method = "GET", .path = "/api/v1/alerts", .handler = [rules, chronicle](const HttpRequest& request) {
             return answer("alerts", read_alerts_question(request, *rules()), chronicle);
           }}};
}

}  // namespace touchstone
