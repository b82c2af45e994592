#include "base/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/random.h>

#include <cerrno>
#include <memory>

#include "base/check.h"
#include "base/sha256.h"

namespace limner {
namespace {

constexpr size_t kBlockBytes = 64;  // of SHA-256, to which RFC 2104 fits keys
constexpr size_t kChachaKeyBytes = 32, kChachaNonceBytes = 12;

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
  Sha256 hash;
  hash.update(as_bytes(bytes));
  return hash.finish_bytes();
}

// Put together here, of two digests: OpenSSL's looks for its methods at each call, which takes longer than
// the message of a row.
std::string hmac_sha256(std::string_view key, std::string_view message) {
  std::string block = key.size() > kBlockBytes ? sha256_bytes(key) : std::string(key);
  block.resize(kBlockBytes, '\0');
  const auto digest = [&block](char pad, std::string_view rest) {
    std::string padded = block;
    for (char& byte : padded) byte = static_cast<char>(byte ^ pad);
    Sha256 hash;
    hash.update(as_bytes(padded));
    hash.update(as_bytes(rest));
    OPENSSL_cleanse(padded.data(), padded.size());
    return hash.finish_bytes();
  };
  std::string code = digest('\x5c', digest('\x36', message));
  OPENSSL_cleanse(block.data(), block.size());
  return code;
}

std::string chacha20_stream(std::string_view key, std::string_view nonce, size_t count) {
  LIMNER_CHECK(key.size() == kChachaKeyBytes && nonce.size() == kChachaNonceBytes,
               "ChaCha20 has these sizes");
  // OpenSSL takes the counter and the nonce as one.
  const std::string counter_and_nonce = std::string(4, '\0').append(nonce);
  std::string stream(count, '\0');
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> cipher(EVP_CIPHER_CTX_new(),
                                                                               &EVP_CIPHER_CTX_free);
  int written = 0;
  LIMNER_CHECK(cipher &&
                   EVP_EncryptInit_ex(cipher.get(), EVP_chacha20(), nullptr, unsigned_data(key),
                                      unsigned_data(counter_and_nonce)) == 1 &&
                   EVP_EncryptUpdate(cipher.get(), unsigned_data(stream), &written, unsigned_data(stream),
                                     static_cast<int>(count)) == 1,
               "OpenSSL has ChaCha20");
  return stream;
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
