#include "provenance/manifest/kept_manifests.h"

#include <fmt/format.h>

#include "base/crypto.h"
#include "provenance/carrier/carrier.h"
#include "provenance/jumbf/box.h"
#include "provenance/verify.h"

namespace limner {
namespace {

Cbor reference(const std::string& url, const Jumbf& box) {
  return Cbor::map({{"url", Cbor::text(url)}, {"hash", Cbor::bytes(sha256_bytes(box.bytes))}});
}

// Where a finding belongs: findings name a box by its label or by a URI that ends in it.
std::string url_of(const SignatureFinding& finding, const std::string& manifest) {
  if (finding.code.starts_with("claimSignature") || finding.code.starts_with("signingCredential"))
    return manifest + "/c2pa.signature";
  const size_t slash = finding.about.rfind('/');
  const std::string label = slash == std::string::npos ? finding.about : finding.about.substr(slash + 1);
  return finding.code.starts_with("assertion.") ? manifest + "/c2pa.assertions/" + label : manifest;
}

Cbor results_of(const SignatureReport& report, const std::string& manifest) {
  std::vector<Cbor> success, informational, failure;
  for (const SignatureFinding& finding : report.findings) {
    Cbor status =
        Cbor::map({{"code", Cbor::text(finding.code)}, {"url", Cbor::text(url_of(finding, manifest))}});
    if (!finding.message.empty()) status.add("explanation", Cbor::text(finding.message));
    auto& list = finding.outcome == SignatureFinding::Outcome::success ? success
                 : finding.outcome == SignatureFinding::Outcome::note  ? informational
                                                                       : failure;
    list.push_back(std::move(status));
  }
  return Cbor::map({{"activeManifest", Cbor::map({{"success", Cbor::array(std::move(success))},
                                                  {"informational", Cbor::array(std::move(informational))},
                                                  {"failure", Cbor::array(std::move(failure))}})}});
}

}  // namespace

std::optional<KeptManifests> keep_manifests(const ParentPicture& parent, TimeUs now) {
  const Result<Format> format = sniff_format(as_bytes(parent.file), "parent");
  if (!format) return std::nullopt;
  const Result<CarriedStore> carried = find_store(*format, parent.file);
  if (!carried || carried->store.empty() || carried->store.size() > kKeptBytesMax) return std::nullopt;
  const Result<Jumbf> store = read_jumbf(carried->store, "parent");
  if (!store || store->kind != "c2pa" || store->label != "c2pa" || store->boxes.empty()) return std::nullopt;
  const Jumbf& active = store->boxes.back();
  const Jumbf* signature = active.find("c2pa.signature");
  if (active.kind != "c2ma" || active.label.empty() || !signature) return std::nullopt;
  const TrustAnchorsPtr nobody = make_trust_anchors({}, "trust").value();
  const SignatureReport report =
      verify_store(carried->store, {parent.file, carried->start, carried->length}, *nobody, now);
  const std::string url = fmt::format("self#jumbf=/c2pa/{}", active.label);
  KeptManifests kept;
  for (const Jumbf& box : store->boxes) kept.boxes += write_box("jumb", box.bytes);
  kept.active_manifest = reference(url, active);
  kept.claim_signature = reference(url + "/c2pa.signature", *signature);
  kept.validation_results = results_of(report, url);
  return kept;
}

}  // namespace limner
