// The command line: which command is wanted and with what; each command is a function of its own.
#pragma once

namespace touchstone {

/// Runs the command that the arguments name and returns the exit code (exit_code.h). Errors go to standard error, a
/// line each.
int command_line(int argc, char** argv);

}  // namespace touchstone
