#pragma once
// Ed25519 (RFC 8032).

#include <string>
#include <string_view>

namespace limner {

inline constexpr size_t kEd25519KeyBytes = 32;
inline constexpr size_t kEd25519SignatureBytes = 64;

/// The public key of a seed; both of 32 bytes.
std::string ed25519_public_key(std::string_view seed);
/// The signature's 64 bytes.
std::string ed25519_sign(std::string_view seed, std::string_view message);
/// False for keys and signatures of another size, too.
bool ed25519_verify(std::string_view public_key, std::string_view message, std::string_view signature);

}  // namespace limner
