// What is known of a model, and of drawings with it, before its weights are read.

#include "engine/model_card.h"

#include <algorithm>

#include "engine/cost.h"
#include "engine/drawing.h"
#include "engine/model_library.h"
#include "engine/resolve.h"
#include "engine/unet_batch.h"
#include "engine/weights_digest.h"

namespace limner {
namespace {

size_t parameter_bytes(const Model& model, const Graph& graph) {
  return model.backend().plan_weight_bytes(graph, model.precision());
}

// The smallest batch there can be: weights are the same for all.
BatchShape smallest_batch(const Model& model) {
  const int side = static_cast<int>(model.unet().extent_min());
  return {.rows = 1,
          .extent = {model.autoencoder().latent_channels(), side, side},
          .tokens = static_cast<int>(model.text_encoders().front().config.tokens_max)};
}

}  // namespace

size_t unet_weight_bytes(const Model& model) {
  return parameter_bytes(model, UnetBatch::describe(model, smallest_batch(model)));
}

size_t control_weight_bytes(const Model& model) {
  size_t bytes = 0;
  for (const Graph& graph : UnetBatch::describe_controls(model, smallest_batch(model)))
    bytes += parameter_bytes(model, graph);
  return bytes;
}

size_t text_weight_bytes(const Model& model, const TextEncoder& encoder) {
  return parameter_bytes(model, describe_clip_text(encoder.config, encoder_shape(encoder, 1)));
}

size_t autoencoder_weight_bytes(const Model& model, bool encoder) {
  const std::vector<Graph> graphs = model.autoencoder().describe_both();
  return parameter_bytes(model, graphs[0]) + (encoder ? parameter_bytes(model, graphs[1]) : 0);
}

size_t control_packed_bytes(const Model& model) {
  size_t bytes = 0;
  for (const ControlNet& net : model.controlnets()) bytes += net.network.packed_bytes();
  return bytes;
}

Result<ModelCard> describe(const std::filesystem::path& path, const LoadOptions& options) {
  std::shared_ptr<const Model> model = TRY(Model::open(path, options));
  ModelCard card;
  card.info = model_info(*model);
  card.latent_scale = model->autoencoder().scale();
  card.latent_channels = model->autoencoder().latent_channels();
  card.weight_bytes =
      unet_weight_bytes(*model) + control_weight_bytes(*model) + autoencoder_weight_bytes(*model, true);
  for (const TextEncoder& encoder : model->text_encoders())
    card.weight_bytes += text_weight_bytes(*model, encoder);
  card.unpacked = std::move(model);
  return card;
}

Result<std::string> hash_weights(const ModelCard& card, const std::function<bool(double)>& progress) {
  LIMNER_CHECK(card.unpacked != nullptr, "a card comes from describe()");
  const std::vector<std::filesystem::path>& files = card.unpacked->files().weight_files;
  double total = 0, done = 0;
  for (const std::filesystem::path& file : files) {
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    if (!error) total += static_cast<double>(size);
  }
  bool stopped = false;
  const std::string digest = digest_of_files(files, [&](size_t bytes) {
    done += static_cast<double>(bytes);
    stopped = progress && !progress(std::min(1.0, done / std::max(1.0, total)));
    return !stopped;
  });
  if (stopped) return Error{Code::cancelled, "", "interrupted", ""};
  if (digest.empty()) return not_found("model", card.info.name + ": a weight file cannot be read");
  return digest;
}

Result<DrawingCost> predict_cost(const ModelCard& card, const DrawingParams& params, const InputSizes& inputs,
                                 int pictures) {
  LIMNER_CHECK(card.unpacked != nullptr && pictures > 0,
               "a card comes from describe(), and something is drawn");
  const DrawingParams used = TRY(resolve_params(*card.unpacked, params, inputs));
  if (has_second_upscaler(used)) TRY(find_upscaler(used.hires_upscaler, "hires_upscaler"));
  const TokenizedRequest texts = TRY(tokenize_request(*card.unpacked, used));
  return cost_of(*card.unpacked, used, inputs, texts.prompts, pictures);
}

}  // namespace limner
