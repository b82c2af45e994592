#pragma once
// The key stream of marked noises, as both who marks and who reads lay it out. Internal to watermark/.

#include <string>

#include "watermark/bch.h"
#include "watermark/watermark.h"

namespace limner {

inline constexpr int kNonces = 1 << 16;
/// Values are laid out in rows of one for each bit of the code word; a row takes this many bytes of the
/// stream and leaves its last bit unused.
inline constexpr size_t kRowBytes = 16;

inline size_t noise_rows(size_t values) { return (values + kCodeBits - 1) / kCodeBits; }

/// The cipher's key: not the secret itself, which other things are made of.
std::string noise_cipher_key(const WatermarkKey& key);

/// kRowBytes for each of `rows` rows; bit b % 8 of byte b / 8 is for bit b of the code word.
std::string noise_stream(const std::string& cipher_key, uint16_t nonce, size_t rows);

}  // namespace limner
