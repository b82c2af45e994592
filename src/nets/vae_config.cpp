#include <fmt/format.h>

#include "nets/activation_name.h"
#include "nets/config_reader.h"
#include "nets/vae.h"

namespace limner {
namespace {

constexpr size_t kVaeLevelsMax = 7;  // pictures 64 times as large as latents
constexpr IntRange kVaeChannels{1, 8192}, kVaePictureChannels{1, 16}, kVaeLatentChannels{1, 256},
    kVaeLayers{1, 16}, kVaeGroups{1, 256};

/// Every level must be of the one kind that exists here, and there must be one name a level.
Result<void> check_block_types(ConfigReader& config, std::string_view key, std::string_view kind,
                               size_t levels) {
  const auto types = TRY(config.choices(key, {std::string(kind)}, kVaeLevelsMax, {kind}));
  if (types.size() != levels)
    return config.wrong(key, fmt::format("{} blocks for {} block_out_channels", types.size(), levels));
  return {};
}

Result<void> read_latent_statistics(ConfigReader& config, VaeConfig& vae) {
  const auto channels = static_cast<size_t>(vae.latent_channels);
  vae.scaling_factor = static_cast<float>(TRY(config.number("scaling_factor", 0.18215, 1e-6, 1e6)));
  vae.shift_factor = static_cast<float>(TRY(config.number("shift_factor", 0, -1e6, 1e6)));
  vae.latents_mean = TRY(config.numbers("latents_mean", channels));
  vae.latents_std = TRY(config.numbers("latents_std", channels));
  for (const float deviation : vae.latents_std) {
    if (!(deviation > 0)) return config.wrong("latents_std", fmt::format("{} is not positive", deviation));
  }
  return {};
}

}  // namespace

Result<VaeConfig> read_vae_config(const Json& json, std::string_view field) {
  ConfigReader config = TRY(ConfigReader::open(json, field));
  TRY(config.only("_class_name", "AutoencoderKL"));
  VaeConfig vae;
  vae.image_channels = TRY(config.integer("in_channels", 3, kVaePictureChannels));
  vae.out_channels = TRY(config.integer("out_channels", 3, kVaePictureChannels));
  vae.latent_channels = TRY(config.integer("latent_channels", 4, kVaeLatentChannels));
  vae.channels = TRY(config.integer_list("block_out_channels", {64}, kVaeLevelsMax, kVaeChannels));
  vae.layers = TRY(config.integer("layers_per_block", 1, kVaeLayers));
  vae.norm_groups = TRY(config.integer("norm_num_groups", 32, kVaeGroups));
  vae.activation = TRY(read_activation(config, "act_fn", op::Activation::silu));
  vae.quant_conv = TRY(config.flag("use_quant_conv", true));
  vae.post_quant_conv = TRY(config.flag("use_post_quant_conv", true));
  vae.middle_attention = TRY(config.flag("mid_block_add_attention", true));
  vae.sample_size = TRY(config.extent("sample_size"));
  TRY(check_block_types(config, "down_block_types", "DownEncoderBlock2D", vae.channels.size()));
  TRY(check_block_types(config, "up_block_types", "UpDecoderBlock2D", vae.channels.size()));
  TRY(read_latent_statistics(config, vae));
  config.no_effect({"force_upcast"});
  TRY(config.finish());
  for (const int64_t channels : vae.channels) {
    if (channels % vae.norm_groups != 0)
      return config.wrong("norm_num_groups",
                          fmt::format("{} does not divide {} channels", vae.norm_groups, channels));
  }
  return vae;
}

}  // namespace limner
