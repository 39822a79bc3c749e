// The process's HTTP listener with what it serves: metrics, health, the API and the page.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "app/chronicler.h"
#include "app/configuration.h"
#include "app/reload.h"
#include "engine/flow/board.h"
#include "engine/flow/query.h"
#include "engine/model/rules.h"
#include "exporters/http_server.h"

namespace touchstone {

/// What is asked beyond the board.
struct Served {
  Chronicler* chronicler = nullptr;                     ///< null: only the rows on the board
  std::vector<std::shared_ptr<Questions>> questions{};  ///< of the journey's workers
  std::size_t partitions = 0;                           ///< of the topic that the journey stage reads
  std::size_t window_partitions = 0;                    ///< of the windows stage
  Reload* reload = nullptr;                             ///< null, or not allowed by the configuration: there is none
  std::uint64_t memory_limit = 0;                       ///< of the process; 0: it has none
  std::size_t max_unread_bytes = HttpLimits{}.max_unread_bytes;
};

/// Borrows all that is pointed to, and the board, which knows the rules in force; they must outlive the server.
[[nodiscard]] Result<std::unique_ptr<HttpServer>> serve_metrics(const Configuration& configuration, const Board& board,
                                                                Served served);

}  // namespace touchstone
