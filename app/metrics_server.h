// The process's HTTP listener with what it serves: metrics and health.
#pragma once

#include <memory>

#include "app/configuration.h"
#include "app/reload.h"
#include "engine/flow/board.h"
#include "engine/model/rules.h"
#include "exporters/http_server.h"

namespace touchstone {

/// Borrows the board and `reload`, which must outlive the server. With `reload`, and where the configuration allows it,
/// POST /-/reload reads the map anew.
[[nodiscard]] Result<std::unique_ptr<HttpServer>> serve_metrics(const Configuration& configuration,
                                                                const std::shared_ptr<const Rules>& rules,
                                                                const Board& board, Reload* reload = nullptr);

}  // namespace touchstone
