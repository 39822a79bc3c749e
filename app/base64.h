// Two small questions about bytes that JSON cannot hold as they are.
#pragma once

#include <string>
#include <string_view>

namespace touchstone {

[[nodiscard]] bool is_utf8(std::string_view bytes);

/// RFC 4648, section 4, with padding.
[[nodiscard]] std::string to_base64(std::string_view bytes);

}  // namespace touchstone
