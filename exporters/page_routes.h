// GET /: the live touchpoint map, and what it is made of. It holds no data; what it shows it asks the API for. And GET
// /api/v1/openapi.json: what the API answers.
#pragma once

#include <vector>

#include "exporters/http_routes.h"

namespace touchstone {

[[nodiscard]] std::vector<HttpRoute> page_routes();

}  // namespace touchstone
