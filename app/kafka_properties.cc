#include "app/kafka_properties.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <utility>

#include <unistd.h>

namespace touchstone {
namespace {

constexpr std::size_t kLargestFile = std::size_t{64} << 10;

constexpr auto kSecrets =
    std::to_array<std::string_view>({"sasl.password", "ssl.key.password", "ssl.keystore.password", "ssl.key.pem",
                                     "sasl.oauthbearer.client.secret", "sasl.oauthbearer.config"});
/// Files that librdkafka opens itself; what it says then names neither the file nor the property.
constexpr auto kFiles = std::to_array<std::string_view>(
    {"ssl.ca.location", "ssl.certificate.location", "ssl.key.location", "ssl.keystore.location", "ssl.crl.location"});

/// The bytes of a small file; nothing, and a reason, if it is not one.
std::optional<std::string> read_small_file(const std::string& path, std::string& reason) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::string bytes(kLargestFile + 1, '\0');
  if (in) {
    in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<std::size_t>(in.gcount()));
  }
  if (!in.is_open() || in.bad() || (in.fail() && !in.eof())) {
    reason = in_quotes(path) + " cannot be read" + (errno != 0 ? std::string(": ") + std::strerror(errno) : "");
    return std::nullopt;
  }
  if (bytes.size() > kLargestFile) {
    reason = in_quotes(path) + " is larger than " + std::to_string(kLargestFile) + " bytes";
    return std::nullopt;
  }
  return bytes;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\f";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

/// What follows the name of a property in Java's notation, a colon or a blank, is no part of it here; the rest of
/// such a line may be a password with an equals sign in it. No property has a capital letter in its name.
bool is_property_name(std::string_view name) {
  return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") == std::string_view::npos;
}

bool is_variable_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

/// `key=value` lines; blank lines and those that begin with # or ! say nothing. The last of a key counts, as
/// in Java.
void read_lines(std::string_view text, const std::string& file, ReadProperties& read) {
  int number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.empty() || line.front() == '#' || line.front() == '!') continue;
    const std::size_t equals = line.find('=');
    const std::string_view key = trimmed(line.substr(0, equals));
    if (equals == std::string_view::npos || !is_property_name(key)) {
      read.problems.push_back({file, number, 1, {}, "expected key=value"});
    } else if (line.back() == '\\') {
      read.problems.push_back({file, number, 1, std::string(key), "a line cannot be continued on the next one"});
    } else {
      read.values[std::string(key)] = trimmed(line.substr(equals + 1));
      read.secret_in_file = read.secret_in_file || is_secret(key);
    }
  }
}

void check_files(const Configuration& configuration, ReadProperties& read) {
  for (const std::string_view name : kFiles) {
    const auto found = read.values.find(std::string(name));
    if (found == read.values.end() || found->second == "probe") continue;
    std::string message;
    if (found->second.find('\n') != std::string::npos) {
      message = "needs the path of a file, not what is in it";
    } else if (access(found->second.c_str(), R_OK) != 0) {
      message = in_quotes(found->second) + " cannot be read: " + std::strerror(errno);
    } else {
      continue;
    }
    const auto written = configuration.kafka.properties.find(found->first);
    const bool is_here = written != configuration.kafka.properties.end();
    const Position at = is_here ? written->second.at : Position{};
    read.problems.push_back({is_here ? configuration.file : configuration.kafka.properties_file, at.line, at.column,
                             path_of_key("kafka.properties", name), std::move(message)});
  }
}

}  // namespace

bool is_secret(std::string_view property) {
  return std::find(kSecrets.begin(), kSecrets.end(), property) != kSecrets.end();
}

SecretFile read_secret_file(const std::string& path) {
  SecretFile secret;
  std::optional<std::string> bytes = read_small_file(path, secret.reason);
  if (!bytes) return secret;
  while (!bytes->empty() && (bytes->back() == '\n' || bytes->back() == '\r')) bytes->pop_back();
  if (bytes->empty()) {
    secret.reason = in_quotes(path) + " is empty";
  } else {
    secret.value = std::move(*bytes);
  }
  return secret;
}

ReadProperties read_kafka_properties(const Configuration& configuration) {
  ReadProperties read;
  const std::string& file = configuration.kafka.properties_file;
  if (!file.empty()) {
    std::string reason;
    const std::optional<std::string> text = read_small_file(file, reason);
    if (text) read_lines(*text, file, read);
    if (!text) read.problems.push_back({configuration.file, 1, 1, "kafka.properties_file", reason});
  }
  for (const auto& [key, property] : configuration.kafka.properties) {
    const auto add_problem = [&, &name = key, &at = property.at](const std::string& message) {
      read.problems.push_back({configuration.file, at.line, at.column, path_of_key("kafka.properties", name), message});
    };
    switch (property.source) {
      case KafkaProperty::Source::kHere:
        read.values[key] = property.value;
        break;
      case KafkaProperty::Source::kFile: {
        SecretFile secret = read_secret_file(property.value);
        if (!secret.reason.empty()) add_problem(secret.reason);
        read.values[key] = std::move(secret.value);
        break;
      }
      case KafkaProperty::Source::kEnvironment: {
        // What is no name may be the secret itself.
        if (!is_variable_name(property.value)) {
          add_problem("env needs the name of a variable: letters, digits and \"_\"");
          break;
        }
        const char* value = std::getenv(property.value.c_str());
        if (value == nullptr) add_problem("the environment has no variable " + in_quotes(property.value));
        read.values[key] = value != nullptr ? value : "";
        break;
      }
    }
  }
  check_files(configuration, read);
  return read;
}

}  // namespace touchstone
