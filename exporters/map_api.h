// The questions about the map that are answered over HTTP: how the touchpoint map reads now, how customers move through
// it, and the current rows of a window. From the board; the map's rows from the chronicle, where other processes count
// some of them.
#pragma once

#include <memory>
#include <vector>

#include "engine/flow/board.h"
#include "engine/model/rules.h"
#include "exporters/chronicle_api.h"
#include "exporters/http_routes.h"
#include "exporters/rules_now.h"

namespace touchstone {

/// Where the rows of cells that other processes count are asked for.
struct RowsElsewhere {
  ChronicleNow chronicle{};    ///< empty: nowhere, and then only what is counted here is told
  std::size_t partitions = 0;  ///< of the windows stage: who runs them all needs to ask nobody
};

/// GET /api/v1/map?window=&model=&segment= and /api/v1/journeys?segment=&from=. docs/http.md says what they answer.
/// Unknown names and parameters get 400; 503 while the chronicle is being made. Borrows the board.
[[nodiscard]] std::vector<HttpRoute> map_routes(const RulesNow& rules, const Board& board,
                                                RowsElsewhere elsewhere = {});

/// GET /api/v1/windows?window=&scope=&id=&segment= where there is no chronicle: the current rows of this process' own
/// cells.
[[nodiscard]] HttpRoute board_rows_route(const RulesNow& rules, const Board& board);

}  // namespace touchstone
