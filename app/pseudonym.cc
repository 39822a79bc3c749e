#include "app/pseudonym.h"

#include <array>
#include <cassert>
#include <memory>
#include <string>
#include <string_view>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

namespace touchstone {
namespace {

constexpr std::size_t kHashBytes = 32;

/// HMAC-SHA-256 with the key already mixed in, so that a short text costs two blocks and no set-up.
class Mac {
 public:
  explicit Mac(std::string_view key) {
    EVP_MAC* const hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    assert(hmac != nullptr);
    context_.reset(EVP_MAC_CTX_new(hmac));
    EVP_MAC_free(hmac);  // the context holds on to it
    assert(context_ != nullptr);
    std::string digest = "SHA256";
    const std::array<OSSL_PARAM, 2> parameters = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0), OSSL_PARAM_construct_end()};
    const int ready =
        EVP_MAC_init(context_.get(), reinterpret_cast<const unsigned char*>(key.data()), key.size(), parameters.data());
    assert(ready == 1);
    (void)ready;
  }

  [[nodiscard]] std::string hex_of(std::string_view text) const {
    std::array<unsigned char, kHashBytes> hash{};
    std::size_t size = 0;
    // Without a key it begins anew with the one it has. None of this can fail but for want of memory.
    const bool made =
        EVP_MAC_init(context_.get(), nullptr, 0, nullptr) == 1 &&
        EVP_MAC_update(context_.get(), reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1 &&
        EVP_MAC_final(context_.get(), hash.data(), &size, hash.size()) == 1 && size == hash.size();
    assert(made);
    (void)made;
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string hex;
    hex.reserve(2 * hash.size());
    for (const unsigned char byte : hash) {
      hex.push_back(kDigits[byte >> 4]);
      hex.push_back(kDigits[byte & 0x0F]);
    }
    return hex;
  }

 private:
  struct Free {
    void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
  };
  std::unique_ptr<EVP_MAC_CTX, Free> context_;
};

}  // namespace

Pseudonym make_pseudonym(const PseudonymKey& key) {
  const auto mac = std::make_shared<const Mac>(key.bytes);
  return {[mac](std::string_view id) { return mac->hex_of(id); }, key.id};
}

}  // namespace touchstone
