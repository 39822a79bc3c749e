// Which value a plain scalar of YAML stands for, by the core schema of YAML 1.2.
#pragma once

#include <optional>
#include <string_view>

#include "engine/model/touchpoint_map.h"

namespace touchstone {

/// The value of an unquoted scalar; nothing for null. Integers beyond 64 bits and numbers beyond a double
/// become the nearest double (an infinite one, if need be): whoever needs them exact looks at the text.
[[nodiscard]] std::optional<OwnedScalar> resolve_plain_scalar(std::string_view text);

/// True for a decimal, octal or hexadecimal integer, however long.
[[nodiscard]] bool is_core_integer(std::string_view text);

}  // namespace touchstone
