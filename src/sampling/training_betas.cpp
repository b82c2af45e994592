#include "sampling/training_betas.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace limner {
namespace {

std::vector<float> cosine_betas(int count) {
  constexpr double kBetaMax = 0.999;
  const auto alpha_bar = [](double t) {
    const double cosine = std::cos((t + 0.008) / 1.008 * std::numbers::pi / 2);
    return cosine * cosine;
  };
  std::vector<float> betas(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    const double here = static_cast<double>(i) / count, next = static_cast<double>(i + 1) / count;
    betas[static_cast<size_t>(i)] =
        static_cast<float>(std::min(1 - alpha_bar(next) / alpha_bar(here), kBetaMax));
  }
  return betas;
}

}  // namespace

std::vector<float> torch_linspace(float start, float end, int count) {
  std::vector<float> values(static_cast<size_t>(count), start);
  if (count < 2) return values;
  const float step = (end - start) / static_cast<float>(count - 1);
  for (int i = 0; i < count; ++i) {
    // torch counts the second half down from the end, so that the end is met exactly.
    const bool first_half = i < count / 2;
    const float index = static_cast<float>(first_half ? i : count - 1 - i);
    values[static_cast<size_t>(i)] = first_half ? std::fma(step, index, start) : std::fma(-step, index, end);
  }
  return values;
}

Result<std::vector<float>> betas_of(std::string_view beta_schedule, double beta_start, double beta_end,
                                    int count, std::string_view field) {
  if (beta_schedule == "linear")
    return torch_linspace(static_cast<float>(beta_start), static_cast<float>(beta_end), count);
  if (beta_schedule == "scaled_linear") {
    const float start = static_cast<float>(std::sqrt(beta_start)),
                end = static_cast<float>(std::sqrt(beta_end));
    std::vector<float> betas = torch_linspace(start, end, count);
    for (float& beta : betas) beta *= beta;
    return betas;
  }
  if (beta_schedule == "squaredcos_cap_v2") return cosine_betas(count);
  return unsupported(std::string(field),
                     fmt::format("\"{}\" is not linear, scaled_linear or squaredcos_cap_v2", beta_schedule));
}

std::vector<float> rescale_zero_terminal_snr(std::span<const float> betas) {
  std::vector<float> roots = alphas_cumprod(betas);
  for (float& root : roots) root = std::sqrt(root);
  const float first = roots.front(), last = roots.back();
  for (float& root : roots) {
    root -= last;
    root *= first / (first - last);
  }
  std::vector<float> rescaled(betas.size());
  float previous = 1;
  for (size_t t = 0; t < roots.size(); ++t) {
    const float alpha_bar = roots[t] * roots[t];
    rescaled[t] = 1 - alpha_bar / previous;
    previous = alpha_bar;
  }
  return rescaled;
}

std::vector<float> alphas_cumprod(std::span<const float> betas) {
  std::vector<float> products(betas.size());
  double product = 1;
  for (size_t t = 0; t < betas.size(); ++t) {
    product *= static_cast<double>(1 - betas[t]);
    products[t] = static_cast<float>(product);
  }
  return products;
}

}  // namespace limner
