// What a command tells the shell, and how it says why it failed.
#pragma once

#include "engine/model/result.h"

namespace touchstone {

/// Exit codes: 0, 1 (failed), 64 (usage), 78 (configuration).
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 64;
inline constexpr int kExitConfiguration = 78;

/// Says on standard error what went wrong, in one line, and that the command failed.
[[nodiscard]] int failed(const Error& error);

}  // namespace touchstone
