#include "sampling/samplers/unipc_updates.h"

#include <cmath>
#include <utility>

#include "base/check.h"

namespace limner {
namespace {

constexpr int kOrderMax = 3;
using Row = std::array<float, kOrderMax>;
using Matrix = std::array<Row, kOrderMax>;

/// Solves the leading n x n part of a * x = b by elimination with partial pivoting, as LAPACK's sgesv does.
Row solve(Matrix a, Row b, int n) {
  for (int column = 0; column < n; ++column) {
    int pivot = column;
    for (int row = column + 1; row < n; ++row)
      if (std::fabs(a[row][column]) > std::fabs(a[pivot][column])) pivot = row;
    std::swap(a[column], a[pivot]);
    std::swap(b[column], b[pivot]);
    for (int row = column + 1; row < n; ++row) {
      const float factor = a[row][column] / a[column][column];
      for (int i = column + 1; i < n; ++i) a[row][i] -= factor * a[column][i];
      b[row] -= factor * b[column];
    }
  }
  for (int row = n - 1; row >= 0; --row) {
    for (int i = row + 1; i < n; ++i) b[row] -= a[row][i] * b[i];
    b[row] /= a[row][row];
  }
  return b;
}

/// The weights rho that make the step exact for polynomials: sum over j of rho_j * ratio_j^(i - 1) = b_i, i
/// = 1..order. The last ratio is 1, the step's own end; the predictor leaves it and the last equation out.
struct Conditions {
  Matrix powers{};
  Row b{};
};

Conditions conditions(std::span<const float> ratios, float hh, float phi_1, float bh) {
  Conditions result;
  float phi_k = phi_1 / hh - 1;
  float factorial = 1;
  const int order = static_cast<int>(ratios.size());
  for (int i = 0; i < order; ++i) {
    for (int j = 0; j < order; ++j)
      result.powers[i][j] = i == 0 ? 1 : i == 1 ? ratios[j] : ratios[j] * ratios[j];
    result.b[i] = phi_k * factorial / bh;
    factorial *= static_cast<float>(i + 2);
    phi_k = phi_k / hh - 1 / factorial;
  }
  return result;
}

struct Step {
  UniPcUpdate update;
  Conditions conditions;
};

Step prepare(UniPcForm form, std::span<const VpLevel> past, const VpLevel& next) {
  LIMNER_CHECK(!past.empty() && past.size() <= kOrderMax, "steps are of order 1 to 3");
  const VpLevel& from = past[0];
  const float h = next.lambda - from.lambda;
  if (h == 0) return {};
  const float hh = form.predict_clean ? -h : h;
  const float phi_1 = std::expm1(hh);
  const float bh = form.type == UniPcType::bh1 ? hh : phi_1;
  const float scale = form.predict_clean ? next.alpha : next.sigma;
  Step step;
  UniPcUpdate& update = step.update;
  update.latent = form.predict_clean ? next.sigma / from.sigma : next.alpha / from.alpha;
  update.m0 = -(scale * phi_1);
  update.change = -(scale * bh);
  update.differences = static_cast<int>(past.size()) - 1;
  Row ratios{};
  for (int i = 0; i < update.differences; ++i)
    update.ratios[i] = ratios[i] = (past[i + 1].lambda - from.lambda) / h;
  ratios[past.size() - 1] = 1;
  step.conditions = conditions({ratios.data(), past.size()}, hh, phi_1, bh);
  return step;
}

}  // namespace

UniPcUpdate unipc_predictor(UniPcForm form, std::span<const VpLevel> past, const VpLevel& next) {
  auto [update, conditions] = prepare(form, past, next);
  if (update.differences == 0) update.change = 0;      // of nothing; towards sigma 0 bh1's weight is infinite
  if (update.differences == 1) update.rhos[0] = 0.5f;  // the paper's simplified second order
  if (update.differences == 2) {
    const Row rhos = solve(conditions.powers, conditions.b, 2);
    update.rhos = {rhos[0], rhos[1]};
  }
  return update;
}

UniPcUpdate unipc_corrector(UniPcForm form, std::span<const VpLevel> past, const VpLevel& next) {
  auto [update, conditions] = prepare(form, past, next);
  const int order = update.differences + 1;
  const Row rhos = order == 1 ? Row{0.5f} : solve(conditions.powers, conditions.b, order);
  for (int i = 0; i < update.differences; ++i) update.rhos[i] = rhos[i];
  update.rho_now = rhos[order - 1];
  return update;
}

void apply(const UniPcUpdate& u, std::span<const std::span<const float>> outputs, std::span<const float> now,
           std::span<const float> x, std::span<float> out) {
  const float* m0 = outputs[0].data();
  for (size_t i = 0; i < x.size(); ++i) {
    float change = 0;
    for (int k = 0; k < u.differences; ++k) change += u.rhos[k] * ((outputs[k + 1][i] - m0[i]) / u.ratios[k]);
    if (!now.empty()) change += u.rho_now * (now[i] - m0[i]);
    const float base = u.latent * x[i] + u.m0 * m0[i];
    out[i] = base + u.change * change;
  }
}

}  // namespace limner
