// The process's HTTP listener with what it serves: metrics, health, the API and the page.
#pragma once

#include <memory>

#include "app/chronicler.h"
#include "app/configuration.h"
#include "app/reload.h"
#include "engine/flow/board.h"
#include "engine/model/rules.h"
#include "exporters/http_server.h"

namespace touchstone {

/// Borrows all but the configuration; they must outlive the server. Without a chronicler there are only the rows on the
/// board. With `reload`, and where the configuration allows it, POST /-/reload reads the map anew.
[[nodiscard]] Result<std::unique_ptr<HttpServer>> serve_metrics(const Configuration& configuration,
                                                                const std::shared_ptr<const Rules>& rules,
                                                                const Board& board, Chronicler* chronicler,
                                                                Reload* reload = nullptr);

}  // namespace touchstone
