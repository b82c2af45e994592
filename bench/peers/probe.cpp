// What the machine can do at this moment: probe THREADS prints {"flops": .., "core_flops": .., "tile_flops":
// .., "read_bytes": ..}, all a second but for core_flops, which is a second of processor time.
//
// flops: multiplications and additions of bf16 pairs with f32 sums where the compiler has them for this CPU
// (24 independent sums, as many as registers allow), else of f32. tile_flops: the same by AMX, 0 without it.
// read_bytes: sums over memory far larger than caches.

#include <immintrin.h>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#if defined(__AMX_BF16__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

#if defined(__AVX512BF16__)
using Sum = __m512;
using Factor = __m512bh;
constexpr double kOperations = 64;
Sum zero() { return _mm512_setzero_ps(); }
Factor one() { return reinterpret_cast<Factor>(_mm512_set1_epi32(0x3f803f80)); }
Sum multiply(Sum sum, Factor a, Factor b) { return _mm512_dpbf16_ps(sum, a, b); }
float any(Sum sum) { return _mm512_cvtss_f32(sum); }
#elif defined(__FMA__)
using Sum = __m256;
using Factor = __m256;
constexpr double kOperations = 16;
Sum zero() { return _mm256_setzero_ps(); }
Factor one() { return _mm256_set1_ps(1); }
Sum multiply(Sum sum, Factor a, Factor b) { return _mm256_fmadd_ps(a, b, sum); }
float any(Sum sum) { return _mm256_cvtss_f32(sum); }
#else
#error "this CPU has no fused multiply-add"
#endif

#if defined(__AVX512F__)
constexpr int kSums = 24;
#else
constexpr int kSums = 12;
#endif

struct Rates {
  double flops = 0, core_flops = 0;
};

Rates rates(int threads) {
  constexpr int kRounds = 2'000'000;
  float sink = 0;
  const double began = now();
  const std::clock_t cpu_began = std::clock();
#pragma omp parallel num_threads(threads) reduction(+ : sink)
  {
    Sum sums[kSums];
    for (Sum& sum : sums) sum = zero();
    Factor a = one(), b = one();
    for (int i = 0; i < kRounds; ++i) {
      asm volatile("" : "+v"(a), "+v"(b));  // or the loop would be folded
#pragma GCC unroll 24
      for (int k = 0; k < kSums; ++k) sums[k] = multiply(sums[k], a, b);
    }
    for (const Sum& sum : sums) sink += any(sum);
  }
  const double seconds = now() - began;
  const double cpu_seconds = static_cast<double>(std::clock() - cpu_began) / CLOCKS_PER_SEC;
  const double work = sink < 0 ? 0 : threads * kRounds * kSums * kOperations;
  return {work / seconds, work / cpu_seconds};
}

#if defined(__AMX_BF16__)
/// Eight tiles of 16 rows of 64 bytes; four are sums.
struct alignas(64) TileShapes {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

// Not on the stack: GCC 12 believes that only its first 8 bytes are read.
constexpr TileShapes kTileShapes;

double tile_flops(int threads) {
  constexpr long kAskForFeature = 0x1023, kTileData = 18;  // arch_prctl
  if (syscall(SYS_arch_prctl, kAskForFeature, kTileData) != 0) return 0;
  constexpr int kRounds = 1'000'000;
  const double began = now();
#pragma omp parallel num_threads(threads)
  {
    alignas(64) const uint8_t zeros[1024] = {};
    _tile_loadconfig(&kTileShapes);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    _tile_loadd(4, zeros, 64);
    _tile_loadd(5, zeros, 64);
    _tile_loadd(6, zeros, 64);
    _tile_loadd(7, zeros, 64);
    for (int i = 0; i < kRounds; ++i) {
      _tile_dpbf16ps(0, 4, 6);
      _tile_dpbf16ps(1, 4, 7);
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
    _tile_release();
  }
  constexpr double kOperations = 2.0 * 16 * 16 * 32;
  return threads * 4.0 * kRounds * kOperations / (now() - began);
}
#else
double tile_flops(int) { return 0; }
#endif

double read_bytes(const std::vector<float>& memory, int threads) {
  float sink = 0;
  const double began = now();
#pragma omp parallel for num_threads(threads) reduction(+ : sink) schedule(static)
  for (size_t i = 0; i < memory.size(); i += 16) {
    float sum = 0;
    for (size_t k = 0; k < 16; ++k) sum += memory[i + k];
    sink += sum;
  }
  const double seconds = now() - began;
  return sink < 0 ? 0 : static_cast<double>(memory.size() * sizeof(float)) / seconds;
}

}  // namespace

int main(int count, char** arguments) {
  const int threads = count > 1 ? std::atoi(arguments[1]) : omp_get_max_threads();
  const std::vector<float> memory(size_t{64} << 20, 1.0f);
  Rates best;
  double best_read = 0, best_tiles = 0;
  for (int i = 0; i < 3; ++i) {
    const Rates seen = rates(threads);
    best = {std::max(best.flops, seen.flops), std::max(best.core_flops, seen.core_flops)};
    best_tiles = std::max(best_tiles, tile_flops(threads));
    best_read = std::max(best_read, read_bytes(memory, threads));
  }
  std::fprintf(stdout,
               "{\"flops\": %.4g, \"core_flops\": %.4g, \"tile_flops\": %.4g, \"read_bytes\": %.4g}\n",
               best.flops, best.core_flops, best_tiles, best_read);
}
