#pragma once
// A signer from inside. Internal to provenance/.

#include <atomic>
#include <string>
#include <vector>

#include "provenance/sign.h"
#include "provenance/x509/certificate.h"
#include "provenance/x509/signature_algorithm.h"

namespace limner {

class Signer {
 public:
  Signer(KeyPtr key, Certificates chain, const SignatureAlgorithm& algorithm, SignerSources sources);

  const std::string& organisation() const { return organisation_; }
  X509* certificate() const { return chain_[0].get(); }
  TimeUs now() const { return sources_.now(); }
  std::string random(size_t count) const;
  /// `unavailable` if the certificate is not valid now.
  Result<void> check_dates() const;
  /// The COSE_Sign1 over a claim, without a time stamp. Always of the same size.
  Result<std::string> sign_claim(std::string_view claim) const;
  /// The same with a time stamp in so much room; 0: without. `too_large` if the stamp needs more, which is
  /// from then on what stamp_room() says; what the authority or the way to it lacks is `unavailable`.
  Result<std::string> sign_claim(std::string_view claim, size_t room) const;
  /// As many bytes as a signature has.
  std::string blank_signature(size_t room = 0) const;

  const TimeStamping& stamping() const { return sources_.stamping; }
  /// What a time stamp is likely to need: as much as the last one, and somewhat more.
  size_t stamp_room() const { return stamp_room_; }

 private:
  KeyPtr key_;
  Certificates chain_;
  const SignatureAlgorithm& algorithm_;
  SignerSources sources_;
  std::string protected_header_, organisation_;
  mutable std::atomic<size_t> stamp_room_;
};

}  // namespace limner
