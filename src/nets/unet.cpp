#include "nets/unet.h"

#include <fmt/format.h>

#include "nets/unet_blocks.h"
#include "nets/unet_inputs.h"

namespace limner {
namespace {

/// A ControlNet's residuals are added to the skips, and the middle's to the middle. Returns the latter.
Value add_control(Graph& g, std::vector<Value>& skips, const Shape& middle) {
  for (size_t i = 0; i < skips.size(); ++i)
    skips[i] = g.add(skips[i], g.input(fmt::format("control_{}", i), g.shape(skips[i])));
  return g.input("control_mid", middle);
}

Value upsample(Graph& g, Value x, const Scope& scope, const Shape& target) {
  // To the size of the skip that comes next, which for odd latents is not quite twice x's.
  const Value larger = g.upsample_nearest(x, target[1], target[2]);
  return g.conv2d(larger, scope / "upsamplers" / 0 / "conv", {.out = g.shape(x).back()});
}

// The last block, to which the first skip belongs, and the head.
Value describe_outermost(Graph& g, const UnetConfig& config, UnetBlocks& blocks, Value deep, Value skip) {
  const UnetStage& stage = config.up.back();
  const Scope scope = Scope{"up_blocks"} / static_cast<int64_t>(config.up.size() - 1);
  Value x = blocks.stage_block(g.concat({deep, skip}), scope, stage, stage.depth.size() - 1);
  x = g.group_norm(x, Scope{"conv_norm_out"}, config.norm_groups, config.norm_eps);
  x = g.activation(x, config.activation);
  return g.conv2d(x, Scope{"conv_out"}, {.out = config.out_channels, .kernel = config.conv_out_kernel});
}

// All of the way up but the last block, which takes the one skip that is left.
Value describe_up(Graph& g, const UnetConfig& config, UnetBlocks& blocks, Value x,
                  std::vector<Value>& skips) {
  for (size_t level = 0; level < config.up.size(); ++level) {
    const UnetStage& stage = config.up[level];
    const Scope scope = Scope{"up_blocks"} / static_cast<int64_t>(level);
    blocks.set_few_pixels(level == 0 && config.up.size() > 1);
    for (size_t i = 0; i < stage.depth.size() && skips.size() > 1; ++i) {
      x = blocks.stage_block(g.concat({x, skips.back()}), scope, stage, i);
      skips.pop_back();
    }
    if (level + 1 < config.up.size()) x = upsample(g, x, scope, g.shape(skips.back()));
  }
  return x;
}

}  // namespace

Graph describe_unet(const UnetConfig& config, const UnetShape& shape, const GraphOptions& options) {
  Graph g(options);
  const UnetInputs inputs =
      declare_unet_inputs(g, config, {shape.batch, shape.height, shape.width, shape.tokens, shape.time_ids});
  UnetBlocks blocks(g, config, embed_time(g, config, inputs), project_context(g, config, inputs.context));

  const Value sample = config.center_input ? g.affine(inputs.sample, 2, -1) : inputs.sample;
  std::vector<Value> skips{g.conv2d(sample, Scope{"conv_in"},
                                    {.out = config.down.front().channels, .kernel = config.conv_in_kernel})};
  if (shape.part == UnetPart::outermost) {
    const Value deep = g.input("deep", {shape.batch, shape.height, shape.width, deep_channels(config)});
    g.output("prediction", describe_outermost(g, config, blocks, deep, skips.front()));
    return g;
  }
  blocks.down(skips);
  const Value bottom = skips.back();
  Value control_middle;
  if (shape.control_residuals) control_middle = add_control(g, skips, g.shape(bottom));
  Value x = blocks.middle(bottom);
  if (control_middle.valid()) x = g.add(x, control_middle);
  const Value deep = describe_up(g, config, blocks, x, skips);
  g.output("prediction", describe_outermost(g, config, blocks, deep, skips.front()));
  if (shape.part == UnetPart::whole_and_deep) g.output("deep", deep);
  return g;
}

int64_t deep_channels(const UnetConfig& config) {
  const UnetStage& last = config.up.back();
  if (last.depth.size() > 1) return last.channels;
  // Where it has one block only, what comes from the level below.
  return config.up.size() > 1 ? config.up[config.up.size() - 2].channels : config.down.back().channels;
}

}  // namespace limner
