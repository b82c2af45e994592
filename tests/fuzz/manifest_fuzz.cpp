// Any bytes offered as a signed picture, and as a manifest store alone. Nothing may crash or hang, nobody is
// trusted where no root is, and what is invalid says nothing.

#include "base/check.h"
#include "provenance/manifest/check_manifest.h"
#include "provenance/verify.h"

namespace {

using namespace limner;

constexpr TimeUs kNow = 1'800'000'000 * kSecondUs;

void check_report(const SignatureReport& report) {
  LIMNER_CHECK(report.state != SignatureState::trusted, "nobody is trusted without a root");
  LIMNER_CHECK(report.state == SignatureState::valid || report.claim.is_null(),
               "a claim stands on a signature");
  LIMNER_CHECK(report.state != SignatureState::invalid || !report.findings.empty(), "invalid has a reason");
}

// What lies behind the signature, which a fuzzer cannot make.
void read_unsigned(std::string_view bytes) {
  const Result<Jumbf> store = read_jumbf(bytes, "store");
  if (!store || store->boxes.empty()) return;
  std::vector<SignatureFinding> findings;
  const std::optional<ReadManifest> manifest = read_manifest(*store, store->boxes.back(), findings);
  if (!manifest) return;
  check_assertions(*manifest, findings);
  check_actions(*manifest, findings);
  check_ingredients(*manifest, findings);
  check_hard_binding(*manifest, {bytes, 0, bytes.size()}, findings);
  static_cast<void>(summarize_claim(*manifest, {}).dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const TrustAnchorsPtr kNobody = make_trust_anchors({}, "trust").value();
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const Result<SignatureReport> report = verify_picture(bytes, *kNobody, kNow)) check_report(*report);
  check_report(verify_store(bytes, {}, *kNobody, kNow));
  read_unsigned(bytes);
  return 0;
}
