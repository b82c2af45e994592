#include "sampling/schedules/beta_quantile.h"

#include <cmath>

namespace limner {
namespace {

// The continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz's method. Converges fast
// for x < (a + 1) / (a + b + 2).
double continued_fraction(double x, double a, double b) {
  constexpr double kTiny = 1e-300;
  const auto away_from_zero = [](double value) { return std::fabs(value) < kTiny ? kTiny : value; };
  double c = 1, d = 1 / away_from_zero(1 - (a + b) * x / (a + 1)), value = d;
  for (int m = 1; m <= 300; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away_from_zero(1 + even * d);
    c = away_from_zero(1 + even / c);
    value *= c * d;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away_from_zero(1 + odd * d);
    c = away_from_zero(1 + odd / c);
    value *= c * d;
    if (std::fabs(c * d - 1) < 1e-16) break;
  }
  return value;
}

double log_density(double x, double a, double b) {
  return a * std::log(x) + b * std::log1p(-x) + std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b);
}

double distribution(double x, double a, double b) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front = std::exp(log_density(x, a, b));
  if (x < (a + 1) / (a + b + 2)) return front * continued_fraction(x, a, b) / a;
  return 1 - front * continued_fraction(1 - x, b, a) / b;
}

}  // namespace

double beta_quantile(double p, double a, double b) {
  if (p <= 0) return 0;
  if (p >= 1) return 1;
  // Near 1 the quantile is found from the other tail, where doubles are dense.
  if (p > distribution(0.5, a, b)) return 1 - beta_quantile(1 - p, b, a);
  double low = 0, high = 0.5, x = 0.25;
  for (int i = 0; i < 200 && high - low > 1e-17 * high; ++i) {
    const double error = distribution(x, a, b) - p;
    (error > 0 ? high : low) = x;
    // Newton's step, unless it leaves the bracket.
    const double newton = x - error / (std::exp(log_density(x, a, b)) / (x * (1 - x)));
    const double next = newton > low && newton < high ? newton : (low + high) / 2;
    if (next == x) break;
    x = next;
  }
  return x;
}

}  // namespace limner
