// Opening a drawing: parameters checked, text encoded, pictures prepared, first noise drawn.

#include <fmt/format.h>

#include <chrono>
#include <cmath>

#include "engine/cost.h"
#include "engine/drawing.h"
#include "engine/drawing_state.h"
#include "engine/model_library.h"
#include "engine/resolve.h"
#include "engine/unet_batch.h"
#include "image/resize.h"

namespace limner {
namespace {

// Adds the time from its making to its end to a stage.
class StageClock {
 public:
  explicit StageClock(double& total_ms) : total_ms_(total_ms), started_(std::chrono::steady_clock::now()) {}
  ~StageClock() {
    total_ms_ +=
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started_).count();
  }
  StageClock(const StageClock&) = delete;
  StageClock& operator=(const StageClock&) = delete;

 private:
  double& total_ms_;
  std::chrono::steady_clock::time_point started_;
};

void warn_of_unread(const PromptConditioning& prompts, std::string_view what,
                    std::vector<std::string>& warnings) {
  if (!prompts.dropped.empty())
    warnings.push_back(fmt::format(
        "{} is longer than the model reads; left out: \"{}\" (--long-prompt chunk reads all of it)", what,
        prompts.dropped));
  if (prompts.breaks_ignored)
    warnings.push_back(fmt::format("BREAK in {} does nothing without --long-prompt chunk", what));
}

Result<void> encode_text(Drawing& drawing, const TokenizedRequest& texts) {
  const StageClock clock(drawing.times.text_ms);
  Model& model = *drawing.model;
  drawing.prompts = TRY(encode_prompts(model, drawing.params, texts.prompts));
  if (texts.blended) {
    const PromptConditioning other = TRY(encode_prompts(model, drawing.params, *texts.blended));
    warn_of_unread(other, "blend_prompt", drawing.warnings);
    blend(drawing.prompts, other, static_cast<float>(drawing.params.blend));
  }
  warn_of_unread(drawing.prompts, "the prompt", drawing.warnings);
  return {};
}

// [H, W, 3] in 0..1, as diffusers hands a condition to a ControlNet.
std::vector<float> unit_floats(const Picture& picture) {
  std::vector<float> values;
  const size_t pixels = static_cast<size_t>(picture.width) * picture.height;
  values.reserve(pixels * 3);
  for (size_t i = 0; i < pixels; ++i)
    for (int c = 0; c < 3; ++c) {
      const size_t channel = picture.channels == 1 ? 0 : static_cast<size_t>(c);
      values.push_back(
          static_cast<float>(picture.pixels[i * static_cast<size_t>(picture.channels) + channel]) / 255.0f);
    }
  return values;
}

// The guidance scale as sinusoids for latent consistency models: diffusers' get_guidance_scale_embedding(w -
// 1).
std::vector<float> embed_guidance(double guidance, int64_t width) {
  std::vector<float> embedding(static_cast<size_t>(width), 0.0f);
  const float scaled = static_cast<float>(guidance - 1) * 1000.0f;
  const int64_t half = width / 2;
  const float step = static_cast<float>(std::log(10000.0) / static_cast<double>(half - 1));
  for (int64_t i = 0; i < half; ++i) {
    const float angle = scaled * std::exp(static_cast<float>(i) * -step);
    embedding[static_cast<size_t>(i)] = std::sin(angle);
    embedding[static_cast<size_t>(half + i)] = std::cos(angle);
  }
  return embedding;
}

// Signs are of use where the first noise leads to the picture.
Result<void> check_markable(const Model& model, const DrawingParams& used, const InputSizes& sizes,
                            const NoiseSigns& signs) {
  if (sizes.init_width > 0)
    return unsupported(kNoiseSignsField,
                       "is carried by pictures drawn from noise alone, and this one is drawn over another");
  if (used.hires_scale > 1)
    return unsupported(kNoiseSignsField,
                       "is not carried through a second pass, which draws with noise of its own");
  const size_t values = first_extent(model, used).count();
  if (values < signs.values_min())
    return unsupported(kNoiseSignsField,
                       fmt::format("needs {} values of noise, and a picture of {}x{} begins with {}",
                                   signs.values_min(), *used.width, *used.height, values));
  return {};
}

}  // namespace

void set_time_ids(Drawing& drawing) {
  const Model& model = *drawing.model;
  if (!model.family().micro_conditioning) return;
  const DrawingParams& params = drawing.params;
  const float factor = static_cast<float>(model.autoencoder().scale());
  const auto ids = [&](double score) {
    std::vector<float> ids = {static_cast<float>(*params.original_height),
                              static_cast<float>(*params.original_width), static_cast<float>(params.crop_top),
                              static_cast<float>(params.crop_left)};
    if (model.family().aesthetic_score)
      ids.push_back(static_cast<float>(score));
    else
      ids.insert(ids.end(), {static_cast<float>(drawing.extent.height) * factor,
                             static_cast<float>(drawing.extent.width) * factor});
    return ids;
  };
  drawing.time_ids = ids(params.aesthetic_score);
  drawing.negative_time_ids = ids(params.negative_aesthetic_score);
}

Result<void> prepare_controls(Drawing& drawing) {
  const auto& nets = drawing.model->controlnets();
  for (size_t i = 0; i < drawing.controls.size(); ++i) {
    ControlInput& control = drawing.controls[i];
    const int scale = static_cast<int>(nets[i].config.condition_scale());
    const Picture fitted = TRY(resize(control.picture, drawing.extent.width * scale,
                                      drawing.extent.height * scale, ResizeFilter::lanczos));
    control.pixels = unit_floats(fitted);
  }
  return {};
}

Result<DrawingPtr> open(Model& model, const DrawingParams& params, const DrawingInputs& inputs,
                        const NoiseSigns* signs) {
  DrawingPtr drawing(new Drawing);
  drawing->model = &model;
  const InputSizes sizes = sizes_of(inputs);
  drawing->params = TRY(resolve_params(model, params, sizes));
  TRY(check_inputs(inputs));
  const DrawingParams& used = drawing->params;
  const TokenizedRequest texts = TRY(tokenize_request(model, used));
  drawing->cost = TRY(cost_of(model, used, sizes, texts.prompts));
  TRY(check_memory(model, used, sizes, drawing->cost));
  if (signs) {
    TRY(check_markable(model, used, sizes, *signs));
    drawing->noise_signs = signs->json();
  }
  // Before it is settled how much memory there is: a drawing goes on where there is more or less.
  drawing->fingerprint = fingerprint_of(used, inputs, drawing->noise_signs);
  drawing->params.vae_tiling = drawing->cost.vae_tiled ? "on" : "off";
  if (drawing->cost.vae_tiled && params.vae_tiling == "auto")
    drawing->warnings.push_back(
        "the autoencoder works in tiles, for the whole picture would not fit into memory (--vae-tiling off "
        "to refuse such pictures)");
  drawing->extent = first_extent(model, used);
  drawing->tiling = {.tile_x = used.tile == "x" || used.tile == "xy",
                     .tile_y = used.tile == "y" || used.tile == "xy"};
  drawing->noise = std::make_unique<CountedNoise>(*TRY(find_noise_kind(used.noise)), *used.seed);
  drawing->wants_second_pass = used.hires_scale > 1;
  drawing->evaluations_later = TRY(second_pass_evaluations(model, used));
  if (has_second_upscaler(used))
    drawing->upscaler = TRY(Upscaler::load(TRY(find_upscaler(used.hires_upscaler, "hires_upscaler")),
                                           model.backend(), model.precision()));
  for (const auto& control : inputs.controls)
    drawing->controls.push_back(
        {control.picture, {}, static_cast<float>(control.scale), control.start, control.end});
  TRY(encode_text(*drawing, texts));
  set_time_ids(*drawing);
  TRY(prepare_controls(*drawing));
  if (model.guidance_embedded())
    drawing->guidance_embedding = embed_guidance(*used.guidance, model.unet().time_condition_width);
  {
    const StageClock clock(drawing->times.encode_ms);
    TRY(begin_first_pass(*drawing, inputs, signs));
  }
  const StageClock clock(drawing->times.compile_ms);
  choose_rows(*drawing);
  BatchShape shape{.rows = static_cast<int>(drawing->rows.size()),
                   .extent = drawing->extent,
                   .tokens = drawing->rows[0].conditioning->tokens,
                   .controlled = !drawing->controls.empty(),
                   .tile_x = drawing->tiling.tile_x,
                   .tile_y = drawing->tiling.tile_y,
                   .part = drawing->part};
  TRY(model.batch(shape));
  return drawing;
}

}  // namespace limner
