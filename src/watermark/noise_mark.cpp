#include "watermark/noise_mark.h"

#include "base/check.h"
#include "base/crypto.h"
#include "watermark/noise_stream.h"
#include "watermark/payload.h"

namespace limner {

int noise_id_bits(size_t values) { return values < kBriefNoiseValues ? kBriefIdBits : kWatermarkIdBits; }

uint16_t noise_nonce(const WatermarkKey& key, uint64_t seed) {
  std::string message = "limner noise nonce 1 ";
  for (int shift = 56; shift >= 0; shift -= 8) message += static_cast<char>(seed >> shift & 255u);
  const std::string mac = hmac_sha256(key.secret, message);
  return static_cast<uint16_t>(static_cast<unsigned char>(mac[0]) << 8 | static_cast<unsigned char>(mac[1]));
}

std::string noise_cipher_key(const WatermarkKey& key) {
  return hmac_sha256(key.secret, std::string("limner noise cipher 1 ") + static_cast<char>(key.label));
}

std::string noise_stream(const std::string& cipher_key, uint16_t nonce, size_t rows) {
  std::string bytes(12, '\0');
  bytes[0] = static_cast<char>(nonce >> 8);
  bytes[1] = static_cast<char>(nonce & 255u);
  return chacha20_stream(cipher_key, bytes, rows * kRowBytes);
}

std::vector<uint64_t> noise_signs(const WatermarkKey& key, WatermarkId id, uint64_t seed, size_t count) {
  LIMNER_CHECK(count >= kNoiseValuesMin, "a noise this small carries nothing");
  const CodeWord word = encode_id(id, noise_id_bits(count), key, Carriers(key));
  const std::string stream = noise_stream(noise_cipher_key(key), noise_nonce(key, seed), noise_rows(count));
  std::vector<uint64_t> signs((count + 63) / 64, 0);
  for (size_t i = 0; i < count; ++i) {
    const size_t row = i / kCodeBits, bit = i % kCodeBits;
    const bool toss = (static_cast<unsigned char>(stream[row * kRowBytes + bit / 8]) >> (bit % 8) & 1u) != 0;
    if (toss != word.bit(static_cast<int>(bit))) signs[i / 64] |= uint64_t{1} << (i % 64);
  }
  return signs;
}

}  // namespace limner
