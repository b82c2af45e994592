#include "engine/resolve.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "engine/drawing.h"
#include "sampling/noise_schedule.h"
#include "sampling/sampler.h"

namespace limner {
namespace {

uint64_t random_seed() {
  std::random_device device;
  return device();
}

Result<void> check_side(const char* name, int side, int multiple, int least) {
  if (side % multiple != 0 || side < least) {
    const int below = std::max(least, side / multiple * multiple);
    return invalid(name, fmt::format("{} is not a multiple of {} of at least {}", side, multiple, least),
                   fmt::format("try {}", below));
  }
  return {};
}

// Which pictures the model needs and which it cannot use.
Result<void> check_presence(const Model& model, const InputSizes& inputs) {
  const bool init = inputs.init_width > 0;
  if (inputs.mask && !init) return invalid("mask", "needs a picture to lie on", "give init, that picture");
  if (model.inpainting() && !inputs.mask)
    return invalid(
        "mask", fmt::format("{} is an inpainting model and needs a picture and a mask", model.files().name),
        "give init and mask");
  if (model.pix2pix() && !init)
    return invalid("init", fmt::format("{} edits a picture and needs one", model.files().name),
                   "give init, a picture to draw over");
  if (model.pix2pix() && inputs.mask)
    return unsupported("mask", "an instruction model edits the whole picture");
  if (const size_t nets = model.controlnets().size(); static_cast<size_t>(inputs.controls) != nets)
    return invalid("control_image", fmt::format("{} pictures for {} ControlNets", inputs.controls, nets));
  return {};
}

Result<void> check_clip_skip(const Model& model, int clip_skip) {
  for (const TextEncoder& encoder : model.text_encoders())
    if (const auto most = encoder.config.layers - encoder.use.hidden_from_end + 1; clip_skip > most)
      return invalid("clip_skip", fmt::format("{} is not allowed; with this model's text encoder 1 to {} is",
                                              clip_skip, most));
  return {};
}

void resolve_size(const Model& model, const InputSizes& inputs, DrawingParams& params) {
  const int multiple = model.autoencoder().scale();
  const auto fitted = [multiple](int side) { return std::max(multiple, side / multiple * multiple); };
  if (!params.width)
    params.width = inputs.init_width > 0 ? fitted(inputs.init_width) : model.default_side("width");
  if (!params.height)
    params.height = inputs.init_height > 0 ? fitted(inputs.init_height) : model.default_side("height");
}

Result<void> resolve_sampling(const Model& model, DrawingParams& params) {
  if (params.sampler.empty()) params.sampler = model.training().sampler;
  const SamplerInfo& sampler = *TRY(find_sampler(params.sampler));
  params.sampler = std::string(sampler.name);
  if (params.eta && !sampler.uses_eta)
    return unsupported("eta", fmt::format("the sampler {} does not read it", sampler.name),
                       "ddim, tcd and the ancestral samplers do");
  params.schedule = std::string(TRY(choose_noise_schedule(model.training(), params.schedule))->name);
  if (!params.steps) params.steps = model.default_steps();
  if (*params.steps > model.training().train_timesteps)
    return invalid("steps", fmt::format("{} is more than the model's {} training steps", *params.steps,
                                        model.training().train_timesteps));
  if (!params.guidance) params.guidance = model.default_guidance();
  return {};
}

// Strength leaves out steps; at least one must be left.
Result<void> resolve_strength(const Model& model, const InputSizes& inputs, DrawingParams& params) {
  if (inputs.init_width == 0 || model.pix2pix()) {
    if (params.strength)
      return invalid("strength", "says how far a picture is redrawn, and there is none",
                     "give init, a picture to draw over");
    return {};
  }
  if (!params.strength) params.strength = inputs.mask ? 1.0 : 0.8;
  if (!spaces_by_strength(model, params) &&
      *params.steps - steps_left_out(*params.steps, *params.strength) < 1)
    return invalid("strength",
                   fmt::format("{} of {} steps leaves none to draw", *params.strength, *params.steps),
                   "give more strength or more steps");
  return {};
}

// A layer that sees farther than the picture is wide would have to wrap around twice (PyTorch refuses too).
Result<void> check_wrapping(const Model& model, const DrawingParams& params) {
  int64_t kernel = std::max(model.unet().conv_in_kernel, model.unet().conv_out_kernel);
  for (const ControlNet& net : model.controlnets()) kernel = std::max(kernel, net.config.unet.conv_in_kernel);
  const int64_t least = kernel / 2 * model.autoencoder().scale();
  const auto check = [&](const char* side, int64_t pixels) -> Result<void> {
    if (pixels >= least) return {};
    return invalid(
        "tile",
        fmt::format("wraps a {} of {} pixels around more than once in a layer of {}", side, pixels, kernel),
        fmt::format("draw {} pixels or more", least));
  };
  if (params.tile == "x" || params.tile == "xy") TRY(check("width", *params.width));
  if (params.tile == "y" || params.tile == "xy") TRY(check("height", *params.height));
  return {};
}

Result<void> check_combinations(const Model& model, const InputSizes& inputs, const DrawingParams& params) {
  if (params.hires_scale > 1 && (inputs.mask || model.pix2pix() || model.inpainting()))
    return unsupported("hires_scale", "a second pass goes with text-to-image and image-to-image only");
  if (params.hires_scale > 1) {
    const double side = std::max(*params.width, *params.height) * params.hires_scale;
    if (const double most = find_param("width")->maximum; side > most)
      return invalid("hires_scale", fmt::format("{} makes a side of {:.0f} pixels; at most {:.0f} are drawn",
                                                params.hires_scale, side, most));
    const int steps = second_steps(params);
    if (steps - steps_left_out(steps, params.hires_strength) < 1)
      return invalid("hires_strength",
                     fmt::format("{} of {} steps leaves none to draw", params.hires_strength, steps));
  }
  if (params.guidance_rescale > 0 && model.pix2pix())
    return unsupported("guidance_rescale", "does not go with InstructPix2Pix's two guidances",
                       "leave it at 0");
  if (params.step_cache > 1 && !model.controlnets().empty())
    return unsupported("step_cache", "does not go with a ControlNet, which acts on all of the network",
                       "leave it at 1");
  if (params.blend > 0 && params.prompt_syntax != "plain")
    return unsupported("blend", "blends plain prompts only", "leave prompt_syntax at plain");
  if (params.blend > 0 && params.blend_seed && inputs.init_width > 0)
    return unsupported("blend_seed", "blends the noise of pictures drawn from text only");
  return {};
}

}  // namespace

InputSizes sizes_of(const DrawingInputs& inputs) {
  return {.init_width = inputs.init.empty() ? 0 : inputs.init.width,
          .init_height = inputs.init.empty() ? 0 : inputs.init.height,
          .mask = !inputs.mask.empty(),
          .controls = static_cast<int>(inputs.controls.size())};
}

Result<void> check_inputs(const DrawingInputs& inputs) {
  const Picture &init = inputs.init, &mask = inputs.mask;
  if (!mask.empty() && !init.empty() && (mask.width != init.width || mask.height != init.height))
    return invalid("mask", fmt::format("{}x{}, but the picture is {}x{}", mask.width, mask.height, init.width,
                                       init.height));
  for (const auto& control : inputs.controls) {
    if (!(control.scale >= 0 && control.scale <= 10))
      return invalid("control_scale", fmt::format("{} is not within 0 to 10", control.scale));
    if (!(control.start >= 0 && control.start <= control.end && control.end <= 1))
      return invalid("control_start",
                     fmt::format("{} to {} is not within 0 to 1", control.start, control.end));
  }
  return {};
}

Result<DrawingParams> resolve_params(const Model& model, const DrawingParams& given,
                                     const InputSizes& inputs) {
  TRY(check_presence(model, inputs));
  DrawingParams params = given;
  resolve_size(model, inputs, params);
  TRY(check_params(params));  // behind the sizes, which models and pictures may make too large
  const int multiple = model.autoencoder().scale();
  const int least = multiple * static_cast<int>(model.unet().extent_min());
  TRY(check_side("width", *params.width, multiple, least));
  TRY(check_side("height", *params.height, multiple, least));
  TRY(resolve_sampling(model, params));
  TRY(resolve_strength(model, inputs, params));
  TRY(check_combinations(model, inputs, params));
  TRY(check_wrapping(model, params));
  TRY(check_clip_skip(model, params.clip_skip));
  if (!params.seed) params.seed = random_seed();
  if (model.family().micro_conditioning) {
    if (!params.original_width) params.original_width = params.width;
    if (!params.original_height) params.original_height = params.height;
  }
  return params;
}

}  // namespace limner
