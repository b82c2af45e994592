#pragma once
// Trust anchors from inside. Internal to provenance/.

#include "provenance/verify.h"
#include "provenance/x509/certificate.h"

namespace limner {

class TrustAnchors {
 public:
  explicit TrustAnchors(Certificates certificates) : certificates_(std::move(certificates)) {}
  const Certificates& certificates() const { return certificates_; }

 private:
  Certificates certificates_;
};

}  // namespace limner
