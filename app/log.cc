#include "app/log.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include <boost/json.hpp>
#include <simdjson.h>
#include <spdlog/formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "app/exit_code.h"

namespace touchstone {
namespace {

// By spdlog's number; the names of the configuration, and what ends the process.
constexpr std::array<std::string_view, 7> kLogLevelNames = {"trace", "debug",    "info", "warn",
                                                            "error", "critical", "off"};

std::string as_json_text(std::string_view text) {
  boost::json::string safe(text);
  if (!simdjson::validate_utf8(text.data(), text.size())) {
    std::replace_if(safe.begin(), safe.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  }
  return boost::json::serialize(safe);
}

class LogLineFormatter final : public spdlog::formatter {
 public:
  explicit LogLineFormatter(LogFormat format) : format_(format) {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    std::string line = log_line(format_, std::chrono::time_point_cast<Millis>(message.time),
                                kLogLevelNames.at(static_cast<std::size_t>(message.level)),
                                {message.payload.data(), message.payload.size()});
    line += '\n';
    out.append(line.data(), line.data() + line.size());
  }
  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<LogLineFormatter>(format_);
  }

 private:
  LogFormat format_;
};

}  // namespace

std::string log_line(LogFormat format, EventTime time, std::string_view level, std::string_view message) {
  std::string line;
  if (format == LogFormat::kJson) {
    line = R"({"ts":")";
    append_rfc3339(time, line);
    line.append(R"(","level":")").append(level).append(R"(","msg":)").append(as_json_text(message)).append("}");
    return line;
  }
  line = "ts=";
  append_rfc3339(time, line);
  line.append(" level=").append(level).append(" msg=").append(as_json_text(message));
  return line;
}

void log_to_standard_error(const Configuration::Log& log) {
  auto logger = spdlog::stderr_logger_mt("touchstone");
  if (log.format == LogFormat::kText) {
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  } else {
    logger->set_formatter(std::make_unique<LogLineFormatter>(log.format));
  }
  logger->set_level(spdlog::level::from_str(log.level));
  spdlog::set_default_logger(std::move(logger));
}

int failed(const Error& error, const Configuration::Log& log) {
  // What ends the process is said even where nothing else is.
  if (log.format == LogFormat::kText || log.level == "off") return failed(error);
  spdlog::critical("{}", error.message());
  return kExitFailed;
}

}  // namespace touchstone
