// The UNet's and the ControlNet's names of ldm_names.h.

#include <fmt/format.h>

#include <algorithm>

#include "nets/ldm_names.h"

namespace limner {
namespace {

// Far above any network: a hostile file cannot make us count for long.
constexpr int kBlocksMax = 256;
constexpr int kDepthMax = 64;

class UnetNames {
 public:
  std::vector<ModuleNames> rows;

  void add(std::string ldm, std::string diffusers) { rows.push_back({std::move(ldm), std::move(diffusers)}); }

  void add_residual(const std::string& ldm, const std::string& diffusers) {
    constexpr std::pair<const char*, const char*> kParts[] = {
        {"in_layers.0", "norm1"},  {"in_layers.2", "conv1"},  {"emb_layers.1", "time_emb_proj"},
        {"out_layers.0", "norm2"}, {"out_layers.3", "conv2"}, {"skip_connection", "conv_shortcut"}};
    for (const auto& [theirs, ours] : kParts)
      add(fmt::format("{}.{}", ldm, theirs), fmt::format("{}.{}", diffusers, ours));
  }

  // Inside a transformer both say the same.
  void add_transformer(const std::string& ldm, const std::string& diffusers, int depth) {
    const auto add_same = [&](const std::string& part) { add(ldm + part, diffusers + part); };
    for (const char* part : {".norm", ".proj_in", ".proj_out"}) add_same(part);
    for (int i = 0; i < depth; ++i)
      for (const char* part :
           {"norm1", "norm2", "norm3", "attn1.to_q", "attn1.to_k", "attn1.to_v", "attn1.to_out.0",
            "attn2.to_q", "attn2.to_k", "attn2.to_v", "attn2.to_out.0", "ff.net.0.proj", "ff.net.2"})
        add_same(fmt::format(".transformer_blocks.{}.{}", i, part));
  }

  void add_ends() {
    add("time_embed.0", "time_embedding.linear_1");
    add("time_embed.2", "time_embedding.linear_2");
    add("label_emb.0.0", "add_embedding.linear_1");
    add("label_emb.0.2", "add_embedding.linear_2");
    add("input_blocks.0.0", "conv_in");
  }

  // LDM numbers the input blocks through: conv_in, then of each level its residual blocks and its
  // downsampling.
  void add_down(const UnetLayout& layout) {
    int block = 1;
    for (size_t level = 0; level < layout.down.size(); ++level) {
      const std::string ours = fmt::format("down_blocks.{}", level);
      for (int i = 0; i < layout.layers; ++i, ++block) {
        add_residual(fmt::format("input_blocks.{}.0", block), fmt::format("{}.resnets.{}", ours, i));
        if (const int depth = layout.down[level][static_cast<size_t>(i)])
          add_transformer(fmt::format("input_blocks.{}.1", block), fmt::format("{}.attentions.{}", ours, i),
                          depth);
      }
      add(fmt::format("input_blocks.{}.0.op", block++), ours + ".downsamplers.0.conv");
    }
  }

  void add_middle(int depth) {
    add_residual("middle_block.0", "mid_block.resnets.0");
    if (depth > 0) add_transformer("middle_block.1", "mid_block.attentions.0", depth);
    add_residual("middle_block.2", "mid_block.resnets.1");
  }

  // The upsampling is the last part of a level's last output block: after its transformer, if it has one.
  void add_up(const UnetLayout& layout) {
    int block = 0;
    for (size_t level = 0; level < layout.up.size(); ++level) {
      const std::string ours = fmt::format("up_blocks.{}", level);
      int depth = 0;
      for (int i = 0; i <= layout.layers; ++i, ++block) {
        add_residual(fmt::format("output_blocks.{}.0", block), fmt::format("{}.resnets.{}", ours, i));
        depth = layout.up[level][static_cast<size_t>(i)];
        if (depth > 0)
          add_transformer(fmt::format("output_blocks.{}.1", block), fmt::format("{}.attentions.{}", ours, i),
                          depth);
      }
      add(fmt::format("output_blocks.{}.{}.conv", block - 1, depth > 0 ? 2 : 1), ours + ".upsamplers.0.conv");
    }
    add("out.0", "conv_norm_out");
    add("out.2", "conv_out");
  }
};

int count_while(int count_max, auto&& exists) {
  int count = 0;
  while (count < count_max && exists(count)) ++count;
  return count;
}

int depth_at(const WeightSource& weights, const std::string& transformer) {
  return count_while(kDepthMax, [&](int i) {
    return weights.has(fmt::format("{}.transformer_blocks.{}.norm1.weight", transformer, i));
  });
}

// Depths of the transformers beside the residual blocks first, first + 1, ... of LDM's numbering.
std::vector<int> ldm_depths(const WeightSource& weights, const std::string& blocks, int first, int count) {
  std::vector<int> depths;
  for (int i = first; i < first + count; ++i)
    depths.push_back(depth_at(weights, fmt::format("{}.{}.1", blocks, i)));
  return depths;
}

std::vector<int> diffusers_depths(const WeightSource& weights, const std::string& block, int count) {
  std::vector<int> depths;
  for (int i = 0; i < count; ++i)
    depths.push_back(depth_at(weights, fmt::format("{}.attentions.{}", block, i)));
  return depths;
}

}  // namespace

Result<UnetLayout> unet_layout_of_ldm(const WeightSource& weights, std::string_view prefix) {
  const std::string input = fmt::format("{}input_blocks", prefix),
                    output = fmt::format("{}output_blocks", prefix);
  const auto is_residual = [&](const std::string& blocks, int i) {
    return weights.has(fmt::format("{}.{}.0.in_layers.0.weight", blocks, i));
  };
  const auto is_down = [&](int i) { return weights.has(fmt::format("{}.{}.0.op.weight", input, i)); };
  const int inputs =
      1 + count_while(kBlocksMax, [&](int i) { return is_residual(input, i + 1) || is_down(i + 1); });
  const int outputs = count_while(kBlocksMax, [&](int i) { return is_residual(output, i); });
  UnetLayout layout;
  layout.layers = count_while(kBlocksMax, [&](int i) { return is_residual(input, i + 1); });
  const int stride = layout.layers + 1;
  if (layout.layers == 0 || inputs % stride != 0 || (outputs != 0 && outputs != inputs))
    return invalid("", fmt::format("{} input blocks and {} output blocks under '{}' are no UNet", inputs - 1,
                                   outputs, prefix));
  for (int level = 0; level < inputs / stride; ++level) {
    layout.down.push_back(ldm_depths(weights, input, 1 + level * stride, layout.layers));
    if (outputs > 0) layout.up.push_back(ldm_depths(weights, output, level * stride, stride));
  }
  layout.middle = depth_at(weights, fmt::format("{}middle_block.1", prefix));
  return layout;
}

Result<UnetLayout> unet_layout_of_diffusers(const WeightSource& weights) {
  const auto residuals = [&](const std::string& block) {
    return count_while(
        kBlocksMax, [&](int i) { return weights.has(fmt::format("{}.resnets.{}.norm1.weight", block, i)); });
  };
  UnetLayout layout;
  layout.layers = residuals("down_blocks.0");
  for (int level = 0; level < kBlocksMax; ++level) {
    const std::string down = fmt::format("down_blocks.{}", level), up = fmt::format("up_blocks.{}", level);
    const int here = residuals(down), above = residuals(up);
    if (here == 0) break;
    if (here != layout.layers || (above != 0 && above != here + 1))
      return invalid("", fmt::format("levels with {} and {} residual blocks", layout.layers, here));
    layout.down.push_back(diffusers_depths(weights, down, here));
    if (above > 0) layout.up.push_back(diffusers_depths(weights, up, above));
  }
  if (layout.down.empty() || (!layout.up.empty() && layout.up.size() != layout.down.size()))
    return invalid("", "the down_blocks and up_blocks are no UNet");
  layout.middle = depth_at(weights, "mid_block.attentions.0");
  return layout;
}

std::vector<ModuleNames> unet_module_names(const UnetLayout& layout) {
  UnetNames names;
  names.add_ends();
  names.add_down(layout);
  names.add_middle(layout.middle);
  names.add_up(layout);
  return names.rows;
}

std::vector<ModuleNames> controlnet_module_names(const UnetLayout& layout, int hint_blocks) {
  UnetNames names;
  names.add_ends();
  names.add_down(layout);
  names.add_middle(layout.middle);
  const int residuals = static_cast<int>(layout.down.size()) * (layout.layers + 1);
  for (int i = 0; i < residuals; ++i)
    names.add(fmt::format("zero_convs.{}.0", i), fmt::format("controlnet_down_blocks.{}", i));
  names.add("middle_block_out.0", "controlnet_mid_block");
  // Every second module of the hint is an activation.
  names.add("input_hint_block.0", "controlnet_cond_embedding.conv_in");
  for (int i = 0; i < hint_blocks; ++i)
    names.add(fmt::format("input_hint_block.{}", 2 * (i + 1)),
              fmt::format("controlnet_cond_embedding.blocks.{}", i));
  names.add(fmt::format("input_hint_block.{}", 2 * (hint_blocks + 1)), "controlnet_cond_embedding.conv_out");
  return names.rows;
}

}  // namespace limner
