#include "app/pseudonym_key.h"

#include <cstdlib>
#include <string>
#include <utility>

#include "app/kafka_properties.h"

namespace touchstone {
namespace {

/// The key as the configuration says where it is; why not, if it cannot be had.
SecretFile find_key(const Configuration::Privacy& privacy) {
  if (!privacy.key_file.empty()) return read_secret_file(privacy.key_file);
  SecretFile secret;
  const char* value = std::getenv(privacy.key_env.c_str());
  if (value == nullptr) {
    secret.reason = "the environment has no variable " + in_quotes(privacy.key_env);
  } else {
    secret.value = value;
  }
  return secret;
}

}  // namespace

PseudonymKeyRead read_pseudonym_key(const Configuration& configuration) {
  const Configuration::Privacy& privacy = configuration.privacy;
  if (!privacy.pseudonymise) return {};
  SecretFile secret = find_key(privacy);
  if (secret.reason.empty() && secret.value.size() < kShortestPseudonymKey) {
    secret.reason = "the key has " + std::to_string(secret.value.size()) + " bytes; it needs at least " +
                    std::to_string(kShortestPseudonymKey) + ", better 32 random ones";
  }
  if (!secret.reason.empty()) {
    return {nullptr, {{configuration.file, privacy.key_at.line, privacy.key_at.column, "privacy.key", secret.reason}}};
  }
  return {std::make_shared<const PseudonymKey>(PseudonymKey{std::move(secret.value), privacy.key_id}), {}};
}

}  // namespace touchstone
