#pragma once
// Private keys that stay on a token (a smart card, an HSM): PKCS#11, by OpenSSL's engine of that name.

#include <string>
#include <string_view>

#include "base/result.h"
#include "provenance/x509/openssl_handles.h"

namespace limner {

inline constexpr size_t kTokenUriBytesMax = 4096;

/// The private key that a PKCS#11 URI names (RFC 7512): "pkcs11:token=prod;object=signing?module-path=
/// /usr/lib/softhsm/libsofthsm2.so&pin-source=/run/secrets/pin". pin-source is a file, read here;
/// module-path is the token's library, p11-kit's own without it. pin-value is refused: a PIN in a file of
/// names gets into backups. Needs OpenSSL's engine "pkcs11" (Debian: libengine-pkcs11-openssl). Of one
/// process all URIs must name the same module. Errors name `field`, never the PIN: `invalid` for a URI that
/// cannot be read, `unavailable` if engine, token or key are not there.
Result<KeyPtr> load_token_key(std::string_view uri, const std::string& field);

}  // namespace limner
