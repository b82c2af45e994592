#include "nets/ldm_names.h"

#include <fmt/format.h>

namespace limner {

WeightNames weight_names(std::span<const ModuleNames> modules, std::string_view prefix) {
  WeightNames names;
  for (const ModuleNames& module : modules)
    for (const char* part : {".weight", ".bias"})
      names[module.diffusers + part] = {fmt::format("{}{}{}", prefix, module.ldm, part)};
  return names;
}

WeightNames open_clip_weight_names(int layers, std::string_view prefix) {
  WeightNames names;
  const auto add = [&](std::string_view ours, std::string_view theirs, Take take = Take::whole) {
    names[std::string(ours)] = {fmt::format("{}{}", prefix, theirs), take};
  };
  add("text_model.embeddings.token_embedding.weight", "token_embedding.weight");
  add("text_model.embeddings.position_embedding.weight", "positional_embedding");
  add("text_projection.weight", "text_projection", Take::transposed);
  const auto add_module = [&](const std::string& ours, const std::string& theirs) {
    for (const char* part : {".weight", ".bias"}) add(ours + part, theirs + part);
  };
  add_module("text_model.final_layer_norm", "ln_final");
  for (int layer = 0; layer < layers; ++layer) {
    const std::string ours = fmt::format("text_model.encoder.layers.{}.", layer);
    const std::string theirs = fmt::format("transformer.resblocks.{}.", layer);
    add_module(ours + "layer_norm1", theirs + "ln_1");
    add_module(ours + "layer_norm2", theirs + "ln_2");
    add_module(ours + "mlp.fc1", theirs + "mlp.c_fc");
    add_module(ours + "mlp.fc2", theirs + "mlp.c_proj");
    add_module(ours + "self_attn.out_proj", theirs + "attn.out_proj");
    for (const char* part : {"weight", "bias"}) {
      const std::string fused = fmt::format("{}attn.in_proj_{}", theirs, part);
      add(fmt::format("{}self_attn.q_proj.{}", ours, part), fused, Take::first_third);
      add(fmt::format("{}self_attn.k_proj.{}", ours, part), fused, Take::second_third);
      add(fmt::format("{}self_attn.v_proj.{}", ours, part), fused, Take::last_third);
    }
  }
  return names;
}

std::shared_ptr<const WeightSource> with_text_model_prefix(std::shared_ptr<const WeightSource> text_encoder) {
  constexpr std::string_view kProjection = "text_projection.weight";
  if (!text_encoder->has("embeddings.token_embedding.weight")) return text_encoder;
  WeightNames names;
  for (const std::string& name : text_encoder->names())
    names[name == kProjection ? name : "text_model." + name] = {name};
  return renamed_weights(std::move(text_encoder), std::move(names));
}

std::shared_ptr<const WeightSource> with_current_vae_names(std::shared_ptr<const WeightSource> vae) {
  constexpr std::pair<const char*, const char*> kModules[] = {
      {"query", "to_q"}, {"key", "to_k"}, {"value", "to_v"}, {"proj_attn", "to_out.0"}};
  WeightNames names;
  for (const std::string& name : vae->names()) names[name] = {name};
  bool any = false;
  for (const char* half : {"encoder", "decoder"})
    for (const auto& [old, current] : kModules)
      for (const char* part : {"weight", "bias"}) {
        const std::string attention = fmt::format("{}.mid_block.attentions.0.", half);
        const std::string before = fmt::format("{}{}.{}", attention, old, part);
        if (names.erase(before) == 0) continue;
        names[fmt::format("{}{}.{}", attention, current, part)] = {before};
        any = true;
      }
  return any ? renamed_weights(std::move(vae), std::move(names)) : vae;
}

}  // namespace limner
