#pragma once
// Time stamps of an authority (RFC 3161): what shows later that a signature was there already.

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "provenance/verify.h"

namespace limner {

/// How signatures are stamped. What is called here is called from whatever thread signs.
struct TimeStamping {
  /// Takes a TimeStampReq to the authority and brings its TimeStampResp, both in DER; its bytes are hostile.
  /// Empty: nothing is stamped.
  std::function<Result<std::string>(std::string_view request)> ask = {};
  /// Whether a signature without a stamp is an error; else it is made without.
  bool required = false;
  /// The authorities' roots: a stamp of another is none. Null: the stamp's signature is checked, and not who
  /// made it.
  TrustAnchorsPtr anchors = {};
  /// Told of each signature that is stamped, with null, or is not, with the reason. May be empty.
  std::function<void(const Error*)> told = {};
};

}  // namespace limner
