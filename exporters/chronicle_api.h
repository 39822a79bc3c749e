// The questions about what was told, answered over HTTP from the chronicle: rows of windows and alerts, those of now
// and those of a time, whichever instance wrote them.
#pragma once

#include <memory>
#include <vector>

#include "engine/flow/chronicle.h"
#include "engine/model/rules.h"
#include "exporters/http_routes.h"
#include "exporters/rules_now.h"

namespace touchstone {

/// Whose chronicle is asked; null while it is being made, which gets 503.
using ChronicleNow = std::function<std::shared_ptr<const Chronicle>()>;

/// GET /api/v1/windows and GET /api/v1/alerts; docs/http.md says what they take and answer.
[[nodiscard]] std::vector<HttpRoute> chronicle_routes(const RulesNow& rules, const ChronicleNow& chronicle);

}  // namespace touchstone
