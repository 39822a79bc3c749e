// The questions about the map that are answered over HTTP, from the board: how the touchpoint map reads now, how
// customers move through it, and the current rows of a window.
#pragma once

#include <memory>
#include <vector>

#include "engine/flow/board.h"
#include "engine/model/rules.h"
#include "exporters/http_routes.h"
#include "exporters/rules_now.h"

namespace touchstone {

/// GET /api/v1/map?window=&model=&segment= and /api/v1/journeys?segment=&from=. docs/http.md says what they answer.
/// Unknown names and parameters get 400. Borrows the board.
[[nodiscard]] std::vector<HttpRoute> map_routes(const RulesNow& rules, const Board& board);

/// GET /api/v1/windows?window=&scope=&id=&segment= where there is no chronicle: the current rows of this process' own
/// cells.
[[nodiscard]] HttpRoute board_rows_route(const RulesNow& rules, const Board& board);

}  // namespace touchstone
