// vae_module_names of ldm_names.h.

#include <fmt/format.h>

#include "nets/ldm_names.h"

namespace limner {
namespace {

class VaeNames {
 public:
  std::vector<ModuleNames> rows;

  void add(std::string ldm, std::string diffusers) { rows.push_back({std::move(ldm), std::move(diffusers)}); }

  void add_residual(const std::string& ldm, const std::string& diffusers) {
    for (const char* part : {"norm1", "conv1", "norm2", "conv2"})
      add(fmt::format("{}.{}", ldm, part), fmt::format("{}.{}", diffusers, part));
    add(ldm + ".nin_shortcut", diffusers + ".conv_shortcut");
  }

  // What encoder and decoder have in common: both ends and the middle.
  void add_frame(const std::string& half) {
    add(half + ".conv_in", half + ".conv_in");
    add(half + ".norm_out", half + ".conv_norm_out");
    add(half + ".conv_out", half + ".conv_out");
    add_residual(half + ".mid.block_1", half + ".mid_block.resnets.0");
    add_residual(half + ".mid.block_2", half + ".mid_block.resnets.1");
    constexpr std::pair<const char*, const char*> kAttention[] = {
        {"norm", "group_norm"}, {"q", "to_q"}, {"k", "to_k"}, {"v", "to_v"}, {"proj_out", "to_out.0"}};
    for (const auto& [ldm, diffusers] : kAttention)
      add(fmt::format("{}.mid.attn_1.{}", half, ldm),
          fmt::format("{}.mid_block.attentions.0.{}", half, diffusers));
  }
};

}  // namespace

std::vector<ModuleNames> vae_module_names(int levels, int layers) {
  VaeNames names;
  names.add("quant_conv", "quant_conv");
  names.add("post_quant_conv", "post_quant_conv");
  names.add_frame("encoder");
  names.add_frame("decoder");
  for (int level = 0; level < levels; ++level) {
    const std::string down = fmt::format("encoder.down.{}", level);
    const std::string down_block = fmt::format("encoder.down_blocks.{}", level);
    for (int i = 0; i < layers; ++i)
      names.add_residual(fmt::format("{}.block.{}", down, i), fmt::format("{}.resnets.{}", down_block, i));
    names.add(down + ".downsample.conv", down_block + ".downsamplers.0.conv");
    // LDM counts the decoder's levels by resolution, diffusers in the order of computation.
    const std::string up = fmt::format("decoder.up.{}", levels - 1 - level);
    const std::string up_block = fmt::format("decoder.up_blocks.{}", level);
    for (int i = 0; i <= layers; ++i)
      names.add_residual(fmt::format("{}.block.{}", up, i), fmt::format("{}.resnets.{}", up_block, i));
    names.add(up + ".upsample.conv", up_block + ".upsamplers.0.conv");
  }
  return names.rows;
}

}  // namespace limner
