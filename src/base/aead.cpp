#include "base/aead.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/check.h"

namespace limner {
namespace {

const unsigned char* octets(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* octets(char* bytes) { return reinterpret_cast<unsigned char*>(bytes); }

// What OpenSSL counts in an int.
int length_of(std::string_view bytes) {
  LIMNER_CHECK(bytes.size() <= 1u << 30, "a message is sealed in chunks");
  return static_cast<int>(bytes.size());
}

}  // namespace

void Aes256Gcm::Free::operator()(evp_cipher_ctx_st* context) const { EVP_CIPHER_CTX_free(context); }

Aes256Gcm::Aes256Gcm(std::string_view key) : seal_(EVP_CIPHER_CTX_new()), open_(EVP_CIPHER_CTX_new()) {
  LIMNER_CHECK(key.size() == kAeadKeyBytes, "a key has 32 bytes");
  LIMNER_CHECK(seal_ && open_ &&
                   EVP_EncryptInit_ex(seal_.get(), EVP_aes_256_gcm(), nullptr, octets(key), nullptr) == 1 &&
                   EVP_DecryptInit_ex(open_.get(), EVP_aes_256_gcm(), nullptr, octets(key), nullptr) == 1,
               "OpenSSL has AES-256-GCM");
}

Aes256Gcm::~Aes256Gcm() = default;

void Aes256Gcm::seal(std::string_view nonce, std::string_view associated, std::string_view plain,
                     std::string& out) {
  LIMNER_CHECK(nonce.size() == kAeadNonceBytes, "a nonce has 12 bytes");
  const size_t begin = out.size();
  out.resize(begin + plain.size() + kAeadTagBytes);
  char* const at = out.data() + begin;
  int written = 0, rest = 0;
  EVP_CIPHER_CTX* const context = seal_.get();
  const bool sealed =
      EVP_EncryptInit_ex(context, nullptr, nullptr, nullptr, octets(nonce)) == 1 &&
      EVP_EncryptUpdate(context, nullptr, &written, octets(associated), length_of(associated)) == 1 &&
      EVP_EncryptUpdate(context, octets(at), &written, octets(plain), length_of(plain)) == 1 &&
      EVP_EncryptFinal_ex(context, octets(at) + plain.size(), &rest) == 1 &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, kAeadTagBytes, at + plain.size()) == 1;
  LIMNER_CHECK(sealed, "AES-GCM seals whatever it is given");
}

bool Aes256Gcm::open(std::string_view nonce, std::string_view associated, std::string_view sealed,
                     std::string& out) {
  LIMNER_CHECK(nonce.size() == kAeadNonceBytes, "a nonce has 12 bytes");
  if (sealed.size() < kAeadTagBytes) return false;
  const std::string_view body = sealed.substr(0, sealed.size() - kAeadTagBytes);
  std::string tag(sealed.substr(body.size()));
  const size_t begin = out.size();
  // One byte more: an empty message still has a place for OpenSSL to point at.
  out.resize(begin + body.size() + 1);
  char* const at = out.data() + begin;
  int written = 0, rest = 0;
  EVP_CIPHER_CTX* const context = open_.get();
  const bool opened =
      EVP_DecryptInit_ex(context, nullptr, nullptr, nullptr, octets(nonce)) == 1 &&
      EVP_DecryptUpdate(context, nullptr, &written, octets(associated), length_of(associated)) == 1 &&
      EVP_DecryptUpdate(context, octets(at), &written, octets(body), length_of(body)) == 1 &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, kAeadTagBytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(context, octets(at) + body.size(), &rest) == 1;
  // What was decrypted before the tag was looked at is nobody's to see.
  if (!opened) OPENSSL_cleanse(at, body.size());
  out.resize(opened ? begin + body.size() : begin);
  return opened;
}

void wipe(std::string& secret) {
  OPENSSL_cleanse(secret.data(), secret.size());
  secret.clear();
}

}  // namespace limner
