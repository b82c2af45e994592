#include "engine/tokenized_prompts.h"

#include <algorithm>

#include "engine/drawing.h"
#include "text/prompt.h"

namespace limner {
namespace {

TokenizedPrompt windows_of(const TextEncoder& encoder, const std::vector<Section>& sections,
                           LongPrompt mode) {
  return window_tokens(*encoder.tokenizer, sections, static_cast<int>(encoder.config.tokens_max), mode);
}

TokenizedText tokenize(const Model& model, const std::vector<Section>& sections, LongPrompt mode) {
  TokenizedText text;
  text.sections = sections.size();
  for (const TextEncoder& encoder : model.text_encoders())
    text.by_encoder.push_back(windows_of(encoder, sections, mode));
  return text;
}

size_t chunk_count(const TokenizedBranch& branch) {
  size_t count = 1;
  for (const TokenizedStage& stage : branch.stages)
    for (const TokenizedPrompt& prompt : stage.text.by_encoder) count = std::max(count, prompt.chunks.size());
  return count;
}

void pad_chunks(const Model& model, TokenizedBranch& branch, size_t count) {
  for (TokenizedStage& stage : branch.stages)
    for (size_t i = 0; i < stage.text.by_encoder.size(); ++i) {
      auto& chunks = stage.text.by_encoder[i].chunks;
      if (chunks.size() >= count) continue;
      const TokenizedPrompt empty = windows_of(model.text_encoders()[i], {Section{}}, LongPrompt::chunk);
      chunks.resize(count, empty.chunks.front());
    }
}

Result<std::vector<TokenizedBranch>> tokenize_plan(const Model& model, const DrawingParams& params,
                                                   const std::string& prompt) {
  const PromptSyntax syntax = params.prompt_syntax == "a1111" ? PromptSyntax::a1111 : PromptSyntax::plain;
  const PromptPlan plan = TRY(plan_prompt(prompt, syntax, *params.steps));
  std::vector<TokenizedBranch> branches;
  for (const PromptBranch& branch : plan.branches) {
    branches.push_back({branch.weight, {}});
    for (const PromptStage& stage : branch.stages)
      branches.back().stages.push_back(
          {stage.until_step, tokenize(model, stage.sections, long_prompt_of(params))});
  }
  return branches;
}

Result<TokenizedPrompts> tokenize_prompts(const Model& model, const DrawingParams& params,
                                          const std::string& prompt, bool with_negative) {
  TokenizedPrompts out;
  out.positive = TRY(tokenize_plan(model, params, prompt));
  if (with_negative) {
    std::vector<TokenizedBranch> negative = TRY(tokenize_plan(model, params, params.negative.value_or("")));
    if (negative.size() > 1) return invalid("negative", "AND joins prompts, not negative prompts");
    out.negative = std::move(negative.front());
    out.chunks = chunk_count(*out.negative);
  }
  for (const TokenizedBranch& branch : out.positive) out.chunks = std::max(out.chunks, chunk_count(branch));
  for (TokenizedBranch& branch : out.positive) pad_chunks(model, branch, out.chunks);
  if (out.negative) pad_chunks(model, *out.negative, out.chunks);
  return out;
}

Result<void> check_joined(const Model& model, const DrawingParams& params) {
  if (model.pix2pix() || model.guidance_embedded())
    return unsupported("prompt", "AND joins prompts by guidance, which this kind of model uses otherwise");
  if (!is_guided(model, params) || params.guidance_start > 0 || params.guidance_end < 1)
    return unsupported("prompt", "AND joins prompts by guidance: it needs a guidance above 1 in every step");
  return {};
}

}  // namespace

LongPrompt long_prompt_of(const DrawingParams& params) {
  return params.long_prompt == "chunk" ? LongPrompt::chunk : LongPrompt::truncate;
}

Result<TokenizedRequest> tokenize_request(const Model& model, const DrawingParams& params) {
  TokenizedRequest request;
  request.prompts = TRY(tokenize_prompts(model, params, params.prompt, is_guided(model, params)));
  if (request.prompts.positive.size() > 1) TRY(check_joined(model, params));
  if (params.blend_prompt && params.blend > 0) {
    request.blended = TRY(tokenize_prompts(model, params, *params.blend_prompt, false));
    if (request.blended->chunks != request.prompts.chunks)
      return unsupported("blend_prompt", "has another number of chunks than the prompt");
  }
  return request;
}

}  // namespace limner
