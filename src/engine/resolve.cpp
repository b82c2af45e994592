#include "engine/resolve.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "base/memory.h"
#include "engine/drawing.h"
#include "engine/unet_batch.h"
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

Result<void> check_inputs(const Model& model, const DrawingInputs& inputs) {
  if (!inputs.mask.empty() && inputs.init.empty())
    return invalid("mask", "needs a picture to lie on", "give --init FILE");
  if (!inputs.mask.empty() &&
      (inputs.mask.width != inputs.init.width || inputs.mask.height != inputs.init.height))
    return invalid("mask", fmt::format("{}x{}, but the picture is {}x{}", inputs.mask.width,
                                       inputs.mask.height, inputs.init.width, inputs.init.height));
  if (model.inpainting() && inputs.mask.empty())
    return invalid(
        "mask", fmt::format("{} is an inpainting model and needs a picture and a mask", model.files().name),
        "give --init FILE --mask FILE");
  if (model.pix2pix() && inputs.init.empty())
    return invalid("init", fmt::format("{} edits a picture and needs one", model.files().name),
                   "give --init FILE");
  if (model.pix2pix() && !inputs.mask.empty())
    return unsupported("mask", "an instruction model edits the whole picture");
  const size_t nets = model.controlnets().size();
  if (inputs.controls.size() != nets)
    return invalid("control_image",
                   fmt::format("{} pictures for {} ControlNets", inputs.controls.size(), nets));
  for (const auto& control : inputs.controls) {
    if (!(control.scale >= 0 && control.scale <= 10))
      return invalid("control_scale", fmt::format("{} is not within 0 to 10", control.scale));
    if (!(control.start >= 0 && control.start <= control.end && control.end <= 1))
      return invalid("control_start",
                     fmt::format("{} to {} is not within 0 to 1", control.start, control.end));
  }
  return {};
}

void resolve_size(const Model& model, const DrawingInputs& inputs, DrawingParams& params) {
  const int multiple = model.autoencoder().scale();
  const auto fitted = [multiple](int side) { return std::max(multiple, side / multiple * multiple); };
  if (!params.width)
    params.width = inputs.init.empty() ? model.default_side("width") : fitted(inputs.init.width);
  if (!params.height)
    params.height = inputs.init.empty() ? model.default_side("height") : fitted(inputs.init.height);
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
Result<void> resolve_strength(const Model& model, const DrawingInputs& inputs, DrawingParams& params) {
  if (inputs.init.empty() || model.pix2pix()) {
    if (params.strength)
      return invalid("strength", "says how far a picture is redrawn, and there is none", "give --init FILE");
    return {};
  }
  if (!params.strength) params.strength = inputs.mask.empty() ? 0.8 : 1.0;
  if (!spaces_by_strength(model, params) &&
      *params.steps - steps_left_out(*params.steps, *params.strength) < 1)
    return invalid("strength",
                   fmt::format("{} of {} steps leaves none to draw", *params.strength, *params.steps),
                   "give more strength or more steps");
  return {};
}

Result<void> check_combinations(const Model& model, const DrawingInputs& inputs,
                                const DrawingParams& params) {
  if (params.hires_scale > 1 && (!inputs.mask.empty() || model.pix2pix() || model.inpainting()))
    return unsupported("hires_scale", "a second pass goes with text-to-image and image-to-image only");
  if (params.hires_scale > 1) {
    const double side = std::max(*params.width, *params.height) * params.hires_scale;
    if (const double most = find_param("width")->maximum; side > most)
      return invalid("hires_scale", fmt::format("{} makes a side of {:.0f} pixels; at most {:.0f} are drawn",
                                                params.hires_scale, side, most));
    const int steps = params.hires_steps > 0 ? params.hires_steps : *params.steps;
    if (steps - steps_left_out(steps, params.hires_strength) < 1)
      return invalid("hires_strength",
                     fmt::format("{} of {} steps leaves none to draw", params.hires_strength, steps));
  }
  if (params.blend > 0 && params.prompt_syntax != "plain")
    return unsupported("blend", "blends plain prompts only", "leave prompt_syntax at plain");
  if (params.blend > 0 && params.blend_seed && !inputs.init.empty())
    return unsupported("blend_seed", "blends the noise of pictures drawn from text only");
  return {};
}

std::string gibibytes(size_t bytes) {
  return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / (1u << 30));
}

}  // namespace

Result<DrawingParams> resolve_params(const Model& model, const DrawingParams& given,
                                     const DrawingInputs& inputs) {
  TRY(check_inputs(model, inputs));
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
  if (!params.seed) params.seed = random_seed();
  if (model.family().micro_conditioning) {
    if (!params.original_width) params.original_width = params.width;
    if (!params.original_height) params.original_height = params.height;
  }
  return params;
}

Result<void> check_memory(Model& model, const DrawingParams& params) {
  const int factor = model.autoencoder().scale();
  const double scale = params.hires_scale;
  BatchShape shape;
  shape.rows = *params.guidance > 1 && !model.guidance_embedded() ? 2 : 1;
  shape.extent = {model.autoencoder().latent_channels(), static_cast<int>(*params.height * scale) / factor,
                  static_cast<int>(*params.width * scale) / factor};
  shape.tokens = static_cast<int>(model.text_encoders().front().config.tokens_max);
  shape.controlled = !model.controlnets().empty();
  const Graph unet = UnetBatch::describe(model, shape);
  const size_t unet_bytes = model.backend().plan_bytes(unet, model.precision());
  const size_t decode_bytes =
      model.autoencoder().decode_bytes(shape.extent.height, shape.extent.width, model.backend());
  size_t weights = 0;
  for (const auto& use : unet.weights()) weights += static_cast<size_t>(use.shape.count());
  weights *= model.precision() == Precision::bf16 ? 2 : 4;
  weights -= std::min(weights, model.unet_network().packed_bytes());
  const size_t working = std::max(unet_bytes, decode_bytes);
  const size_t have = model.workspace().bytes();
  const size_t needed = weights + working - std::min(working, have);
  const size_t available = available_memory_bytes();
  if (needed <= available) return {};
  return Error{Code::too_large, "size",
               fmt::format("{}x{} needs {} of memory ({} weights, {} working) and {} is free", *params.width,
                           *params.height, gibibytes(needed), gibibytes(weights), gibibytes(working),
                           gibibytes(available)),
               "draw smaller, or upscale afterwards"};
}

}  // namespace limner
