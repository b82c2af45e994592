#include "watermark/payload.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "base/check.h"

namespace limner {
namespace {

constexpr int kLabelBits = 8, kCheckBits = 16;

const BchCode& full_code() {
  static const BchCode code(10);
  return code;
}

const BchCode& brief_code() {
  static const BchCode code(15);
  return code;
}

uint64_t low_bits(uint64_t value, int bits) { return value & ((uint64_t{1} << bits) - 1); }

// CRC-16/CCITT-FALSE: polynomial 0x1021, from 0xffff, over the 5 bytes of the id and the label.
uint64_t crc16(uint64_t id, uint8_t label) {
  uint32_t crc = 0xffff;
  const auto add = [&crc](uint32_t byte) {
    crc ^= byte << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000u ? crc << 1 ^ 0x1021u : crc << 1) & 0xffffu;
  };
  for (int shift = 32; shift >= 0; shift -= 8) add(static_cast<uint32_t>(id >> shift & 255u));
  add(label);
  return crc;
}

uint64_t full_payload(uint64_t id, uint8_t label) {
  return id | static_cast<uint64_t>(label) << kWatermarkIdBits |
         crc16(id, label) << (kWatermarkIdBits + kLabelBits);
}

uint64_t brief_payload(uint64_t id, uint8_t label) { return id | crc16(id, label) << kBriefIdBits; }

// The share of all words of 127 bits that differ from a given one in at most `errors`.
double share_within(int errors) {
  double choices = 1, sum = 1;
  for (int i = 1; i <= errors; ++i) {
    choices *= static_cast<double>(kCodeBits + 1 - i) / i;
    sum += choices;
  }
  return std::ldexp(sum, -kCodeBits);
}

// How likely noise alone has a word that fits this well and passes the checks.
double p_value(const BchCode& code, const SoftDecoded& decoded, int attempts, int check_bits) {
  const double z = decoded.correlation / std::sqrt(static_cast<double>(kCodeBits));
  const double share = std::min(0.5 * std::erfc(z / std::sqrt(2.0)), share_within(decoded.errors));
  return attempts * std::min(1.0, 2 * std::ldexp(share, code.payload_bits())) * std::ldexp(1.0, -check_bits);
}

}  // namespace

CodeWord encode_id(WatermarkId id, int id_bits, const WatermarkKey& key, const Carriers& carriers) {
  const uint64_t low = low_bits(id.value, id_bits);
  if (id_bits == kWatermarkIdBits)
    return full_code().encode(full_payload(low, key.label) ^ carriers.payload_mask());
  LIMNER_CHECK(id_bits == kBriefIdBits, "ids have 40 or 20 bits");
  return brief_code().encode(brief_payload(low, key.label) ^ carriers.payload_mask());
}

std::optional<DecodedId> decode_id(const SoftValues& soft, const WatermarkKey& key, const Carriers& carriers,
                                   int attempts, int order) {
  // A picture of one colour has nothing along any carrier, which would be a word without errors.
  if (!(soft.noise > 0)) return std::nullopt;
  const std::span<const float, kCodeBits> bits(soft.carriers.data() + 1, kCodeBits);
  const SoftDecoded full = full_code().decode(bits, order);
  const uint64_t full_plain = full.payload ^ carriers.payload_mask();
  const uint64_t full_id = low_bits(full_plain, kWatermarkIdBits);
  const double full_p = p_value(full_code(), full, attempts, kLabelBits + kCheckBits);
  if (full_plain == full_payload(full_id, key.label) && full_p <= kPValueMax)
    return DecodedId{{full_id}, kWatermarkIdBits, full_p};

  const SoftDecoded brief = brief_code().decode(bits, order);
  const uint64_t brief_plain = low_bits(brief.payload ^ carriers.payload_mask(), brief_code().payload_bits());
  const uint64_t brief_id = low_bits(brief_plain, kBriefIdBits);
  const double brief_p = p_value(brief_code(), brief, attempts, kCheckBits);
  if (brief_plain == brief_payload(brief_id, key.label) && brief_p <= kPValueMax)
    return DecodedId{{brief_id}, kBriefIdBits, brief_p};
  return std::nullopt;
}

}  // namespace limner
