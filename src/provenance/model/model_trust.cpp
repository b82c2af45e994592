#include "provenance/model/model_trust.h"

#include <fmt/format.h>
#include <openssl/pem.h>

#include "base/crypto.h"
#include "base/files.h"
#include "base/sha256.h"

namespace limner {
namespace {

constexpr size_t kTrustBytesMax = 1u << 20;
constexpr size_t kTrustedMax = 1024;

// One block of a PEM text as its name and its DER.
struct PemBlock {
  std::string name, der;
};

bool next_block(BIO* bio, PemBlock& block) {
  char *name = nullptr, *header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  if (PEM_read_bio(bio, &name, &header, &data, &size) != 1) return false;
  block = {name, std::string(reinterpret_cast<const char*>(data), static_cast<size_t>(size))};
  OPENSSL_free(name);
  OPENSSL_free(header);
  OPENSSL_free(data);
  return true;
}

std::string from_hex(std::string_view digits) {
  std::string bytes;
  const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (size_t i = 0; i + 1 < digits.size(); i += 2)
    bytes += static_cast<char>(value(digits[i]) << 4 | value(digits[i + 1]));
  return bytes;
}

}  // namespace

std::string key_hint(EVP_PKEY* key) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PUBKEY(bio.get(), key);
  return to_hex(sha256_bytes(bio_text(bio.get())));
}

const EVP_MD* ecdsa_digest(EVP_PKEY* key) {
  char group[32] = {};
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC ||
      EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) != 1)
    return nullptr;
  const std::string_view curve = group;
  if (curve == "prime256v1") return EVP_sha256();
  if (curve == "secp384r1") return EVP_sha384();
  return curve == "secp521r1" ? EVP_sha512() : nullptr;
}

std::string dsse_encoding(std::string_view type, std::string_view payload) {
  return fmt::format("DSSEv1 {} {} {} {}", type.size(), type, payload.size(), payload);
}

std::string digest_of_digests(const std::vector<SignedModel::File>& files) {
  Sha256 digest;
  for (const SignedModel::File& file : files) digest.update(as_bytes(from_hex(file.sha256)));
  return digest.finish_hex();
}

Result<ModelTrustPtr> read_model_trust(const std::filesystem::path& path) {
  const std::string text = TRY(read_file(path, kTrustBytesMax));
  const BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  std::vector<ModelTrust::Key> keys;
  Certificates roots;
  for (PemBlock block; next_block(bio.get(), block);) {
    if (keys.size() + roots.size() == kTrustedMax)
      return invalid(path.string(), fmt::format("has more than {} keys and certificates", kTrustedMax));
    if (block.name == "CERTIFICATE") {
      roots.push_back(TRY(read_der_certificate(block.der, path.string())));
      continue;
    }
    if (block.name != "PUBLIC KEY")
      return invalid(path.string(), fmt::format("has a {}; only public keys and certificates go there",
                                                block.name.substr(0, 40)));
    const unsigned char* at = unsigned_data(block.der);
    KeyPtr key(d2i_PUBKEY(nullptr, &at, static_cast<long>(block.der.size())));
    if (!key || !ecdsa_digest(key.get())) {
      take_openssl_error();
      return invalid(path.string(), "has a public key that is not on P-256, P-384 or P-521");
    }
    std::string hint = key_hint(key.get());
    keys.push_back({std::move(key), std::move(hint)});
  }
  take_openssl_error();
  if (keys.empty() && roots.empty())
    return invalid(path.string(), "has no public key and no certificate in it");
  return std::make_shared<const ModelTrust>(std::move(keys), std::move(roots));
}

}  // namespace limner
