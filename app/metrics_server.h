// The process's HTTP listener with what it serves: metrics, health, the API and the page.
#pragma once

#include <memory>

#include "app/chronicler.h"
#include "app/configuration.h"
#include "engine/flow/board.h"
#include "engine/model/rules.h"
#include "exporters/http_server.h"

namespace touchstone {

/// Borrows board and chronicler, which must outlive the server. Without a chronicler there are only the rows on the
/// board.
[[nodiscard]] Result<std::unique_ptr<HttpServer>> serve_metrics(const Configuration& configuration,
                                                                const std::shared_ptr<const Rules>& rules,
                                                                const Board& board, Chronicler* chronicler);

}  // namespace touchstone
