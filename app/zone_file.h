// Time zones of the system's database, read once into a table of offsets (engine/model/time_zone.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/model/time_zone.h"

namespace touchstone {

/// `UTC`, an offset such as +03:30 in quarters of an hour, or the name of a zone such as Asia/Tehran. Nothing if it is
/// none of these, or a zone that this system does not know. After the last change that the system's file lists (2037,
/// in the files of most systems) its offset stays.
[[nodiscard]] std::optional<TimeZone> find_zone(std::string_view name);

/// The bytes of a compiled zone file (RFC 8536, version 2 and later).
[[nodiscard]] std::optional<TimeZone> read_zone(std::string_view bytes);

}  // namespace touchstone
