#pragma once
// Bytes that nobody can guess, signatures with a shared secret, and bytes as text.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace limner {

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span<const char>(text.data(), text.size()));
}

/// `count` bytes from the system's cryptographic generator.
std::string random_bytes(size_t count);

/// The 32 bytes of SHA-256 / HMAC-SHA-256 (RFC 2104).
std::string sha256_bytes(std::string_view bytes);
std::string hmac_sha256(std::string_view key, std::string_view message);

/// The first `count` bytes of ChaCha20's key stream (RFC 8439, 2.4), its block counter beginning at 0. `key`
/// has 32 bytes, `nonce` 12.
std::string chacha20_stream(std::string_view key, std::string_view nonce, size_t count);

/// Lower-case hexadecimal.
std::string to_hex(std::string_view bytes);

/// RFC 4648 base 64: the standard alphabet with padding, and the URL-safe one without.
std::string to_base64(std::string_view bytes);
std::string to_base64url(std::string_view bytes);
/// Reads either alphabet, with or without padding; white space is skipped. Anything else, or a result of more
/// than `bytes_max` bytes, is `invalid` or `too_large` with `field`.
Result<std::string> from_base64(std::string_view text, std::string_view field, size_t bytes_max);

/// Equality whose time does not tell where the difference lies.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace limner
