// Any request at all gets an answer of a known status whose body is JSON, and without the token nothing but that it is
// wanted; a target that was understood reads the same when it is written again.
//
// The first line of the input is the method, the second the target, the third the header Authorization, the rest the
// body.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <boost/json.hpp>

#include "engine/flow/board.h"
#include "exporters/map_api.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/maps.h"

namespace touchstone {
namespace {

using fuzz::require;

constexpr std::string_view kScheme = "Bearer ";
constexpr std::string_view kToken = "secret";

Row row(std::size_t window, Scope scope, std::string id, std::string segment) {
  Row made{window, testing::at(3'600), {scope, std::move(id), std::move(segment)}, {}};
  made.measures.interactions = 12;
  made.measures.customers = 9;
  made.measures.satisfaction = Mean{3, 750'000};
  made.measures.wait = Lengths{4, 12'000, 40'000, 40'000};
  made.measures.credit = {{CreditModel::kLinear, 1'500'000, 200'000}};
  return made;
}

/// Everything that answers, over a board with something on it.
class Service {
 public:
  Service() : routes_(routes(), std::nullopt), guarded_(routes(), std::string(kToken)) {
    WindowsStatus status;
    status.closed.assign(rules_->settings().windows.size(), testing::at(3'600));
    status.moves.emplace();
    (*status.moves)[{Scope::kMoves, "page", "all"}].add({MeasureKind::kMove, kToLapse}, 2);
    (*status.moves)[{Scope::kStay, "a", "all"}].add({MeasureKind::kDuration, 500}, 2);
    status.rankings[{Scope::kUnmapped, "all", "all"}] = {{"web odd\"kind", 3}};
    status.rankings[{Scope::kPaths, "all", "gold"}] = {{"ad>page>(conversion)", 3}};
    std::vector<Row> rows;
    for (std::size_t window = 0; window < rules_->settings().windows.size(); ++window) {
      for (const char* segment : {"gold", "all"}) {
        rows.push_back(row(window, Scope::kTouchpoint, "page", segment));
        rows.push_back(row(window, Scope::kAll, "all", segment));
      }
    }
    board_.publish({StageKind::kWindows, "deltas", Partition(0)}, std::move(status), std::move(rows));
  }

  void answer(const HttpRequest& request) const {
    require(status_of(routes_, request) != 401);
    // Who got behind the guard has said the token, or asked for nothing that is guarded.
    const bool is_let_in = status_of(guarded_, request) != 401;
    const bool said_token = request.authorization.size() == kScheme.size() + kToken.size() &&
                            std::string_view(request.authorization).ends_with(kToken);
    const bool is_guarded = request.path == "/api" || request.path.starts_with("/api/");
    if (is_guarded) require(!is_let_in || said_token);
  }

 private:
  [[nodiscard]] std::vector<HttpRoute> routes() const {
    std::vector<HttpRoute> all = map_routes(RulesNow(rules_), board_);
    all.push_back(board_rows_route(RulesNow(rules_), board_));
    return all;
  }

  static unsigned status_of(const HttpRoutes& routes, const HttpRequest& request) {
    static const std::set<unsigned> kStatuses = {200, 400, 401, 404, 405};
    const auto found = routes.find(request);
    const auto* const* route = std::get_if<const HttpRoute*>(&found);
    const HttpResponse response = route != nullptr ? (*route)->handler(request) : std::get<HttpResponse>(found);
    require(kStatuses.contains(response.status));
    require(route != nullptr || response.status >= 401);
    require(response.content_type == "application/json" && response.body.ends_with('\n'));
    boost::json::error_code failure;
    const boost::json::value body = boost::json::parse(response.body, failure);
    require(!failure && body.is_object());
    require(body.as_object().contains("error") == (response.status != 200));
    return response.status;
  }

  std::shared_ptr<const Rules> rules_ = testing::small_rules();
  Board board_;
  HttpRoutes routes_;
  HttpRoutes guarded_;
};

void append_encoded(std::string_view text, std::string& out) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 0x0F];
  }
}

/// Every byte in digits; the path's slash stands for itself.
std::string target_of(const HttpRequest& request) {
  std::string target = "/";
  append_encoded(std::string_view(request.path).substr(1), target);
  char separator = '?';
  for (const auto& [name, value] : request.parameters) {
    target += std::exchange(separator, '&');
    append_encoded(name, target);
    target += '=';
    append_encoded(value, target);
  }
  return target;
}

}  // namespace
}  // namespace touchstone

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace touchstone;
  static const Service kService;
  fuzz::Input input(data, size);
  HttpRequest request;
  request.method = input.line();
  const std::string_view target = input.line();
  request.authorization = input.line();
  request.body = input.rest();
  if (!read_target(target, request)) {
    require(!target.starts_with('/') || target.find('%') != std::string_view::npos);
    return 0;
  }
  require(request.path.starts_with('/'));
  HttpRequest again;
  require(static_cast<bool>(read_target(target_of(request), again)));
  require(again.path == request.path && again.parameters == request.parameters);
  kService.answer(request);
  return 0;
}
