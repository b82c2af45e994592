#include "nets/unet_blocks.h"

namespace limner {
namespace {

// Fixed in diffusers, whatever norm_eps says.
constexpr float kTransformerGroupNormEps = 1e-6f;
constexpr float kLayerNormEps = 1e-5f;
// The feed-forward's width, in widths of its input.
constexpr int64_t kFeedForwardFactor = 4;

}  // namespace

UnetBlocks::UnetBlocks(Graph& g, const UnetConfig& config, Value time, Value context)
    : g_(g), config_(config), time_(g.activation(time, config.activation)), context_(context) {}

Value UnetBlocks::residual(Value x, const Scope& scope, int64_t channels, float divisor) {
  const auto norm = [&](Value value, std::string_view name) {
    return g_.group_norm(value, scope / name, config_.norm_groups, config_.norm_eps);
  };
  const auto act = [&](Value value) { return g_.activation(value, config_.activation); };
  const auto a_pixel = [&](Value vector) {
    return g_.reshape(vector, Shape{g_.shape(vector)[0], 1, 1, channels});
  };

  Value h = g_.conv2d(act(norm(x, "norm1")), scope / "conv1", {.out = channels, .few_pixels = few_pixels_});
  if (config_.scale_shift) {
    const Value time = g_.linear(time_, scope / "time_emb_proj", 2 * channels);
    const Value scale = g_.affine(g_.slice(time, 0, channels), 1, 1);
    const Value shift = g_.slice(time, channels, channels);
    h = g_.add(g_.mul(norm(h, "norm2"), a_pixel(scale)), a_pixel(shift));
  } else {
    h = norm(g_.add(h, a_pixel(g_.linear(time_, scope / "time_emb_proj", channels))), "norm2");
  }
  h = g_.conv2d(act(h), scope / "conv2", {.out = channels, .few_pixels = few_pixels_});
  if (g_.shape(x).back() != channels)
    x = g_.conv2d(x, scope / "conv_shortcut", {.out = channels, .kernel = 1});
  h = g_.add(h, x);
  return divisor == 1 ? h : g_.affine(h, 1 / divisor);
}

Value UnetBlocks::attend(Value x, Value to, const Scope& scope, int64_t heads) {
  const int64_t width = g_.shape(x).back();
  const Value q = g_.linear(x, scope / "to_q", width, /*bias=*/false);
  const Value k = g_.linear(to, scope / "to_k", width, /*bias=*/false);
  const Value v = g_.linear(to, scope / "to_v", width, /*bias=*/false);
  return g_.linear(g_.attention(q, k, v, heads), scope / "to_out" / 0, width);
}

Value UnetBlocks::transformer_block(Value x, const Scope& scope, const UnetStage& stage) {
  const int64_t width = g_.shape(x).back();
  const Value first = g_.layer_norm(x, scope / "norm1", kLayerNormEps);
  const Value attended_to = stage.only_cross_attention ? context_ : first;
  x = g_.add(x, attend(first, attended_to, scope / "attn1", stage.heads));

  const Value second = g_.layer_norm(x, scope / "norm2", kLayerNormEps);
  x = g_.add(x, attend(second, context_, scope / "attn2", stage.heads));

  const Value third = g_.layer_norm(x, scope / "norm3", kLayerNormEps);
  const Value gated = g_.geglu(g_.linear(third, scope / "ff.net.0.proj", 2 * kFeedForwardFactor * width));
  return g_.add(x, g_.linear(gated, scope / "ff.net.2", width));
}

Value UnetBlocks::transformer(Value x, const Scope& scope, const UnetStage& stage, int64_t depth) {
  const Shape picture = g_.shape(x);
  const Shape tokens{picture[0], picture[1] * picture[2], picture[3]};
  Value h = g_.group_norm(x, scope / "norm", config_.norm_groups, kTransformerGroupNormEps);
  // A 1x1 convolution or a linear map by config: the same map of a pixel's channels.
  h = g_.linear(g_.reshape(h, tokens), scope / "proj_in", stage.channels);
  for (int64_t block = 0; block < depth; ++block)
    h = transformer_block(h, scope / "transformer_blocks" / block, stage);
  h = g_.linear(h, scope / "proj_out", stage.channels);
  return g_.add(g_.reshape(h, picture), x);
}

Value UnetBlocks::stage_block(Value x, const Scope& scope, const UnetStage& stage, size_t index) {
  const auto number = static_cast<int64_t>(index);
  x = residual(x, scope / "resnets" / number, stage.channels);
  return stage.attention ? transformer(x, scope / "attentions" / number, stage, stage.depth[index]) : x;
}

Value UnetBlocks::downsample(Value x, const Scope& scope) {
  Conv2dOptions options{.out = g_.shape(x).back(), .stride = 2};
  if (config_.downsample_padding == 0) options.pad = {0, 0, 1, 1};
  return g_.conv2d(x, scope / "downsamplers" / 0 / "conv", options);
}

void UnetBlocks::down(std::vector<Value>& skips) {
  for (size_t level = 0; level < config_.down.size(); ++level) {
    const UnetStage& stage = config_.down[level];
    const Scope scope = Scope{"down_blocks"} / static_cast<int64_t>(level);
    set_few_pixels(level > 0 && level + 1 == config_.down.size());
    for (size_t i = 0; i < stage.depth.size(); ++i)
      skips.push_back(stage_block(skips.back(), scope, stage, i));
    if (level + 1 < config_.down.size()) skips.push_back(downsample(skips.back(), scope));
  }
}

Value UnetBlocks::middle(Value x) {
  if (config_.middle == UnetMiddle::none) return x;
  const UnetStage& stage = config_.middle_stage;
  const Scope scope{"mid_block"};
  x = residual(x, scope / "resnets" / 0, stage.channels, config_.middle_scale);
  if (config_.middle == UnetMiddle::residual) return x;
  x = transformer(x, scope / "attentions" / 0, stage, stage.depth.front());
  return residual(x, scope / "resnets" / 1, stage.channels, config_.middle_scale);
}

}  // namespace limner
