// A model's files to a bundle.

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/files.h"
#include "base/json.h"
#include "provenance/model/model_files.h"
#include "provenance/model/model_trust.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

constexpr size_t kModelKeyBytesMax = 1u << 20;

struct ModelKey {
  KeyPtr key;
  Certificates chain;  ///< empty: a key alone
};

Result<ModelKey> read_model_key(const fs::path& path) {
  std::error_code ignored;
  const bool folder = fs::is_directory(path, ignored);
  const fs::path key_path = folder ? path / "key.pem" : path;
  ModelKey read;
  read.key = TRY(read_pem_key(TRY(read_file(key_path, kModelKeyBytesMax)), key_path.string()));
  if (!ecdsa_digest(read.key.get()))
    return unsupported(key_path.string(), "models are signed with keys on P-256, P-384 or P-521",
                       "limner cert init DIR makes one");
  if (!folder) return read;
  const fs::path chain_path = path / "chain.pem";
  read.chain = TRY(read_pem_certificates(TRY(read_file(chain_path, kModelKeyBytesMax)), chain_path.string(),
                                         kCertificatesMax));
  if (X509_check_private_key(read.chain[0].get(), read.key.get()) != 1) {
    take_openssl_error();
    return invalid(chain_path.string(), "its first certificate is not that of key.pem");
  }
  return read;
}

Json statement_of(const std::string& name, const std::vector<SignedModel::File>& files) {
  Json resources = Json::array();
  for (const SignedModel::File& file : files)
    resources.push_back({{"name", file.name}, {"algorithm", "sha256"}, {"digest", file.sha256}});
  const Json serialization = {
      {"method", "files"},
      {"hash_type", "sha256"},
      {"allow_symlinks", false},
      {"ignore_paths", {"model.sig", ".git", ".gitattributes", ".github", ".gitignore", ".cache"}}};
  return {{"_type", kStatementType},
          {"subject", {{{"name", name}, {"digest", {{"sha256", digest_of_digests(files)}}}}}},
          {"predicateType", kPredicateType},
          {"predicate", {{"serialization", serialization}, {"resources", std::move(resources)}}}};
}

Json material_of(const ModelKey& key) {
  if (key.chain.empty())
    return {{"publicKey", {{"hint", key_hint(key.key.get())}}}, {"tlogEntries", Json::array()}};
  Json certificates = Json::array();
  for (const CertificatePtr& certificate : key.chain)
    certificates.push_back({{"rawBytes", to_base64(der_of(certificate.get()))}});
  return {{"x509CertificateChain", {{"certificates", std::move(certificates)}}},
          {"tlogEntries", Json::array()}};
}

Result<std::string> ecdsa_signature(EVP_PKEY* key, std::string_view message) {
  const DigestContextPtr context(EVP_MD_CTX_new());
  size_t size = 0;
  std::string signature;
  const bool ready =
      context && EVP_DigestSignInit(context.get(), nullptr, ecdsa_digest(key), nullptr, key) == 1 &&
      EVP_DigestSign(context.get(), nullptr, &size, unsigned_data(message), message.size()) == 1;
  if (ready) signature.resize(size);
  if (!ready || EVP_DigestSign(context.get(), unsigned_data(signature), &size, unsigned_data(message),
                               message.size()) != 1)
    return Error{Code::internal, "", "the model could not be signed: " + take_openssl_error(), ""};
  signature.resize(size);
  return signature;
}

}  // namespace

Result<std::string> sign_model(const fs::path& path, const fs::path& key_path) {
  const ModelKey key = TRY(read_model_key(key_path));
  std::vector<SignedModel::File> files;
  for (const auto& [name, where] : TRY(files_of_model(path)))
    files.push_back({name, TRY(digest_of_model_file(where, {}))});
  if (files.empty()) return invalid(path.string(), "has no files to sign");
  const fs::path plain = path.has_filename() ? path : path.parent_path();
  const std::string payload =
      statement_of(plain.filename().string(), files).dump(2, ' ', false, Json::error_handler_t::replace);
  const std::string signature = TRY(ecdsa_signature(key.key.get(), dsse_encoding(kPayloadType, payload)));
  const Json bundle = {{"mediaType", kBundleType},
                       {"verificationMaterial", material_of(key)},
                       {"dsseEnvelope",
                        {{"payload", to_base64(payload)},
                         {"payloadType", kPayloadType},
                         {"signatures", {{{"sig", to_base64(signature)}, {"keyid", ""}}}}}}};
  return bundle.dump();
}

}  // namespace limner
