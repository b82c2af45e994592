// A bundle to a list of files that somebody whom we trust has signed.

#include <fmt/format.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <set>

#include "base/crypto.h"
#include "base/json.h"
#include "provenance/model/model_trust.h"

namespace limner {
namespace {

constexpr size_t kBundleBytesMax = 32u << 20;
constexpr size_t kPayloadBytesMax = 16u << 20;
constexpr size_t kModelFilesMax = 65'536;
constexpr size_t kFileNameBytesMax = 1024;
constexpr const char* kSignature = "signature";

Error wrong(std::string_view what) { return invalid(kSignature, std::string(what)); }
Error untrusted(std::string_view what) { return {Code::forbidden, kSignature, std::string(what), {}}; }

// The value under a key of an object; null where either is something else.
const Json* member(const Json& json, const char* key) {
  if (!json.is_object()) return nullptr;
  const auto found = json.find(key);
  return found == json.end() ? nullptr : &*found;
}

std::string_view text_at(const Json& json, const char* key) {
  const Json* found = member(json, key);
  return found && found->is_string() ? std::string_view(found->get_ref<const std::string&>())
                                     : std::string_view();
}

struct Envelope {
  std::string payload, signature;
};

Result<Envelope> read_envelope(const Json& bundle) {
  if (text_at(bundle, "mediaType") != kBundleType)
    return Error{Code::unsupported, kSignature, fmt::format("is no {}", kBundleType), {}};
  const Json* envelope = member(bundle, "dsseEnvelope");
  if (!envelope) return wrong("has no dsseEnvelope");
  if (text_at(*envelope, "payloadType") != kPayloadType) return wrong("is not of an in-toto statement");
  const Json* signatures = member(*envelope, "signatures");
  if (!signatures || !signatures->is_array() || signatures->size() != 1)
    return wrong("has not exactly one signature");
  Envelope read;
  read.payload = TRY(from_base64(text_at(*envelope, "payload"), "signature.payload", kPayloadBytesMax));
  read.signature = TRY(from_base64(text_at((*signatures)[0], "sig"), "signature.sig", 1024));
  return read;
}

bool is_signature_of(EVP_PKEY* key, const Envelope& envelope) {
  const EVP_MD* digest = ecdsa_digest(key);
  const std::string message = dsse_encoding(kPayloadType, envelope.payload);
  const DigestContextPtr context(EVP_MD_CTX_new());
  const bool matches =
      digest && context && EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key) == 1 &&
      EVP_DigestVerify(context.get(), unsigned_data(envelope.signature), envelope.signature.size(),
                       unsigned_data(message), message.size()) == 1;
  if (!matches) take_openssl_error();
  return matches;
}

Result<std::string> signer_by_key(const Envelope& envelope, std::string_view hint, const ModelTrust& trust) {
  bool known = false;
  for (const ModelTrust::Key& key : trust.keys()) {
    if (!hint.empty() && hint != key.hint) continue;
    known = true;
    if (is_signature_of(key.key.get(), envelope)) return "key " + key.hint.substr(0, 16);
  }
  if (known && !hint.empty()) return wrong("is not that of its contents");
  return untrusted("is not that of any key that is trusted");
}

bool is_for_signing(X509* certificate) {
  if (X509_get_extension_flags(certificate) & EXFLAG_INVALID) return false;
  if (X509_get_extension_flags(certificate) & EXFLAG_KUSAGE)
    return (X509_get_key_usage(certificate) & KU_DIGITAL_SIGNATURE) != 0;
  return (X509_get_extended_key_usage(certificate) & XKU_CODE_SIGN) != 0 &&
         (X509_get_extension_flags(certificate) & EXFLAG_XKUSAGE) != 0;
}

Result<std::string> signer_by_chain(const Envelope& envelope, const Json& chain, const ModelTrust& trust,
                                    TimeUs now) {
  const Json* items = member(chain, "certificates");
  if (!items || !items->is_array() || items->empty() || items->size() > kCertificatesMax)
    return wrong("has no certificates, or too many");
  Certificates certificates;
  for (const Json& item : *items) {
    const std::string der = TRY(from_base64(text_at(item, "rawBytes"), "signature.certificate", 64u << 10));
    certificates.push_back(TRY(read_der_certificate(der, "signature.certificate")));
  }
  X509* own = certificates.front().get();
  if (!is_signature_of(X509_get0_pubkey(own), envelope)) return wrong("is not that of its contents");
  if (!is_for_signing(own)) return untrusted("is by a certificate that is not for signing");
  if (!leads_to_anchor(certificates, trust.roots(), now))
    return untrusted("is by a certificate from which no path leads to one that is trusted");
  const CertificateSummary summary = summary_of(own);
  return summary.common_name.empty() ? summary.organisation : summary.common_name;
}

Result<std::string> signer_of(const Json& bundle, const Envelope& envelope, const ModelTrust& trust,
                              TimeUs now) {
  const Json* material = member(bundle, "verificationMaterial");
  if (!material) return wrong("has no verificationMaterial");
  if (const Json* chain = member(*material, "x509CertificateChain"))
    return signer_by_chain(envelope, *chain, trust, now);
  if (const Json* key = member(*material, "publicKey"))
    return signer_by_key(envelope, text_at(*key, "hint"), trust);
  return Error{Code::unsupported,
               kSignature,
               "is a keyless one, or of a kind that is not known; those with a key or with certificates are",
               {}};
}

bool is_hex_digest(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// A path that stays below the folder, in one spelling.
bool is_file_name(std::string_view name) {
  if (name.empty() || name.size() > kFileNameBytesMax || name.find('\0') != std::string_view::npos ||
      name.find('\\') != std::string_view::npos)
    return false;
  while (true) {
    const std::string_view segment = name.substr(0, name.find('/'));
    if (segment.empty() || segment == "." || segment == "..") return false;
    if (segment.size() == name.size()) return true;
    name.remove_prefix(segment.size() + 1);
  }
}

Result<SignedModel> read_statement(std::string_view payload) {
  const Json statement = TRY(parse_json(payload, kSignature, {.bytes_max = kPayloadBytesMax}));
  if (text_at(statement, "_type") != kStatementType)
    return wrong("is not of an in-toto statement, version 1");
  if (text_at(statement, "predicateType") != kPredicateType)
    return Error{Code::unsupported, kSignature, fmt::format("is not of the kind {}", kPredicateType), {}};
  const Json* subjects = member(statement, "subject");
  const Json* predicate = member(statement, "predicate");
  const Json* resources = predicate ? member(*predicate, "resources") : nullptr;
  const Json* serialization = predicate ? member(*predicate, "serialization") : nullptr;
  if (!subjects || !subjects->is_array() || subjects->size() != 1) return wrong("is not of one model");
  if (!serialization || text_at(*serialization, "method") != "files" ||
      text_at(*serialization, "hash_type") != "sha256")
    return Error{Code::unsupported, kSignature, "lists shards, or digests other than SHA-256", {}};
  if (!resources || !resources->is_array() || resources->empty() || resources->size() > kModelFilesMax)
    return wrong("lists no files, or too many");
  SignedModel model;
  model.name = text_at((*subjects)[0], "name");
  std::set<std::string, std::less<>> names;
  for (const Json& resource : *resources) {
    SignedModel::File file{std::string(text_at(resource, "name")), std::string(text_at(resource, "digest"))};
    if (text_at(resource, "algorithm") != "sha256" || !is_hex_digest(file.sha256))
      return wrong("has a file without a SHA-256");
    const bool alone = file.name == "." && resources->size() == 1;
    if (!alone && !is_file_name(file.name)) return wrong("names a file that is not in the model's folder");
    if (!names.insert(file.name).second) return wrong("names a file twice");
    model.files.push_back(std::move(file));
  }
  const Json* digests = member((*subjects)[0], "digest");
  if (!digests || text_at(*digests, "sha256") != digest_of_digests(model.files))
    return wrong("has a digest of the whole that is not that of its files");
  return model;
}

}  // namespace

Result<SignedModel> read_model_signature(std::string_view text, const ModelTrust& trust, TimeUs now) {
  const Json bundle = TRY(parse_json(text, kSignature, {.bytes_max = kBundleBytesMax}));
  const Envelope envelope = TRY(read_envelope(bundle));
  // Nothing of what was signed is looked at before it is known who did.
  std::string signer = TRY(signer_of(bundle, envelope, trust, now));
  SignedModel model = TRY(read_statement(envelope.payload));
  model.signed_by = std::move(signer);
  return model;
}

}  // namespace limner
