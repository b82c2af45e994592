#include <immintrin.h>

#include "similarity/hamming_scan.h"

namespace limner {
namespace {

// Bits of each byte by its two halves in a table (Mula, Kurz, Lemire 2018, "Faster population counts using
// AVX2 instructions"); four sums of eight bytes come out.
inline __m256i bits_in_quarters(__m256i value) {
  const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2,
                                         3, 1, 2, 2, 3, 2, 3, 3, 4);
  const __m256i low_half = _mm256_set1_epi8(15);
  const __m256i low = _mm256_shuffle_epi8(table, _mm256_and_si256(value, low_half));
  const __m256i high = _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(value, 4), low_half));
  return _mm256_sad_epu8(_mm256_add_epi8(low, high), _mm256_setzero_si256());
}

inline __m256i load(const PdqHash& hash) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(hash.words.data()));
}

// The sums of four hashes side by side: lane i of the result is the distance of hash i.
inline __m256i distances_of_four(const PdqHash* hashes, __m256i query) {
  const __m256i a = bits_in_quarters(_mm256_xor_si256(load(hashes[0]), query));
  const __m256i b = bits_in_quarters(_mm256_xor_si256(load(hashes[1]), query));
  const __m256i c = bits_in_quarters(_mm256_xor_si256(load(hashes[2]), query));
  const __m256i d = bits_in_quarters(_mm256_xor_si256(load(hashes[3]), query));
  const __m256i ab = _mm256_add_epi64(_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
  const __m256i cd = _mm256_add_epi64(_mm256_unpacklo_epi64(c, d), _mm256_unpackhi_epi64(c, d));
  return _mm256_add_epi64(_mm256_permute2x128_si256(ab, cd, 0x20), _mm256_permute2x128_si256(ab, cd, 0x31));
}

}  // namespace

void scan_near_avx2(std::span<const PdqHash> hashes, const PdqHash& query, int distance_max,
                    std::vector<NearHash>& found) {
  constexpr size_t kAhead = 32;  // hashes; what the hardware prefetches by itself is not enough
  const __m256i wanted = load(query), far = _mm256_set1_epi64x(distance_max + 1);
  size_t i = 0;
  for (; i + 4 <= hashes.size(); i += 4) {
    _mm_prefetch(reinterpret_cast<const char*>(hashes.data() + i) + kAhead * sizeof(PdqHash), _MM_HINT_T0);
    _mm_prefetch(reinterpret_cast<const char*>(hashes.data() + i + 2) + kAhead * sizeof(PdqHash),
                 _MM_HINT_T0);
    const __m256i distances = distances_of_four(hashes.data() + i, wanted);
    const __m256i near = _mm256_cmpgt_epi64(far, distances);
    if (_mm256_testz_si256(near, near)) [[likely]]
      continue;
    for (size_t j = i; j < i + 4; ++j) {
      const int distance = hamming_distance(hashes[j], query);
      if (distance <= distance_max) found.push_back({static_cast<uint32_t>(j), distance});
    }
  }
  for (; i < hashes.size(); ++i) {
    const int distance = hamming_distance(hashes[i], query);
    if (distance <= distance_max) found.push_back({static_cast<uint32_t>(i), distance});
  }
}

}  // namespace limner
