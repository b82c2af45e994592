#include "base/sha256.h"

#include <openssl/evp.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/check.h"
#include "base/crypto.h"
#include "base/file_handle.h"

namespace limner {
namespace {

constexpr size_t kDigestBytes = 32;

// Looked up once: behind EVP_sha256() OpenSSL looks it up for every digest, which takes longer than a short
// one.
const EVP_MD* sha256_method() {
  static const EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return method;
}

}  // namespace

struct Sha256::Context {
  EVP_MD_CTX* evp = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(evp); }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  LIMNER_CHECK(context_->evp && EVP_DigestInit_ex(context_->evp, sha256_method(), nullptr) == 1,
               "OpenSSL has SHA-256");
}

Sha256::~Sha256() = default;

void Sha256::update(std::span<const std::byte> bytes) {
  LIMNER_CHECK(EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size()) == 1, "SHA-256 takes bytes");
}

std::string Sha256::finish_bytes() {
  std::string digest(kDigestBytes, '\0');
  LIMNER_CHECK(
      EVP_DigestFinal_ex(context_->evp, reinterpret_cast<unsigned char*>(digest.data()), nullptr) == 1,
      "SHA-256 is finished once");
  return digest;
}

std::string Sha256::finish_hex() { return to_hex(finish_bytes()); }

std::string sha256_hex(std::span<const std::byte> bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish_hex();
}

Result<std::string> sha256_file(const std::filesystem::path& path) {
  struct stat status {};
  FileHandle file = TRY(open_regular(path, status));
  // Read, not mapped: a large file must not push the pages in use out of this process.
  std::vector<std::byte> buffer(size_t{1} << 20);
  Sha256 hash;
  while (true) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(path, "read", errno);
    if (got == 0) return hash.finish_hex();
    hash.update(std::span(buffer).first(static_cast<size_t>(got)));
  }
}

}  // namespace limner
