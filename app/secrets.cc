#include "app/secrets.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <sys/stat.h>

#include "ingest/kafka_options.h"

namespace touchstone {
namespace {

/// Not the group: it is how a secret is given to a service that runs under a name of its own.
bool is_open_to_everyone(const std::string& path) {
  struct stat found{};
  return stat(path.c_str(), &found) == 0 && (found.st_mode & (S_IROTH | S_IWOTH)) != 0;
}

bool is_loopback(std::string_view address) { return address.starts_with("127.") || address == "::1"; }

class Warnings {
 public:
  explicit Warnings(const Configuration& configuration) : configuration_(configuration) {}

  void add(const Position& at, std::string path, std::string message) {
    list_.push_back({configuration_.file, at.line, at.column, std::move(path), std::move(message)});
  }
  void add_if_open(const Position& at, std::string path, const std::string& file) {
    if (!is_open_to_everyone(file)) return;
    add(at, std::move(path), "every user of this machine can read " + in_quotes(file) + "; chmod o= takes that away");
  }
  [[nodiscard]] std::vector<Problem> take() { return std::move(list_); }

 private:
  const Configuration& configuration_;
  std::vector<Problem> list_;
};

void warn_of_properties(const Configuration& configuration, Warnings& warnings) {
  for (const auto& [name, property] : configuration.kafka.properties) {
    if (!is_secret(name)) continue;
    const std::string path = path_of_key("kafka.properties", name);
    if (property.source == KafkaProperty::Source::kHere) {
      warnings.add(property.at, path, "a secret in the configuration itself; better {file: PATH} or {env: NAME}");
    } else if (property.source == KafkaProperty::Source::kFile) {
      warnings.add_if_open(property.at, path, property.value);
    }
  }
}

}  // namespace

std::vector<Problem> secret_warnings(const Configuration& configuration) {
  Warnings warnings(configuration);
  warn_of_properties(configuration, warnings);
  const ReadProperties read = read_kafka_properties(configuration);
  if (read.secret_in_file) warnings.add_if_open({}, "kafka.properties_file", configuration.kafka.properties_file);
  for (const char* name : {"ssl.key.location", "ssl.keystore.location"}) {
    const auto found = read.values.find(name);
    if (found != read.values.end()) {
      warnings.add_if_open({}, path_of_key("kafka.properties", name), found->second);
    }
  }
  for (std::string& weakness : weaknesses_of(read.values)) warnings.add({}, "kafka.properties", std::move(weakness));
  if (!configuration.http.token_file.empty()) {
    warnings.add_if_open({}, "http.token_file", configuration.http.token_file);
  } else if (!is_loopback(configuration.http.listen.address)) {
    warnings.add({}, "http.listen",
                 "without http.token_file, whoever reaches " + configuration.http.listen.address + " can read /api");
  }
  return warnings.take();
}

SecretFile read_token(const std::string& path) {
  SecretFile token = read_secret_file(path);
  const bool can_be_sent =
      std::all_of(token.value.begin(), token.value.end(), [](char letter) { return letter > ' ' && letter <= '~'; });
  if (can_be_sent) return token;
  return {.value = {}, .reason = in_quotes(path) + " must hold one line of ASCII letters, digits and signs, no blanks"};
}

}  // namespace touchstone
