#include "provenance/manifest/write_manifest.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/crypto.h"
#include "base/version.h"
#include "provenance/jumbf/box.h"

namespace limner {
namespace {

constexpr std::string_view kClaimLabel = "c2pa.claim.v2", kSignatureLabel = "c2pa.signature";

// Claim v2 (C2PA 2.4, 10.3). All assertions are "created": the signer answers for them.
std::string write_claim(const ManifestDraft& draft, const std::vector<Assertion>& assertions) {
  std::vector<Cbor> created;
  for (const Assertion& assertion : assertions) created.push_back(hashed_uri(assertion));
  Cbor claim = Cbor::map(
      {{"instanceID", Cbor::text(draft.instance_id)},
       {"claim_generator_info",
        Cbor::map({{"name", Cbor::text("Limner")}, {"version", Cbor::text(kVersion)}})},
       {"signature", Cbor::text(fmt::format("self#jumbf=/c2pa/{}/{}", draft.label, kSignatureLabel))},
       {"created_assertions", Cbor::array(std::move(created))},
       {"alg", Cbor::text("sha256")}});
  if (!draft.title.empty()) claim.add("dc:title", Cbor::text(draft.title));
  return encode_cbor(claim);
}

std::string cbor_superbox(std::string_view kind, std::string_view label, std::string_view content) {
  return write_superbox(kind, label, write_box("cbor", content));
}

Result<std::string> write_with(const ManifestDraft& draft, const HardBinding& binding, bool odd,
                               const SignClaim& sign) {
  std::vector<Assertion> assertions = draft.assertions;
  assertions.push_back(make_assertion(kHashDataLabel, hash_data_content(binding, odd)));
  std::string boxes;
  for (const Assertion& assertion : assertions) boxes += assertion.superbox;
  const std::string claim = write_claim(draft, assertions);
  const std::string signature = TRY(sign(claim));
  const std::string manifest = write_superbox("c2ma", draft.label,
                                              write_superbox("c2as", "c2pa.assertions", boxes) +
                                                  cbor_superbox("c2cl", kClaimLabel, claim) +
                                                  cbor_superbox("c2cs", kSignatureLabel, signature));
  return write_superbox("c2pa", "c2pa", draft.kept + manifest);
}

}  // namespace

Result<std::string> write_store(const ManifestDraft& draft, const HardBinding& binding,
                                const std::string& blank, const SignClaim& sign) {
  const auto unsigned_yet = [&](std::string_view) -> Result<std::string> { return blank; };
  const std::string even = TRY(write_with(draft, binding, false, unsigned_yet));
  return write_with(draft, binding, even.size() % 2 != 0, sign);
}

std::string uuid_text(std::string random) {
  LIMNER_CHECK(random.size() == 16, "a UUID has 16 bytes");
  random[6] = static_cast<char>((random[6] & 0x0F) | 0x40);
  random[8] = static_cast<char>((random[8] & 0x3F) | 0x80);
  const std::string hex = to_hex(random);
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20));
}

}  // namespace limner
