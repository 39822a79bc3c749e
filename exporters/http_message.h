// Requests and responses as handlers see them: values, already checked and decoded, without a trace of
// sockets.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/model/result.h"

namespace touchstone {

struct HttpRequest {
  std::string method{};  ///< in capitals as sent
  std::string path{};    ///< percent-decoded, beginning with '/'; may hold any byte
  std::vector<std::pair<std::string, std::string>> parameters{};  ///< of the query, decoded, in order
  std::string authorization{};                                    ///< the header of that name, empty if absent
  std::string body{};

  /// The first parameter of that name.
  [[nodiscard]] std::optional<std::string_view> parameter(std::string_view name) const;
};

/// Nothing of it is cached by anyone, unless the handler's own headers say otherwise.
struct HttpResponse {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body{};
  std::vector<std::pair<std::string, std::string>> headers{};  ///< further ones, e.g. Allow
};

/// `{"error": "..."}`. The message is UTF-8 and repeats nothing secret.
[[nodiscard]] HttpResponse json_error(unsigned status, std::string_view message);

/// Fills in path and parameters from a request target such as /api/v1/windows?window=5m&id=a%20b. In the
/// query a plus sign is a space, as browsers write it. kReject: not of that form, or a percent sign without
/// two digits.
[[nodiscard]] Result<void> read_target(std::string_view target, HttpRequest& request);

}  // namespace touchstone
