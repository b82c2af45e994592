#include "engine/picture_scorer.h"

#include <fmt/format.h>

#include <cmath>
#include <mutex>
#include <optional>

#include "base/files.h"
#include "base/json.h"
#include "engine/clip_pictures.h"
#include "engine/network.h"
#include "engine/unit_vector.h"
#include "nets/clip_model.h"
#include "tensor/component_files.h"
#include "text/clip_tokenizer.h"
#include "text/token_window.h"

namespace limner {
namespace {

constexpr size_t kScorerConfigBytesMax = 1u << 20;
// Longer than any prompt: reading it takes time that grows with it.
constexpr size_t kScoredTextBytesMax = 64u << 10;
// exp(logit_scale) is at most 100 in CLIP as published, and ln 100 is where training stops it.
constexpr double kLogitScaleMax = 20;

// Cosines become logits by exp() of this.
Result<double> read_logit_scale(const WeightSource& weights) {
  const Weight weight = TRY(weights.get("logit_scale", Shape{}));
  float value = 0;
  convert_to_f32(weight.view.dtype, weight.view.data, 1, &value);
  if (!std::isfinite(value) || std::abs(value) > kLogitScaleMax)
    return invalid("logit_scale", fmt::format("is {}; expected a number from -{} to {}", value,
                                              kLogitScaleMax, kLogitScaleMax));
  return std::exp(double{value});
}

}  // namespace

struct PictureScorer::Parts {
  ClipModelConfig config;
  ClipPreprocessing preprocessing;
  std::optional<ClipTokenizer> tokenizer;
  double logit_scale = 1;
  std::unique_ptr<Backend> backend;
  Network network;
  std::unique_ptr<Workspace> workspace;
  std::mutex turn;

  Result<std::vector<float>> vector_of(const TokenChunk& tokens);
  Result<std::vector<float>> vector_of(const Picture& picture);
};

Result<std::vector<float>> PictureScorer::Parts::vector_of(const TokenChunk& tokens) {
  const ClipTextConfig& text = config.text;
  const std::lock_guard lock(turn);
  const std::shared_ptr<const Executable> run = TRY(network.compiled(
      "text", [&text] { return describe_clip_text(text, {.tokens = text.tokens_max, .pooled = true}); }));
  TRY(workspace->reserve(run->workspace_bytes()));
  std::vector<float> hidden(static_cast<size_t>(text.tokens_max * text.width));
  std::vector<float> vector(static_cast<size_t>(text.pooled_width()));
  const ConstTensorView in[] = {{DType::i32, {1, text.tokens_max}, tokens.ids.data()},
                                {DType::i32, {1}, &tokens.eos_index}};
  const TensorView out[] = {{DType::f32, {1, text.tokens_max, text.width}, hidden.data()},
                            {DType::f32, {1, text.pooled_width()}, vector.data()}};
  run->run(in, out, *workspace);
  return vector;
}

Result<std::vector<float>> PictureScorer::Parts::vector_of(const Picture& picture) {
  const std::vector<float> pixels = TRY(prepare_clip_picture(picture, preprocessing));
  const ClipVisionConfig& vision = config.vision;
  const std::lock_guard lock(turn);
  const std::shared_ptr<const Executable> run =
      TRY(network.compiled("vision", [&vision] { return describe_clip_vision(vision); }));
  TRY(workspace->reserve(run->workspace_bytes()));
  std::vector<float> vector(static_cast<size_t>(vision.projection));
  const ConstTensorView in(DType::f32, {1, vision.side, vision.side, 3}, pixels.data());
  const TensorView out{DType::f32, {1, vision.projection}, vector.data()};
  run->run({&in, 1}, {&out, 1}, *workspace);
  return vector;
}

PictureScorer::PictureScorer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
PictureScorer::~PictureScorer() = default;

Result<std::unique_ptr<PictureScorer>> PictureScorer::load(const std::filesystem::path& folder, int threads) {
  auto parts = std::make_unique<Parts>();
  const std::string config = TRY(read_file(folder / "config.json", kScorerConfigBytesMax));
  parts->config = TRY(read_clip_model_config(TRY(parse_json(config, "config.json")), "config.json"));
  parts->preprocessing = TRY(read_clip_preprocessing_of(folder));
  if (parts->preprocessing.side != parts->config.vision.side)
    return invalid("preprocessor_config.json",
                   fmt::format("prepares pictures of {} pixels, and the network reads {}",
                               parts->preprocessing.side, parts->config.vision.side));
  parts->tokenizer = TRY(ClipTokenizer::open(folder));
  if (parts->tokenizer->vocab_size() > parts->config.text.vocabulary)
    return invalid("config.json", fmt::format("vocab_size {} is smaller than the tokenizer's {}",
                                              parts->config.text.vocabulary, parts->tokenizer->vocab_size()));
  if (parts->config.text.tokens_max < 3)
    return invalid("config.json", "max_position_embeddings leaves no room for a text");
  const std::shared_ptr<const WeightSource> weights = TRY(open_component(folder));
  parts->logit_scale = TRY(read_logit_scale(*weights));
  parts->backend = make_cpu_backend(threads);
  parts->network = Network(*parts->backend, weights, Precision::f32);
  parts->workspace = parts->backend->make_workspace();
  return std::unique_ptr<PictureScorer>(new PictureScorer(std::move(parts)));
}

ScorerInfo PictureScorer::info() const {
  return {parts_->config.vision.side, parts_->config.text.tokens_max, parts_->config.vision.projection,
          parts_->logit_scale};
}

Result<ScoredText> PictureScorer::text(std::string_view text) const {
  if (text.size() > kScoredTextBytesMax)
    return Error{Code::too_large, "prompt", fmt::format("is longer than {} bytes", kScoredTextBytesMax), ""};
  TokenizedPrompt tokens =
      window_tokens(*parts_->tokenizer, {Section{WeightedText{std::string(text)}}},
                    static_cast<int>(parts_->config.text.tokens_max), LongPrompt::truncate);
  ScoredText scored{TRY(parts_->vector_of(tokens.chunks.front())), std::move(tokens.dropped)};
  if (!all_finite(scored.vector)) return invalid("scorer", "produced values that are not numbers");
  normalise(scored.vector);
  return scored;
}

Result<PictureScore> PictureScorer::score(const ScoredText& text, const Picture& picture) const {
  if (picture.empty()) return invalid("picture", "has no pixels");
  std::vector<float> vector = TRY(parts_->vector_of(picture));
  if (!all_finite(vector)) return invalid("scorer", "produced values that are not numbers");
  normalise(vector);
  LIMNER_CHECK(vector.size() == text.vector.size(), "both towers project to one width");
  PictureScore score;
  for (size_t c = 0; c < vector.size(); ++c) score.cosine += double{vector[c]} * text.vector[c];
  score.logit = score.cosine * parts_->logit_scale;
  return score;
}

}  // namespace limner
