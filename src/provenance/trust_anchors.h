#pragma once
// Trust anchors from inside. Internal to provenance/.

#include "provenance/verify.h"
#include "provenance/x509/certificate.h"

namespace limner {

class TrustAnchors {
 public:
  TrustAnchors(Certificates certificates, Certificates authorities)
      : certificates_(std::move(certificates)), authorities_(std::move(authorities)) {}
  const Certificates& certificates() const { return certificates_; }
  /// Of authorities for time stamps, which may sign nothing else.
  const Certificates& authorities() const { return authorities_; }

 private:
  Certificates certificates_, authorities_;
};

}  // namespace limner
