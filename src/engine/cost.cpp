#include "engine/cost.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/memory.h"
#include "engine/conditioning_cache.h"
#include "engine/drawing.h"
#include "engine/model_card.h"
#include "engine/unet_batch.h"
#include "engine/vae_tiling.h"

namespace limner {
namespace {

// A sampler over a latent of one number: it counts its evaluations and the latents it keeps as any other
// does.
Result<std::unique_ptr<Sampler>> smallest_sampler(const Model& model, const DrawingParams& params, int steps,
                                                  double strength) {
  const SamplerRequest request = sampler_request(model, params, steps, strength, {1, 1, 1});
  return TRY(find_sampler(params.sampler))->make(request);
}

size_t rows_at_most(const Model& model, const DrawingParams& params, size_t branches, int evaluations) {
  size_t rows = 1;
  for (int i = 0; i < evaluations; ++i)
    rows = std::max(rows, rows_at(model, params, branches, static_cast<double>(i) / evaluations));
  return rows;
}

size_t text_workspace(const Model& model, const DrawingParams& params) {
  size_t most = 0;
  for (const TextEncoder& encoder : model.text_encoders()) {
    const std::string key = fmt::format("{} {}", encoder.use.encoder, params.clip_skip);
    most = std::max(most, model.plans().bytes(key, [&] {
      return model.backend().plan_bytes(
          describe_clip_text(encoder.config, encoder_shape(encoder, params.clip_skip)), model.precision());
    }));
  }
  return most;
}

size_t network_workspace(const Model& model, const DrawingParams& params, const LatentExtent& extent,
                         size_t rows, size_t tokens) {
  BatchShape shape{.rows = static_cast<int>(std::min(rows, UnetBatch::rows_max(extent))),
                   .extent = extent,
                   .tokens = static_cast<int>(tokens),
                   .controlled = !model.controlnets().empty(),
                   .tile_x = params.tile == "x" || params.tile == "xy",
                   .tile_y = params.tile == "y" || params.tile == "xy",
                   .part = params.step_cache > 1 ? UnetPart::whole_and_deep : UnetPart::whole};
  return model.plans().bytes(shape.key(), [&] { return UnetBatch::plan_bytes(model, shape); });
}

size_t autoencoder_workspace(const Model& model, LatentExtent extent, bool encodes, bool tiled) {
  const Autoencoder& autoencoder = model.autoencoder();
  if (tiled) {
    extent.height = std::min(extent.height, kTileLatents);
    extent.width = std::min(extent.width, kTileLatents);
  }
  const auto plan = [&](const char* what, auto bytes) {
    return model.plans().bytes(fmt::format("{} {}x{}", what, extent.height, extent.width), bytes);
  };
  const size_t decode =
      plan("decode", [&] { return autoencoder.decode_bytes(extent.height, extent.width, model.backend()); });
  if (!encodes) return decode;
  return std::max(decode, plan("encode", [&] {
                    return autoencoder.encode_bytes(extent.height, extent.width, model.backend());
                  }));
}

// What a drawing keeps for itself: the sampler's latents, its predictions, the picture as floats and as
// bytes.
size_t own_bytes(const Model& model, const LatentExtent& extent, size_t latents) {
  const auto factor = static_cast<size_t>(model.autoencoder().scale());
  const size_t pixels = factor * factor * static_cast<size_t>(extent.height) * extent.width;
  return latents * extent.count() * sizeof(float) + pixels * 3 * (sizeof(float) + 1);
}

// What the texts are encoded to. [a|b] has a stage a step, and two texts.
size_t text_bytes(const Model& model, const DrawingParams& params, const TokenizedPrompts& prompts,
                  size_t tokens) {
  std::set<std::string> texts;
  const auto add = [&](const TokenizedBranch& branch) {
    for (const TokenizedStage& stage : branch.stages)
      texts.insert(conditioning_key(stage.text, params.clip_skip));
  };
  for (const TokenizedBranch& branch : prompts.positive) add(branch);
  if (prompts.negative) add(*prompts.negative);
  return texts.size() * tokens * static_cast<size_t>(model.unet().context_width) * sizeof(float);
}

bool encodes(const DrawingParams& params, const InputSizes& inputs) {
  return inputs.init_width > 0 || has_second_upscaler(params);
}

size_t needed_bytes(const Model& model, size_t to_come, size_t working) {
  return to_come + working - std::min(working, model.workspace().bytes());
}

// Memory that is free, as far as it matters: to find out takes a dozen files, and a model that drew as large
// a picture before needs no more of it.
size_t free_bytes_for(size_t needed) { return needed == 0 ? 0 : available_memory_bytes(); }

// Tiles where they were asked for, or where the whole picture would not fit and they need less. Seamless
// pictures have no edges to cut.
bool wants_tiles(const Model& model, const DrawingParams& params, const InputSizes& inputs, size_t whole,
                 size_t tiled) {
  if (params.vae_tiling != "auto") return params.vae_tiling == "on";
  const size_t needed = needed_bytes(model, weights_to_come(model, params, inputs), whole);
  return params.tile == "none" && tiled < whole && needed > free_bytes_for(needed);
}

std::string gibibytes(size_t bytes) {
  return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / (1u << 30));
}

}  // namespace

// Graphs are described once: that takes longer than all else here.
size_t weights_to_come(const Model& model, const DrawingParams& params, const InputSizes& inputs) {
  size_t missing = 0;
  const auto add = [&](const std::string& name, size_t packed, auto plan) {
    const size_t planned = model.plans().bytes(name + " weights", plan);
    missing += planned - std::min(planned, packed);
  };
  const Autoencoder& autoencoder = model.autoencoder();
  add("denoiser", model.unet_network().packed_bytes(), [&] { return unet_weight_bytes(model); });
  add("controls", control_packed_bytes(model), [&] { return control_weight_bytes(model); });
  const bool both = encodes(params, inputs);
  add(both ? "autoencoder" : "decoder", autoencoder.packed_bytes(),
      [&] { return autoencoder_weight_bytes(model, both); });
  for (const TextEncoder& encoder : model.text_encoders())
    add(std::string(encoder.use.encoder), encoder.network.packed_bytes(),
        [&] { return text_weight_bytes(model, encoder); });
  return missing;
}

Result<int> second_pass_evaluations(const Model& model, const DrawingParams& params) {
  if (params.hires_scale <= 1) return 0;
  return TRY(smallest_sampler(model, params, second_steps(params), params.hires_strength))->asks_total();
}

Result<DrawingCost> cost_of(const Model& model, const DrawingParams& params, const InputSizes& inputs,
                            const TokenizedPrompts& prompts, int pictures) {
  const std::unique_ptr<Sampler> sampler =
      TRY(smallest_sampler(model, params, *params.steps, first_strength(model, params)));
  const int second = TRY(second_pass_evaluations(model, params));
  const size_t branches = prompts.positive.size();
  const size_t rows = std::max(rows_at_most(model, params, branches, sampler->asks_total()),
                               rows_at_most(model, params, branches, second));
  const LatentExtent first = first_extent(model, params);
  const LatentExtent last = second > 0 ? second_extent(first, params.hires_scale) : first;
  const auto count = static_cast<size_t>(pictures);
  const size_t tokens = prompts.chunks * static_cast<size_t>(model.text_encoders().front().config.tokens_max);
  DrawingCost cost;
  cost.evaluations = sampler->asks_total() + second;
  cost.rows = static_cast<int>(rows);
  cost.width = last.width * model.autoencoder().scale();
  cost.height = last.height * model.autoencoder().scale();
  const size_t passes =
      std::max(text_workspace(model, params), network_workspace(model, params, last, rows * count, tokens));
  const size_t deep = params.step_cache > 1 ? rows * deep_count(model, last) * sizeof(float) : 0;
  const size_t own = own_bytes(model, last, sampler->save().size() + rows + 1) + deep +
                     text_bytes(model, params, prompts, tokens);
  const auto working = [&](bool tiled) {
    return std::max(passes, autoencoder_workspace(model, last, encodes(params, inputs), tiled)) + count * own;
  };
  const size_t whole = working(false), tiled = working(true);
  cost.vae_tiled = wants_tiles(model, params, inputs, whole, tiled);
  cost.memory_bytes = cost.vae_tiled ? tiled : whole;
  return cost;
}

Result<void> check_memory(const Model& model, const DrawingParams& params, const InputSizes& inputs,
                          const DrawingCost& cost) {
  const size_t to_come = weights_to_come(model, params, inputs);
  const size_t needed = needed_bytes(model, to_come, cost.memory_bytes);
  const size_t available = free_bytes_for(needed);
  if (needed <= available) return {};
  return Error{Code::too_large, "size",
               fmt::format("{}x{} needs {} of memory ({} weights, {} working) and {} is free", *params.width,
                           *params.height, gibibytes(needed), gibibytes(to_come),
                           gibibytes(cost.memory_bytes), gibibytes(available)),
               "draw smaller, or upscale afterwards"};
}

}  // namespace limner
