#include "nets/controlnet.h"

#include <fmt/format.h>

#include "nets/unet_blocks.h"
#include "nets/unet_half_config.h"
#include "nets/unet_inputs.h"

namespace limner {
namespace {

// The condition, down to the latents' resolution.
Value embed_condition(Graph& g, const ControlNetConfig& config, Value condition) {
  const Scope scope{"controlnet_cond_embedding"};
  const std::vector<int64_t>& channels = config.condition_embedding;
  if (config.condition_is_bgr)
    condition = g.concat({g.slice(condition, 2, 1), g.slice(condition, 1, 1), g.slice(condition, 0, 1)});
  Value x = g.silu(g.conv2d(condition, scope / "conv_in", {.out = channels.front()}));
  for (size_t level = 1; level < channels.size(); ++level) {
    const auto block = static_cast<int64_t>(2 * (level - 1));
    x = g.silu(g.conv2d(x, scope / "blocks" / block, {.out = channels[level - 1]}));
    x = g.silu(g.conv2d(x, scope / "blocks" / (block + 1), {.out = channels[level], .stride = 2}));
  }
  return g.conv2d(x, scope / "conv_out", {.out = config.unet.down.front().channels});
}

// The mean over a picture's pixels, at every pixel. Attention whose scores are all equal is that mean.
Value pool(Graph& g, Value x, int64_t heads) {
  const Shape picture = g.shape(x);
  const int64_t batch = picture[0], pixels = picture[1] * picture[2], channels = picture[3];
  const Value values = g.reshape(x, Shape{batch, pixels, channels});
  const Value first_pixel = g.slice(g.reshape(x, Shape{batch, pixels * channels}), 0, channels);
  const Value query = g.affine(g.reshape(first_pixel, Shape{batch, 1, channels}), 0);
  const Value mean = g.attention(query, g.affine(values, 0), values, heads);
  return g.upsample_nearest(g.reshape(mean, Shape{batch, 1, 1, channels}), picture[1], picture[2]);
}

/// Writes the residuals: each through its convolution, which training began at zero.
class ResidualWriter {
 public:
  ResidualWriter(Graph& g, const ControlNetConfig& config, Value scale)
      : g_(g), config_(config), scale_(scale) {}

  void write(std::string name, Value x, const Scope& scope, int64_t index) {
    Value residual = g_.conv2d(x, scope, {.out = g_.shape(x).back(), .kernel = 1});
    if (scale_.valid()) {
      const Value own = g_.slice(scale_, index, 1);
      residual = g_.mul(residual, g_.reshape(own, Shape{g_.shape(x)[0], 1, 1, 1}));
    }
    if (config_.pool_residuals) residual = pool(g_, residual, config_.unet.norm_groups);
    g_.output(std::move(name), residual);
  }

 private:
  Graph& g_;
  const ControlNetConfig& config_;
  Value scale_;
};

}  // namespace

Result<ControlNetConfig> read_controlnet_config(const Json& json, std::string_view field) {
  ConfigReader config = TRY(ConfigReader::open(json, field));
  TRY(config.only("_class_name", "ControlNetModel"));
  ControlNetConfig control;
  control.unet = TRY(read_unet_half(config, {.heads_by_name = true, .middle_may_be_absent = false})).config;
  control.condition_channels = TRY(config.integer("conditioning_channels", 3, {1, 64}));
  control.condition_embedding =
      TRY(config.integer_list("conditioning_embedding_out_channels", {16, 32, 96, 256}, 7, {1, 4096}));
  control.condition_is_bgr =
      TRY(config.choice("controlnet_conditioning_channel_order", "rgb", {"rgb", "bgr"})) == "bgr";
  control.pool_residuals = TRY(config.flag("global_pool_conditions", false));
  TRY(config.only("encoder_hid_dim", nullptr));
  TRY(config.only("encoder_hid_dim_type", nullptr));
  TRY(config.finish());
  if (control.condition_is_bgr && control.condition_channels != 3)
    return config.wrong("conditioning_channels",
                        fmt::format("{} channels have no order bgr", control.condition_channels));
  return control;
}

Graph describe_controlnet(const ControlNetConfig& config, const ControlNetShape& shape,
                          const GraphOptions& options) {
  Graph g(options);
  const UnetConfig& unet = config.unet;
  const UnetInputs inputs =
      declare_unet_inputs(g, unet, {shape.batch, shape.height, shape.width, shape.tokens, shape.time_ids});
  const int64_t factor = config.condition_scale();
  const Value condition = g.input("condition", Shape{shape.batch, factor * shape.height, factor * shape.width,
                                                     config.condition_channels});
  Value scale;
  if (shape.scaled) scale = g.input("scale", Shape{shape.batch, unet.residual_count() + 1});

  UnetBlocks blocks(g, unet, embed_time(g, unet, inputs), inputs.context);
  const Value latent = g.conv2d(inputs.sample, Scope{"conv_in"}, {.out = unet.down.front().channels});
  std::vector<Value> skips{g.add(latent, embed_condition(g, config, condition))};
  blocks.down(skips);
  const Value middle = blocks.middle(skips.back());

  ResidualWriter writer(g, config, scale);
  const auto count = static_cast<int64_t>(skips.size());
  for (int64_t i = 0; i < count; ++i)
    writer.write(fmt::format("down_{}", i), skips[static_cast<size_t>(i)],
                 Scope{"controlnet_down_blocks"} / i, i);
  writer.write("mid", middle, Scope{"controlnet_mid_block"}, count);
  return g;
}

}  // namespace limner
