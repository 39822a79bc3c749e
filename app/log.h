// The log on standard error: one line for each message, in the form that the configuration names.
#pragma once

#include <string>
#include <string_view>

#include "app/configuration.h"
#include "engine/model/result.h"
#include "engine/model/time.h"

namespace touchstone {

/// A message as a line, without its end: `ts`, `level` and `msg` in logfmt or JSON. Bytes that are no UTF-8 become
/// question marks, since neither form could hold them. Not for LogFormat::kText, which has a pattern of spdlog's.
[[nodiscard]] std::string log_line(LogFormat format, EventTime time, std::string_view level, std::string_view message);

/// From here on spdlog writes to standard error. Once in a process.
void log_to_standard_error(const Configuration::Log& log);

/// Says why the command failed, as the log's last line; in plain text where that is its form or nothing is logged.
/// Returns the exit code.
[[nodiscard]] int failed(const Error& error, const Configuration::Log& log);

}  // namespace touchstone
