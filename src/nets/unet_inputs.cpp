#include "nets/unet_inputs.h"

#include "base/check.h"

namespace limner {
namespace {

Value two_linear_maps(Graph& g, Value x, const Scope& scope, int64_t width, op::Activation between) {
  const Value hidden = g.activation(g.linear(x, scope / "linear_1", width), between);
  return g.linear(hidden, scope / "linear_2", width);
}

Value sinusoids(Graph& g, const UnetConfig& config, Value x, int64_t width) {
  return g.sinusoid_embedding(
      x, {.width = width, .flip_sin_to_cos = config.flip_sin_to_cos, .shift = config.frequency_shift});
}

Value embed_timestep(Graph& g, const UnetConfig& config, const UnetInputs& inputs) {
  const Scope scope{"time_embedding"};
  Value x = sinusoids(g, config, inputs.timestep, config.sinusoid_width());
  if (inputs.timestep_cond.valid())
    x = g.add(x,
              g.linear(inputs.timestep_cond, scope / "cond_proj", config.sinusoid_width(), /*bias=*/false));
  x = two_linear_maps(g, x, scope, config.time_embedding_width, config.activation);
  return config.time_post_activation ? g.activation(x, *config.time_post_activation) : x;
}

Value embed_class(Graph& g, const UnetConfig& config, Value labels) {
  const Scope scope{"class_embedding"};
  const int64_t width = config.time_embedding_width;
  switch (config.class_embedding) {
    case ClassEmbedding::table: {
      const Value row = g.embedding(labels, scope, config.class_width, width);
      return g.reshape(row, Shape{g.shape(row)[0], width});
    }
    case ClassEmbedding::timestep: {
      const Value waves = sinusoids(g, config, labels, config.sinusoid_width());
      return two_linear_maps(g, waves, scope, width, config.class_activation);
    }
    case ClassEmbedding::projection:
      return two_linear_maps(g, labels, scope, width, op::Activation::silu);
    case ClassEmbedding::linear:
      return g.linear(labels, scope, width);
    case ClassEmbedding::none:
      break;
  }
  LIMNER_CHECK(false, "a class embedding that the config has");
}

// SDXL's micro-conditioning: sinusoids of sizes and crop beside the pooled text. Podell et al. 2023,
// section 2.2.
Value embed_added(Graph& g, const UnetConfig& config, const UnetInputs& inputs) {
  const Value sizes = sinusoids(g, config, inputs.time_ids, config.added_sinusoid_width);
  const Value joined = g.concat({inputs.text_embeds, sizes});
  return two_linear_maps(g, joined, Scope{"add_embedding"}, config.time_embedding_width,
                         op::Activation::silu);
}

Value declare_class_labels(Graph& g, const UnetConfig& config, int64_t batch) {
  switch (config.class_embedding) {
    case ClassEmbedding::none:
      return {};
    case ClassEmbedding::table:
      return g.input_ids("class_labels", Shape{batch, 1});
    case ClassEmbedding::timestep:
      return g.input("class_labels", Shape{batch});
    case ClassEmbedding::projection:
    case ClassEmbedding::linear:
      break;
  }
  return g.input("class_labels", Shape{batch, config.class_width});
}

}  // namespace

UnetInputs declare_unet_inputs(Graph& g, const UnetConfig& config, const UnetExtents& extents) {
  const int64_t least = config.extent_min();
  LIMNER_CHECK(extents.height >= least && extents.width >= least, "latents survive the downsamplings");
  const int64_t batch = extents.batch;
  UnetInputs inputs;
  inputs.sample = g.input("sample", Shape{batch, extents.height, extents.width, config.in_channels});
  inputs.timestep = g.input("timestep", Shape{batch});
  inputs.context = g.input("context", Shape{batch, extents.tokens, config.context_width});
  if (config.added_width) {
    const int64_t text = config.added_width - extents.time_ids * config.added_sinusoid_width;
    LIMNER_CHECK(extents.time_ids >= 1 && text >= 1, "as many time ids as UnetConfig::time_id_count says");
    inputs.text_embeds = g.input("text_embeds", Shape{batch, text});
    inputs.time_ids = g.input("time_ids", Shape{batch, extents.time_ids});
  }
  if (config.time_condition_width)
    inputs.timestep_cond = g.input("timestep_cond", Shape{batch, config.time_condition_width});
  inputs.class_labels = declare_class_labels(g, config, batch);
  return inputs;
}

Value embed_time(Graph& g, const UnetConfig& config, const UnetInputs& inputs) {
  Value embedding = embed_timestep(g, config, inputs);
  if (inputs.class_labels.valid()) embedding = g.add(embedding, embed_class(g, config, inputs.class_labels));
  if (inputs.time_ids.valid()) embedding = g.add(embedding, embed_added(g, config, inputs));
  if (config.time_embedding_activation)
    embedding = g.activation(embedding, *config.time_embedding_activation);
  return embedding;
}

Value project_context(Graph& g, const UnetConfig& config, Value context) {
  if (config.context_projection == 0) return context;
  return g.linear(context, Scope{"encoder_hid_proj"}, config.context_projection);
}

}  // namespace limner
