#pragma once

namespace limner {

/// The x in [0, 1] below which a Beta(a, b) variable lies with probability `p`; scipy.stats.beta.ppf to
/// 1e-13. p in [0, 1], a and b in (0, 10].
double beta_quantile(double p, double a, double b);

/// Both shapes of the distribution whose quantiles are noise levels. Lee et al. 2024 (arXiv:2407.12173).
inline constexpr double kBetaShape = 0.6;

}  // namespace limner
