#include "provenance/signer.h"

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/files.h"
#include "provenance/cose/sign1.h"
#include "provenance/trust_anchors.h"
#include "provenance/x509/time_stamp.h"
#include "provenance/x509/token_key.h"

namespace limner {
namespace {

constexpr size_t kPemBytesMax = 1u << 20;
constexpr const char* kTokenUriFile = "key.uri";
// A token with the authority's own certificate; with a chain of them it is several times as long.
constexpr size_t kStampRoomFirst = 3072;
// ECDSA's signatures, serial numbers and fractions of seconds differ in length.
constexpr size_t kStampRoomMore = 64;
constexpr size_t kSignatureBytes = 64;  // of ES256 and of Ed25519 alike

std::vector<std::string> der_of_all(const Certificates& chain) {
  std::vector<std::string> all;
  for (const CertificatePtr& certificate : chain) all.push_back(der_of(certificate.get()));
  return all;
}

}  // namespace

Signer::Signer(KeyPtr key, Certificates chain, const SignatureAlgorithm& algorithm, SignerSources sources)
    : key_(std::move(key)),
      chain_(std::move(chain)),
      algorithm_(algorithm),
      sources_(std::move(sources)),
      protected_header_(protected_header(algorithm.cose, der_of_all(chain_))),
      stamp_room_(kStampRoomFirst) {
  const CertificateSummary summary = summary_of(chain_[0].get());
  organisation_ = summary.organisation.empty() ? summary.common_name : summary.organisation;
}

std::string Signer::random(size_t count) const {
  return sources_.random ? sources_.random(count) : random_bytes(count);
}

Result<void> Signer::check_dates() const {
  if (valid_at(chain_[0].get(), now())) return {};
  return Error{Code::unavailable, "chain.pem", "the signer's certificate is not valid now",
               "limner cert init DIR makes another"};
}

Result<std::string> Signer::sign_claim(std::string_view claim) const { return sign_claim(claim, 0); }

Result<std::string> Signer::sign_claim(std::string_view claim, size_t room) const {
  const std::string signature =
      TRY(sign_bytes(algorithm_, key_.get(), signed_bytes(protected_header_, claim)));
  if (room == 0) return write_sign1(protected_header_, signature);
  const std::string message = stamped_bytes(protected_header_, signature);
  const std::string request = time_stamp_request(message, random(8));
  static const Certificates kNobody;
  const TrustAnchors* anchors = stamping().anchors.get();
  const std::string answer = TRY(stamping().ask(request));
  const AnsweredStamp answered =
      TRY(stamp_of_answer(answer, request, message, anchors ? anchors->authorities() : kNobody));
  if (anchors && !answered.stamp.trusted)
    return Error{
        Code::forbidden,
        "time stamp",
        fmt::format("no path leads from {} to an authority that is trusted", answered.stamp.authority),
        {}};
  stamp_room_ = answered.token.size() + kStampRoomMore;
  if (answered.token.size() > room)
    return Error{Code::too_large, "time stamp", fmt::format("has {} bytes", answered.token.size()), {}};
  return write_stamped_sign1(protected_header_, signature, answered.token, room);
}

std::string Signer::blank_signature(size_t room) const {
  const std::string signature(kSignatureBytes, '\0');
  if (room == 0) return write_sign1(protected_header_, signature);
  return write_stamped_sign1(protected_header_, signature, {}, room);
}

std::string signer_fingerprint(const Signer& signer) {
  return to_hex(sha256_bytes(der_of(signer.certificate())));
}

namespace {

Result<SignerPtr> signer_of(KeyPtr key, const char* key_file, std::string_view chain_pem,
                            SignerSources sources) {
  Certificates chain = TRY(read_pem_certificates(chain_pem, "chain.pem", kCertificatesMax));
  const SignatureAlgorithm* algorithm = TRY(signing_algorithm(key.get(), key_file));
  X509* own = chain[0].get();
  if (X509_check_private_key(own, key.get()) != 1) {
    take_openssl_error();
    return invalid("chain.pem", fmt::format("its first certificate is not that of {}", key_file));
  }
  if (const auto fault = profile_fault(own))
    return invalid("chain.pem", fmt::format("the certificate may not sign claims: {}", *fault));
  return std::make_shared<const Signer>(std::move(key), std::move(chain), *algorithm, std::move(sources));
}

Result<SignerPtr> token_signer(std::string uri, std::string_view chain, SignerSources sources) {
  while (!uri.empty() && (uri.back() == '\n' || uri.back() == '\r')) uri.pop_back();
  return signer_of(TRY(load_token_key(uri, kTokenUriFile)), kTokenUriFile, chain, std::move(sources));
}

}  // namespace

Result<SignerPtr> make_signer(std::string_view key_pem, std::string_view chain_pem, SignerSources sources) {
  return signer_of(TRY(read_pem_key(key_pem, "key.pem")), "key.pem", chain_pem, std::move(sources));
}

Result<SignerPtr> load_signer(const std::filesystem::path& folder, SignerSources sources) {
  std::error_code error;
  // A key.pem that was left beside the URI of a token is not to be used by mistake.
  const bool on_token = std::filesystem::exists(folder / kTokenUriFile, error);
  const std::string key = TRY(read_file(folder / (on_token ? kTokenUriFile : "key.pem"), kPemBytesMax));
  const std::string chain = TRY(read_file(folder / "chain.pem", kPemBytesMax));
  Result<SignerPtr> made =
      on_token ? token_signer(key, chain, std::move(sources)) : make_signer(key, chain, std::move(sources));
  if (!made) made.error().field = (folder / made.error().field).string();
  return made;
}

}  // namespace limner
