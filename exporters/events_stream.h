// GET /api/v1/stream: rows, alerts and how far the engine is, as server-sent events, from now on.
#pragma once

#include <memory>

#include "engine/flow/board.h"
#include "engine/model/rules.h"
#include "exporters/feed.h"
#include "exporters/http_routes.h"
#include "exporters/rules_now.h"

namespace touchstone {

/// Borrows feed and board, which must outlive the server. docs/http.md says what is sent.
[[nodiscard]] HttpRoute stream_route(const RulesNow& rules, ChronicleFeed& feed, const Board& board);

/// `{"ready":true,"lag":{...},"watermark":"...","closed":{"5m":"..."}}` of the engine in this process.
[[nodiscard]] std::string progress_json(const BoardSnapshot& board, const Rules& rules);

/// GET /api/v1/engine answers the same once.
[[nodiscard]] HttpRoute progress_route(const RulesNow& rules, const Board& board);

}  // namespace touchstone
