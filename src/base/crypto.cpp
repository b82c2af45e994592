#include "base/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>

#include <cerrno>

#include "base/check.h"

namespace limner {
namespace {

constexpr size_t kSha256Bytes = 32;

const unsigned char* unsigned_data(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

unsigned char* unsigned_data(std::string& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

}  // namespace

// From the kernel and not from OpenSSL, whose generator takes thirty times as long for the few bytes of an
// id.
std::string random_bytes(size_t count) {
  std::string bytes(count, '\0');
  for (size_t filled = 0; filled < count;) {
    const ssize_t got = ::getrandom(bytes.data() + filled, count - filled, 0);
    LIMNER_CHECK(got > 0 || errno == EINTR, "the system has random bytes");
    if (got > 0) filled += static_cast<size_t>(got);
  }
  return bytes;
}

std::string sha256_bytes(std::string_view bytes) {
  std::string digest(kSha256Bytes, '\0');
  LIMNER_CHECK(
      EVP_Digest(bytes.data(), bytes.size(), unsigned_data(digest), nullptr, EVP_sha256(), nullptr) == 1,
      "OpenSSL has SHA-256");
  return digest;
}

std::string hmac_sha256(std::string_view key, std::string_view message) {
  // To OpenSSL a null key means "the key of the last call", not "no bytes".
  if (key.empty()) key = "";
  std::string digest(kSha256Bytes, '\0');
  LIMNER_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), unsigned_data(message),
                    message.size(), unsigned_data(digest), nullptr) != nullptr,
               "OpenSSL has HMAC-SHA-256");
  return digest;
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char byte : bytes) {
    text += kDigits[static_cast<unsigned char>(byte) >> 4];
    text += kDigits[static_cast<unsigned char>(byte) & 15u];
  }
  return text;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace limner
