#pragma once
// An id as a code word, and back.

#include <optional>

#include "watermark/bch.h"
#include "watermark/carriers.h"

namespace limner {

/// The code word for the low `id_bits` (40 or 20) bits of `id`.
///
/// 40: BCH(127, 64), t = 10: 40 bits of id, 8 of label, CRC-16 of both. 20: BCH(127, 36), t = 15: 20 bits of
/// id, CRC-16 of id and label. Payloads are mixed with bits of the key.
CodeWord encode_id(WatermarkId id, int id_bits, const WatermarkKey& key, const Carriers& carriers);

/// An id that was read.
struct DecodedId {
  WatermarkId id;
  int id_bits = 0;
  double p_value = 1;
};

/// Readings with a larger p-value are none.
inline constexpr double kPValueMax = 1e-8;

/// Decodes the bits in `soft`. `attempts` is how many such calls are made for one picture, `order` how hard
/// to try (see BchCode::decode). An id is accepted if its checksum and label are right, and its word fits
/// `soft` so well that noise would hardly have one. The chance that some word of 2^k does in noise is at most
/// 2^k Q(correlation / sqrt(127)) by how well it fits, and 2^k sum of C(127, i) over i <= errors / 2^127 by
/// how many signs are wrong: marking gives weak carriers the right sign, not much strength, so the second
/// often says more. p = attempts * 2 * the smaller * 2^-check bits.
std::optional<DecodedId> decode_id(const SoftValues& soft, const WatermarkKey& key, const Carriers& carriers,
                                   int attempts, int order);

}  // namespace limner
