#pragma once
// A signer from inside. Internal to provenance/.

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
  TimeUs now() const { return sources_.now(); }
  std::string random(size_t count) const;
  /// `unavailable` if the certificate is not valid now.
  Result<void> check_dates() const;
  /// The COSE_Sign1 over a claim. Always of the same size.
  Result<std::string> sign_claim(std::string_view claim) const;
  /// As many bytes as a signature has.
  std::string blank_signature() const;

 private:
  KeyPtr key_;
  Certificates chain_;
  const SignatureAlgorithm& algorithm_;
  SignerSources sources_;
  std::string protected_header_, organisation_;
};

}  // namespace limner
