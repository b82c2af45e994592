#include "families/single_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "families/single_file_config.h"
#include "nets/ldm_names.h"
#include "tensor/safetensors.h"
#include "tensor/weight_adapters.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kUnet = "model.diffusion_model.";
constexpr std::string_view kControlNet = "control_model.";
constexpr std::array<std::string_view, 2> kVaePrefixes{"first_stage_model.", "vae."};
// SDXL's two towers, then the one of the refiner, of SD 2.x and of SD 1.x.
constexpr std::string_view kXlClip = "conditioner.embedders.0.transformer.";
constexpr std::string_view kXlOpenClip = "conditioner.embedders.1.model.";
constexpr std::string_view kRefinerOpenClip = "conditioner.embedders.0.model.";
constexpr std::string_view kOpenClip = "cond_stage_model.model.";
constexpr std::string_view kClip = "cond_stage_model.transformer.";

using Source = std::shared_ptr<const WeightSource>;

bool has(const WeightSource& weights, std::string_view prefix, std::string_view name) {
  return weights.has(fmt::format("{}{}", prefix, name));
}

bool has_clip(const WeightSource& weights, std::string_view prefix) {
  return has(weights, prefix, "text_model.embeddings.token_embedding.weight") ||
         has(weights, prefix, "embeddings.token_embedding.weight");
}

bool has_open_clip(const WeightSource& weights, std::string_view prefix) {
  return has(weights, prefix, "token_embedding.weight");
}

Result<std::string_view> kind_of(const WeightSource& weights) {
  if (weights.has("edm_mean") || weights.has("edm_vpred.sigma_max"))
    return unsupported(
        "", "trained on a continuous range of noise levels (Playground 2.5, CosXL), which is not supported");
  if (has_open_clip(weights, kXlOpenClip)) return "sdxl";
  if (has_open_clip(weights, kRefinerOpenClip)) return "sdxl_refiner";
  if (has_open_clip(weights, kOpenClip)) return "sd2";
  if (has_clip(weights, kClip)) return "sd1";
  return unsupported("", "holds a UNet but no text encoder that is known",
                     "give the full checkpoint, not a pruned UNet");
}

// Every tensor of the network must have found its place: one that did not belongs to something we would leave
// out.
Result<void> check_all_placed(const WeightSource& file, std::string_view prefix, const WeightNames& names) {
  std::vector<std::string_view> placed;
  for (const auto& [name, origin] : names) placed.push_back(origin.name);
  std::ranges::sort(placed);
  for (const std::string& name : file.names())
    if (name.starts_with(prefix) && !std::ranges::binary_search(placed, std::string_view(name)))
      return unsupported("", fmt::format("tensor '{}' belongs to no kind of UNet that is known", name));
  return {};
}

Result<SingleFilePart> unet_of(const Source& file, const SingleFileKind& kind, int64_t pooled_width) {
  const UnetLayout layout = TRY(unet_layout_of_ldm(*file, kUnet));
  WeightNames names = weight_names(unet_module_names(layout), kUnet);
  TRY(check_all_placed(*file, kUnet, names));
  const Source unet = renamed_weights(file, std::move(names));
  return SingleFilePart{"UNet2DConditionModel", TRY(unet_config_of(*unet, layout, kind, pooled_width)), unet};
}

Result<SingleFilePart> vae_of(const Source& file, std::string_view prefix, const SingleFileKind& kind) {
  const int levels = count_existing(*file, fmt::format("{}encoder.down.{{}}.block.0.conv1.weight", prefix));
  const int layers = count_existing(*file, fmt::format("{}encoder.down.0.block.{{}}.conv1.weight", prefix));
  const Source vae = renamed_weights(file, weight_names(vae_module_names(levels, layers), prefix));
  return SingleFilePart{"AutoencoderKL", TRY(vae_config_of(*vae, kind)), vae};
}

std::optional<std::string_view> vae_prefix_of(const WeightSource& file) {
  for (const std::string_view prefix : kVaePrefixes)
    if (has(file, prefix, "decoder.conv_in.weight")) return prefix;
  return std::nullopt;
}

Result<SingleFilePart> clip_of(const Source& file, std::string_view prefix) {
  const Source clip = with_text_model_prefix(weights_below(file, std::string(prefix)));
  return SingleFilePart{"CLIPTextModel", TRY(clip_config_of(*clip, "quick_gelu", false)), clip};
}

Result<SingleFilePart> open_clip_of(const Source& file, std::string_view prefix, bool projected) {
  int layers = count_existing(*file, fmt::format("{}transformer.resblocks.{{}}.ln_1.weight", prefix));
  // SD 2.x reads the last layer but one of OpenCLIP-H's 24, and diffusers leaves the last away.
  if (!projected) layers = std::min(layers, 23);
  WeightNames names = open_clip_weight_names(layers, prefix);
  if (!projected) names.erase("text_projection.weight");
  const Source clip = renamed_weights(file, std::move(names));
  return SingleFilePart{projected ? "CLIPTextModelWithProjection" : "CLIPTextModel",
                        TRY(clip_config_of(*clip, "gelu", projected)), clip};
}

// "epsilon" or "v_prediction": what the file says of itself, else what diffusers takes for the kind.
std::string prediction_of(const SafetensorsFile& file, std::string_view kind, int64_t in_channels) {
  const auto spec = file.metadata().find("modelspec.prediction_type");
  if (spec != file.metadata().end() && spec->second == "epsilon") return "epsilon";
  if (file.has("v_pred") || (spec != file.metadata().end() && spec->second == "v")) return "v_prediction";
  return kind == "sd2" && in_channels == 4 ? "v_prediction" : "epsilon";
}

// The scheduler_config.json of the repository that diffusers takes a checkpoint's configuration from.
SingleFilePart scheduler_of(const SafetensorsFile& file, std::string_view kind, int64_t in_channels) {
  Json config = Json::object();
  const bool xl = kind.starts_with("sdxl");
  config["_class_name"] = xl                                  ? "EulerDiscreteScheduler"
                          : in_channels == 8                  ? "EulerAncestralDiscreteScheduler"
                          : kind == "sd2" || in_channels == 9 ? "DDIMScheduler"
                                                              : "PNDMScheduler";
  config["beta_schedule"] = "scaled_linear";
  config["beta_start"] = 0.00085;
  config["beta_end"] = 0.012;
  config["num_train_timesteps"] = 1000;
  config["steps_offset"] = 1;
  config["prediction_type"] = prediction_of(file, kind, in_channels);
  config["timestep_spacing"] = "leading";
  const std::string class_name = config["_class_name"];
  if (class_name == "PNDMScheduler") config["skip_prk_steps"] = true;
  if (class_name == "DDIMScheduler") config["clip_sample"] = false;
  if (class_name == "PNDMScheduler" || class_name == "DDIMScheduler") config["set_alpha_to_one"] = false;
  // Training to pure noise is worth nothing if drawing does not start there. Lin et al. 2023
  // (arXiv:2305.08891).
  if (file.has("ztsnr") && class_name != "PNDMScheduler") {
    config["rescale_betas_zero_snr"] = true;
    config["timestep_spacing"] = "trailing";
  }
  return SingleFilePart{class_name, std::move(config), nullptr};
}

Result<void> add_text_encoders(const Source& file, SingleFileModel& model) {
  if (model.kind == "sd1") {
    model.components["text_encoder"] = TRY(clip_of(file, kClip));
  } else if (model.kind == "sd2") {
    model.components["text_encoder"] = TRY(open_clip_of(file, kOpenClip, false));
  } else if (model.kind == "sdxl") {
    if (!has_clip(*file, kXlClip)) return unsupported("", "holds only the second of SDXL's text encoders");
    model.components["text_encoder"] = TRY(clip_of(file, kXlClip));
    model.components["text_encoder_2"] = TRY(open_clip_of(file, kXlOpenClip, true));
  } else {
    model.components["text_encoder_2"] = TRY(open_clip_of(file, kRefinerOpenClip, true));
  }
  return {};
}

// What a file that is no checkpoint probably is instead.
Error no_checkpoint(const WeightSource& weights) {
  const auto any = [&](std::string_view part) {
    return std::ranges::any_of(weights.names(),
                               [&](const std::string& name) { return name.find(part) != name.npos; });
  };
  std::string hint = "expected an SD 1.x, SD 2.x or SDXL checkpoint with 'model.diffusion_model.' names";
  if (any("lora") || any("hada_w1")) hint = "this looks like a LoRA: give it beside a model";
  if (has(weights, kControlNet, "input_blocks.0.0.weight") || any("controlnet_cond_embedding"))
    hint = "this looks like a ControlNet: give it beside a model";
  if (weights.has("decoder.conv_in.weight")) hint = "this looks like an autoencoder: give it beside a model";
  if (any("double_blocks.0.") || any("joint_blocks.0."))
    hint = "this looks like a FLUX or SD 3 model, which is not supported";
  return unsupported("", "is no Stable Diffusion checkpoint", std::move(hint));
}

Result<SingleFileModel> model_of(const std::shared_ptr<const SafetensorsFile>& file) {
  if (!looks_like_single_file(*file)) return no_checkpoint(*file);
  SingleFileModel model;
  model.kind = TRY(kind_of(*file));
  const SingleFileKind& kind = single_file_kind(model.kind);
  TRY(add_text_encoders(file, model));
  const auto second = model.components.find("text_encoder_2");
  const int64_t pooled_width =
      second == model.components.end() ? 0 : second->second.config["projection_dim"].get<int64_t>();
  model.components["unet"] = TRY(unet_of(file, kind, pooled_width));
  const std::optional<std::string_view> vae = vae_prefix_of(*file);
  if (!vae) return unsupported("", "holds no autoencoder", "give the full checkpoint");
  model.components["vae"] = TRY(vae_of(file, *vae, kind));
  const int64_t in_channels = model.components["unet"].config["in_channels"].get<int64_t>();
  model.components["scheduler"] = scheduler_of(*file, model.kind, in_channels);
  return model;
}

// The kind of model a ControlNet is made for, by the width of the text it looks at.
const SingleFileKind& kind_of_context(int64_t width) {
  return single_file_kind(width == 768    ? "sd1"
                          : width == 1024 ? "sd2"
                          : width == 1280 ? "sdxl_refiner"
                                          : "sdxl");
}

Result<SingleFilePart> controlnet_of(const Source& file) {
  Source controlnet = file;
  UnetLayout layout;
  if (file->has("controlnet_cond_embedding.conv_in.weight")) {
    layout = TRY(unet_layout_of_diffusers(*file));
  } else {
    const std::string_view prefix = has(*file, kControlNet, "input_blocks.0.0.weight") ? kControlNet : "";
    layout = TRY(unet_layout_of_ldm(*file, prefix));
    int hints = 0;
    while (hints < 16 && has(*file, prefix, fmt::format("input_hint_block.{}.weight", 2 * (hints + 1))))
      ++hints;
    if (hints < 2) return unsupported("", "is no ControlNet: it has no embedding of a condition");
    controlnet = renamed_weights(file, weight_names(controlnet_module_names(layout, hints - 1), prefix));
  }
  const int64_t context =
      TRY(extent_of(*controlnet, "mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight", 1));
  // SDXL's pooled text has 1280 numbers.
  Json config = TRY(controlnet_config_of(*controlnet, layout, kind_of_context(context), 1280));
  return SingleFilePart{"ControlNetModel", std::move(config), controlnet};
}

// Errors from here on speak of tensors; this adds the file, unless the tensor's own source already has.
template <class T>
Result<T> naming(Result<T> result, const fs::path& path) {
  if (!result && result.error().field.empty()) result.error().field = path.string();
  return result;
}

}  // namespace

bool looks_like_single_file(const WeightSource& weights) {
  return has(weights, kUnet, "input_blocks.0.0.weight") && has(weights, kUnet, "out.2.weight");
}

Result<SingleFileModel> open_single_file(const fs::path& path) {
  return naming(model_of(TRY(open_safetensors(path))), path);
}

Result<SingleFilePart> open_single_file_vae(const fs::path& path, const std::string& kind) {
  const std::shared_ptr<const SafetensorsFile> file = TRY(open_safetensors(path));
  return naming(vae_of(file, vae_prefix_of(*file).value_or(""), single_file_kind(kind)), path);
}

Result<SingleFilePart> open_single_file_controlnet(const fs::path& path) {
  return naming(controlnet_of(TRY(open_safetensors(path))), path);
}

}  // namespace limner
