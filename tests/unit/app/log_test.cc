// A line of the log can be read by programs, whatever the message holds.
#include "app/log.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace touchstone {
namespace {

constexpr EventTime kNoon = time_from_millis(1'795'262'400'123);

TEST(Log, IsLogfmtWithTimeLevelAndMessage) {
  EXPECT_EQ(log_line(LogFormat::kLogfmt, kNoon, "warn", "kafka: away"),
            R"(ts=2026-11-21T12:00:00.123Z level=warn msg="kafka: away")");
}

TEST(Log, IsJsonWithTimeLevelAndMessage) {
  EXPECT_EQ(log_line(LogFormat::kJson, kNoon, "info", "metrics"),
            R"({"ts":"2026-11-21T12:00:00.123Z","level":"info","msg":"metrics"})");
}

TEST(Log, IsOneLineOfUtf8WhateverTheMessageHolds) {
  std::string message = "a \"quoted\" \\ name,\n\r\t\x01 next=1 \xD8\xB3 \xFF\xFE";
  message += '\0';
  const std::string json = log_line(LogFormat::kJson, kNoon, "error", message);
  EXPECT_EQ(json.find('\n'), std::string::npos);
  const auto read = boost::json::parse(json);
  std::string expected = "a \"quoted\" \\ name,\n\r\t\x01 next=1 ?? ??";
  expected += '\0';
  EXPECT_EQ(std::string(read.at("msg").as_string()), expected);
  const std::string logfmt = log_line(LogFormat::kLogfmt, kNoon, "error", message);
  EXPECT_EQ(logfmt.find('\n'), std::string::npos);
  EXPECT_EQ(logfmt.find("\" next"), std::string::npos);
}

TEST(Log, KeepsTextOfOtherScripts) {
  const auto read = boost::json::parse(log_line(LogFormat::kJson, kNoon, "info", "سارا"));
  EXPECT_EQ(std::string(read.at("msg").as_string()), "سارا");
}

}  // namespace
}  // namespace touchstone
