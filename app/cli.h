// The command line: which command is wanted and with what; each command is a function of its own.
#pragma once

namespace touchstone {

/// Exit codes: 0, 1 (failed), 64 (usage), 78 (configuration).
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 64;
inline constexpr int kExitConfiguration = 78;

/// Runs the command that the arguments name and returns the exit code. Errors go to standard error, a line each.
int command_line(int argc, char** argv);

}  // namespace touchstone
