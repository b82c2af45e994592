#pragma once
// exp, erf and tanh of a register. The polynomials are our own minimax fits (Lawson's iteration on Chebyshev
// nodes); errors are the largest over every seventh float of magnitude 2^-32 to 128, with and without FMA.

#include "backend/cpu/kernels/vec.h"

namespace limner::cpu::LIMNER_ISA {

/// c[0] + c[1] x + c[2] x^2 ...
template <int N>
inline F polynomial(F x, const float (&c)[N]) {
  F p = splat(c[N - 1]);
  for (int i = N - 2; i >= 0; --i) p = fma(p, x, c[i]);
  return p;
}

/// 2^n for n in [-127, 127]; -127 gives zero.
inline F power_of_two(I n) { return reinterpret_cast<F>((n + 127) << 23); }

/// e^x within 1 ULP, subnormal results included; inf beyond 88.73, 0 below -103.98.
inline F exp(F x) {
  constexpr float kLog2E = 1.44269504f, kLn2High = 0x1.62e4p-1f, kLn2Low = 1.42860677e-6f;
  constexpr float kRound = 0x1.8p23f;  // adding it leaves the nearest integer in the low bits
  static constexpr float kTail[] = {5.00000000e-1f, 1.66666672e-1f, 4.16662693e-2f,
                                    8.33326392e-3f, 1.39461039e-3f, 1.99184258e-4f};
  x = at_least(at_most(x, 89.0f), -104.0f);
  const F rounded = fma(x, kLog2E, kRound);
  const I n = reinterpret_cast<I>(rounded) - reinterpret_cast<I>(splat(kRound));
  const F whole = rounded - kRound;
  const F r = fma(whole, splat(-kLn2Low), fma(whole, splat(-kLn2High), x));
  const F p = fma(polynomial(r, kTail), r * r, r) + 1.0f;
  // In two steps: 2^n alone overflows before e^x does, and e^x may be subnormal.
  return p * power_of_two(n >> 1) * power_of_two(n - (n >> 1));
}

/// erf(x) within 1.3 ULP.
inline F erf(F x) {
  static constexpr float kNear[] = {1.28379166e-1f, -3.76126319e-1f, 1.12836875e-1f, -2.68589426e-2f,
                                    5.19990781e-3f, -8.13002174e-4f, 8.31680663e-5f};
  static constexpr float kFar[] = {-1.28652155e-1f, -6.35135889e-1f, -1.06263146e-1f, 2.37853490e-2f,
                                   -3.65376496e-3f, 3.25652945e-4f,  -1.15223174e-5f};
  const F t = at_most(abs(x), 4.0f);
  const F near = fma(polynomial(x * x, kNear), x, x);
  // log erfc(t) = -t + t P(t)
  const F far = with_sign(1.0f - exp(fma(polynomial(t, kFar), t, -t)), x);
  return t > splat(0.925f) ? far : near;
}

/// tanh(x) within 1.4 ULP.
inline F tanh(F x) {
  static constexpr float kNear[] = {-3.33333313e-1f, 1.33332476e-1f,  -5.39524741e-2f,
                                    2.17344388e-2f,  -8.26709066e-3f, 2.23106425e-3f};
  const F t = abs(x), square = x * x;
  const F near = fma(polynomial(square, kNear) * square, x, x);
  const F far = with_sign(1.0f - 2.0f / (exp(t + t) + 1.0f), x);
  return t > splat(0.6f) ? far : near;
}

}  // namespace limner::cpu::LIMNER_ISA
