#include "base/git_blob.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>

#include "base/check.h"
#include "base/crypto.h"

namespace limner {

std::string git_blob_sha1(std::string_view content) {
  std::string header = fmt::format("blob {}", content.size());
  header += '\0';
  std::array<unsigned char, 20> digest;
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  const bool done = context && EVP_DigestInit_ex(context, EVP_sha1(), nullptr) == 1 &&
                    EVP_DigestUpdate(context, header.data(), header.size()) == 1 &&
                    EVP_DigestUpdate(context, content.data(), content.size()) == 1 &&
                    EVP_DigestFinal_ex(context, digest.data(), nullptr) == 1;
  EVP_MD_CTX_free(context);
  LIMNER_CHECK(done, "OpenSSL has SHA-1");
  return to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace limner
