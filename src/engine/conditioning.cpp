#include "engine/conditioning.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "base/check.h"
#include "engine/conditioning_cache.h"

namespace limner {
namespace {

// A1111's emphasis: scale each token's state, then restore the mean so that the whole keeps its level.
void emphasise(std::span<float> hidden, const std::vector<float>& weights) {
  if (std::all_of(weights.begin(), weights.end(), [](float w) { return w == 1.0f; })) return;
  const size_t width = hidden.size() / weights.size();
  const double before = std::accumulate(hidden.begin(), hidden.end(), 0.0);
  for (size_t i = 0; i < hidden.size(); ++i) hidden[i] *= weights[i / width];
  const double after = std::accumulate(hidden.begin(), hidden.end(), 0.0);
  if (after == 0) return;
  const float restore = static_cast<float>(before / after);
  for (float& x : hidden) x *= restore;
}

struct EncodedChunk {
  std::vector<float> hidden;  // [window, width]
  std::vector<float> pooled;
};

Result<EncodedChunk> encode_chunk(Model& model, TextEncoder& encoder, const TokenChunk& chunk,
                                  int clip_skip) {
  const ClipTextShape shape = encoder_shape(encoder, clip_skip);
  const int64_t window = shape.tokens;
  const std::string key = std::to_string(shape.hidden_from_end);
  const std::shared_ptr<const Executable> run =
      TRY(encoder.network.compiled(key, [&] { return describe_clip_text(encoder.config, shape); }));
  EncodedChunk encoded;
  encoded.hidden.resize(static_cast<size_t>(window * encoder.config.width));
  const int32_t eos = chunk.eos_index;
  const ConstTensorView inputs[] = {{DType::i32, {1, window}, chunk.ids.data()}, {DType::i32, {1}, &eos}};
  std::vector<TensorView> outputs = {{DType::f32, {1, window, encoder.config.width}, encoded.hidden.data()}};
  if (encoder.use.pooled) {
    encoded.pooled.resize(static_cast<size_t>(encoder.config.pooled_width()));
    outputs.push_back({DType::f32, {1, encoder.config.pooled_width()}, encoded.pooled.data()});
  }
  TRY(model.workspace().reserve(run->workspace_bytes()));
  run->run(std::span(inputs).first(encoder.use.pooled ? 2 : 1), outputs, model.workspace());
  emphasise(encoded.hidden, chunk.weights);
  return encoded;
}

// Copies the encoder's [window, width] states into columns [offset, offset + width) of the context's rows.
void place(const EncodedChunk& chunk, int64_t width, size_t first_row, int64_t offset, Conditioning& out) {
  const size_t rows = chunk.hidden.size() / static_cast<size_t>(width);
  for (size_t row = 0; row < rows; ++row)
    std::copy_n(chunk.hidden.data() + row * static_cast<size_t>(width), width,
                out.context.data() + (first_row + row) * static_cast<size_t>(out.width) + offset);
}

Result<Conditioning> encode_anew(Model& model, const TokenizedText& text, int clip_skip) {
  Conditioning out;
  const size_t chunks = text.by_encoder.front().chunks.size();
  const int64_t window = model.text_encoders().front().config.tokens_max;
  for (const TextEncoder& encoder : model.text_encoders())
    out.width += static_cast<int>(encoder.config.width);
  out.tokens = static_cast<int>(static_cast<size_t>(window) * chunks);
  out.context.resize(static_cast<size_t>(out.tokens) * static_cast<size_t>(out.width));
  int64_t offset = 0;
  for (size_t i = 0; i < model.text_encoders().size(); ++i) {
    TextEncoder& encoder = model.text_encoders()[i];
    for (size_t c = 0; c < chunks; ++c) {
      EncodedChunk chunk = TRY(encode_chunk(model, encoder, text.by_encoder[i].chunks[c], clip_skip));
      place(chunk, encoder.config.width, c * static_cast<size_t>(window), offset, out);
      if (encoder.use.pooled && c == 0) out.pooled = std::move(chunk.pooled);
    }
    offset += encoder.config.width;
  }
  return out;
}

// The texts of one request, beyond what the cache of all has room for: a schedule may return to each of them
// a thousand times.
using OwnTexts = std::map<std::string, ConditioningPtr>;

Result<ConditioningPtr> encode(Model& model, const TokenizedText& text, int clip_skip, OwnTexts& own) {
  std::string key = conditioning_key(text, clip_skip);
  ConditioningPtr& mine = own[key];
  if (mine) return mine;
  mine = model.conditionings().find(key);
  if (mine) return mine;
  mine = std::make_shared<const Conditioning>(TRY(encode_anew(model, text, clip_skip)));
  model.conditionings().keep(std::move(key), mine);
  return mine;
}

ConditioningPtr zeros_like(const Conditioning& conditioning) {
  Conditioning zeros = conditioning;
  std::fill(zeros.context.begin(), zeros.context.end(), 0.0f);
  std::fill(zeros.pooled.begin(), zeros.pooled.end(), 0.0f);
  return std::make_shared<const Conditioning>(std::move(zeros));
}

Result<ConditioningBranch> encode_branch(Model& model, const TokenizedBranch& branch, int clip_skip,
                                         OwnTexts& own) {
  ConditioningBranch out;
  out.weight = branch.weight;
  for (const TokenizedStage& stage : branch.stages)
    out.stages.push_back({stage.until_step, TRY(encode(model, stage.text, clip_skip, own))});
  return out;
}

// What of a text the encoders do not get to read.
void note_unread(const TokenizedBranch& branch, LongPrompt mode, PromptConditioning& out) {
  for (const TokenizedStage& stage : branch.stages) {
    if (mode == LongPrompt::truncate && stage.text.sections > 1) out.breaks_ignored = true;
    for (const TokenizedPrompt& prompt : stage.text.by_encoder)
      if (out.dropped.empty()) out.dropped = prompt.dropped;
  }
}

}  // namespace

const Conditioning& ConditioningBranch::at(int step) const {
  for (const ConditioningStage& stage : stages)
    if (step < stage.until_step) return *stage.conditioning;
  return *stages.back().conditioning;
}

Result<PromptConditioning> encode_prompts(Model& model, const DrawingParams& params,
                                          const TokenizedPrompts& prompts) {
  PromptConditioning out;
  OwnTexts own;
  for (const TokenizedBranch& branch : prompts.positive) {
    note_unread(branch, long_prompt_of(params), out);
    out.positive.push_back(TRY(encode_branch(model, branch, params.clip_skip, own)));
  }
  if (!prompts.negative) return out;
  note_unread(*prompts.negative, long_prompt_of(params), out);
  // diffusers skips layers for the prompt alone, A1111 for both.
  const int clip_skip = params.prompt_syntax == "a1111" ? params.clip_skip : 1;
  out.negative = TRY(encode_branch(model, *prompts.negative, clip_skip, own));
  if (!params.negative && model.zero_missing_negative())
    for (ConditioningStage& stage : out.negative.stages) stage.conditioning = zeros_like(*stage.conditioning);
  return out;
}

void blend(PromptConditioning& a, const PromptConditioning& b, float t) {
  LIMNER_CHECK(a.positive.size() == 1 && b.positive.size() == 1, "blending takes prompts without AND");
  Conditioning to = *a.positive[0].stages[0].conditioning;
  const Conditioning& from = *b.positive[0].stages[0].conditioning;
  LIMNER_CHECK(to.context.size() == from.context.size(), "blended conditionings have one shape");
  // Exact at both ends, which a + (b - a) t is not.
  const auto mix = [t](float& x, float y) { x = x * (1 - t) + y * t; };
  for (size_t i = 0; i < to.context.size(); ++i) mix(to.context[i], from.context[i]);
  for (size_t i = 0; i < to.pooled.size(); ++i) mix(to.pooled[i], from.pooled[i]);
  a.positive[0].stages[0].conditioning = std::make_shared<const Conditioning>(std::move(to));
}

}  // namespace limner
