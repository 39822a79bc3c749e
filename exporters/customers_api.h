// GET /api/v1/customers/{id}: what is remembered of one customer. The only question that names a customer.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "engine/flow/query.h"
#include "engine/model/rules.h"
#include "exporters/http_routes.h"

namespace touchstone {

struct CustomersAsked {
  /// Asks the workers of this process; their partitions together.
  std::function<Result<CustomerAnswer>(const std::string& id)> ask;
  std::size_t partitions = 0;  ///< of the topic that the journey stage reads
  /// Derived records hold pseudonyms: then nobody is answered. Who knows an id could find its times in them, and so its
  /// pseudonym, without the key.
  bool pseudonymised = false;
};

/// docs/http.md says what it answers. 404: nobody knows the customer. 421: nobody here does, and another instance may.
/// 503: there was no answer in time. 403: pseudonymised.
[[nodiscard]] HttpRoute customers_route(CustomersAsked asked);

/// `rules` are those that the customer's numbers come from.
[[nodiscard]] std::string customer_json(const std::string& id, const Customer& customer, const Rules& rules);

}  // namespace touchstone
