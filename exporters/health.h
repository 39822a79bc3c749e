// Whether the process lives, and whether it does its work: for orchestrators and for people with curl.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "exporters/http_routes.h"

namespace touchstone {

/// Nothing: ready. A text: why not, e.g. "restoring touchstone.deltas 3". Called by the server's loop: it
/// must be thread-safe and take no longer than reading a few values.
using NotReadyReason = std::function<std::optional<std::string>()>;

/// `/-/healthy`: 200 as long as the process answers at all. `/-/ready`: 200, or 503 with the reason.
[[nodiscard]] std::vector<HttpRoute> health_routes(NotReadyReason not_ready_reason);

}  // namespace touchstone
