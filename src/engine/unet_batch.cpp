#include "engine/unet_batch.h"

#include <fmt/format.h>

#include <algorithm>

namespace limner {
namespace {

UnetShape unet_shape(const Model& model, const BatchShape& shape) {
  UnetShape unet;
  unet.batch = shape.rows;
  unet.height = shape.extent.height;
  unet.width = shape.extent.width;
  unet.tokens = shape.tokens;
  unet.time_ids = model.family().aesthetic_score ? 5 : 6;
  unet.control_residuals = shape.controlled;
  unet.part = shape.part;
  return unet;
}

GraphOptions tiling_of(const BatchShape& shape) { return {.tile_x = shape.tile_x, .tile_y = shape.tile_y}; }

ControlNetShape control_shape(const Model& model, const BatchShape& shape) {
  ControlNetShape control;
  control.batch = shape.rows;
  control.height = shape.extent.height;
  control.width = shape.extent.width;
  control.tokens = shape.tokens;
  control.time_ids = model.family().aesthetic_score ? 5 : 6;
  control.scaled = true;
  return control;
}

}  // namespace

std::string BatchShape::key() const {
  const char* parts[] = {"", " deep", " outermost"};
  return fmt::format("{} rows {}x{} {} tokens{}{}{}{}", rows, extent.height, extent.width, tokens,
                     controlled ? " control" : "", tile_x ? " x" : "", tile_y ? " y" : "",
                     parts[static_cast<size_t>(part)]);
}

Graph UnetBatch::describe(const Model& model, const BatchShape& shape) {
  Graph graph = describe_unet(model.unet(), unet_shape(model, shape), tiling_of(shape));
  graph.compute_in_int8(model.quantization().computed_in_int8());
  return graph;
}

std::vector<Graph> UnetBatch::describe_controls(const Model& model, const BatchShape& shape) {
  std::vector<Graph> graphs;
  for (const ControlNet& net : model.controlnets())
    graphs.push_back(describe_controlnet(net.config, control_shape(model, shape), tiling_of(shape)));
  return graphs;
}

size_t UnetBatch::plan_bytes(const Model& model, const BatchShape& shape) {
  size_t bytes = model.backend().plan_bytes(describe(model, shape), model.precision());
  for (const Graph& graph : describe_controls(model, shape))
    bytes = std::max(bytes, model.backend().plan_bytes(graph, model.precision()));
  return bytes;
}

// Guidance wants 2; beyond 8 rows of 64x64 the small resolutions are no longer bound by reading weights, and
// larger latents get fewer rows for the same memory.
size_t UnetBatch::rows_max(const LatentExtent& extent) {
  constexpr size_t kPositions = 8u * 64u * 64u;
  const size_t positions = static_cast<size_t>(extent.height) * static_cast<size_t>(extent.width);
  return std::clamp<size_t>(kPositions / positions, 2, 8);
}

Result<std::unique_ptr<UnetBatch>> UnetBatch::make(Model& model, const BatchShape& shape) {
  std::unique_ptr<UnetBatch> batch(new UnetBatch(model, shape));
  batch->unet_ = TRY(model.unet_network().compile(describe(model, shape)));
  if (shape.controlled) TRY(batch->make_controls());
  batch->lay_out_inputs();
  return batch;
}

size_t UnetBatch::workspace_bytes() const {
  size_t bytes = unet_->workspace_bytes();
  for (const Control& control : controls_) bytes = std::max(bytes, control.run->workspace_bytes());
  return bytes;
}

size_t UnetBatch::held_bytes() const {
  size_t values = 0;
  const auto add = [&values](const Buffer& buffer) { values += buffer.values.size(); };
  for (const Buffer* buffer : {&sample_, &timestep_, &context_, &text_embeds_, &time_ids_, &guidance_,
                               &prediction_, &deep_, &latent_})
    add(*buffer);
  std::ranges::for_each(residuals_, add);
  for (const Control& control : controls_) {
    std::ranges::for_each(control.residuals, add);
    add(control.condition);
    add(control.scale);
  }
  return values * sizeof(float);
}

void UnetBatch::lay_out_inputs() {
  const UnetConfig& config = model_.unet();
  const int64_t rows = shape_.rows, height = shape_.extent.height, width = shape_.extent.width;
  const auto lay = [&](Buffer& buffer, Shape shape, bool is_input = true) {
    buffer.shape = shape;
    buffer.values.assign(static_cast<size_t>(shape.count()), 0.0f);
    if (is_input) inputs_.push_back(view(buffer));
  };
  lay(sample_, {rows, height, width, config.in_channels});
  lay(timestep_, {rows});
  lay(context_, {rows, shape_.tokens, config.context_width});
  if (config.added_width > 0) {
    const int64_t pooled = model_.text_encoders().back().config.pooled_width();
    lay(text_embeds_, {rows, pooled});
    lay(time_ids_, {rows, *config.time_id_count(pooled)});
  }
  if (config.time_condition_width > 0) lay(guidance_, {rows, config.time_condition_width});
  for (Buffer& residual : residuals_) inputs_.push_back(view(residual));
  lay(prediction_, {rows, height, width, config.out_channels}, false);
  outputs_.push_back(view(prediction_));
  if (shape_.part != UnetPart::whole)
    lay(deep_, {rows, height, width, deep_channels(config)}, shape_.part == UnetPart::outermost);
  if (shape_.part == UnetPart::whole_and_deep) outputs_.push_back(view(deep_));
  if (!controls_.empty() && config.in_channels != shape_.extent.channels)
    lay(latent_, {rows, height, width, shape_.extent.channels}, false);
  for (size_t i = 0; i < controls_.size(); ++i)
    lay_out_control(controls_[i], model_.controlnets()[i].config.unet);
}

// A ControlNet reads what the UNet reads, but for what only the UNet has: the channels of a picture beside
// the latent, a distilled model's guidance scale, the residuals.
void UnetBatch::lay_out_control(Control& control, const UnetConfig& config) {
  control.inputs = {view(latent_.values.empty() ? sample_ : latent_), view(timestep_), view(context_)};
  if (config.added_width > 0) {
    control.inputs.push_back(view(text_embeds_));
    control.inputs.push_back(view(time_ids_));
  }
  control.inputs.push_back(view(control.condition));
  control.inputs.push_back(view(control.scale));
}

Result<void> UnetBatch::make_controls() {
  const ControlNetShape shape = control_shape(model_, shape_);
  const std::vector<Graph> graphs = describe_controls(model_, shape_);
  for (size_t i = 0; i < graphs.size(); ++i) {
    ControlNet& net = model_.controlnets()[i];
    const Graph& graph = graphs[i];
    Control control;
    control.run = TRY(net.network.compile(graph));
    for (const GraphOutput& output : graph.outputs()) {
      control.residuals.push_back({std::vector<float>(static_cast<size_t>(graph.shape(output.value).count())),
                                   graph.shape(output.value)});
    }
    for (Buffer& residual : control.residuals) control.outputs.push_back(view(residual));
    const int64_t scale = net.config.condition_scale(), count = net.config.unet.residual_count() + 1;
    control.condition.shape = {shape.batch, scale * shape.height, scale * shape.width,
                               net.config.condition_channels};
    control.condition.values.resize(static_cast<size_t>(control.condition.shape.count()));
    control.scale.shape = {shape.batch, count};
    control.scale.values.resize(static_cast<size_t>(shape.batch * count));
    if (residuals_.empty())
      for (const Buffer& residual : control.residuals) residuals_.push_back(residual);
    controls_.push_back(std::move(control));
  }
  return {};
}

void UnetBatch::fill_row(size_t index, const BatchRow& row) {
  const Drawing& drawing = *row.drawing;
  const Row& wanted = drawing.rows[row.row];
  const Conditioning& conditioning = *wanted.conditioning;
  const auto at = [index](Buffer& buffer) {
    const size_t size = buffer.values.size() / static_cast<size_t>(buffer.shape[0]);
    return std::span(buffer.values).subspan(index * size, size);
  };
  const int channels = shape_.extent.channels, stride = static_cast<int>(model_.unet().in_channels);
  const auto sample = at(sample_);
  planes_to_pixels(row.ask.input, channels, sample, stride);
  if (!latent_.values.empty()) planes_to_pixels(row.ask.input, channels, at(latent_), channels);
  const int extra = drawing.picture.extra_channels;
  for (size_t pixel = 0; extra > 0 && pixel < sample.size() / static_cast<size_t>(stride); ++pixel)
    for (int c = 0; c < extra; ++c)
      sample[pixel * static_cast<size_t>(stride) + static_cast<size_t>(channels + c)] =
          wanted.sees_picture
              ? drawing.picture.extra[pixel * static_cast<size_t>(extra) + static_cast<size_t>(c)]
              : 0.0f;
  at(timestep_)[0] = row.ask.timestep;
  std::copy(conditioning.context.begin(), conditioning.context.end(), at(context_).begin());
  if (!text_embeds_.values.empty()) {
    std::copy(conditioning.pooled.begin(), conditioning.pooled.end(), at(text_embeds_).begin());
    const auto& ids = wanted.negative ? drawing.negative_time_ids : drawing.time_ids;
    std::copy(ids.begin(), ids.end(), at(time_ids_).begin());
  }
  if (!guidance_.values.empty())
    std::copy(drawing.guidance_embedding.begin(), drawing.guidance_embedding.end(), at(guidance_).begin());
  if (shape_.part == UnetPart::outermost)
    std::copy(drawing.deep[row.row].begin(), drawing.deep[row.row].end(), at(deep_).begin());
  for (size_t i = 0; i < controls_.size(); ++i) {
    const ControlInput& input = drawing.controls[i];
    // Every evaluation decides by its share of the whole whether the ControlNet acts (diffusers'
    // controlnet_keep).
    const double total = drawing.sampler->asks_total(), done = drawing.sampler->asks_done();
    const bool acts = !(done / total < input.start || (done + 1) / total > input.end);
    std::fill_n(at(controls_[i].scale).begin(), at(controls_[i].scale).size(), acts ? input.scale : 0.0f);
    std::copy(input.pixels.begin(), input.pixels.end(), at(controls_[i].condition).begin());
  }
}

void UnetBatch::run_controls(Workspace& workspace) {
  for (size_t i = 0; i < controls_.size(); ++i) {
    Control& control = controls_[i];
    control.run->run(control.inputs, control.outputs, workspace);
    for (size_t r = 0; r < residuals_.size(); ++r) {
      const std::vector<float>& from = control.residuals[r].values;
      std::vector<float>& to = residuals_[r].values;
      if (i == 0)
        std::copy(from.begin(), from.end(), to.begin());
      else
        for (size_t k = 0; k < to.size(); ++k) to[k] += from[k];
    }
  }
}

void UnetBatch::run(std::span<const BatchRow> rows, Workspace& workspace) {
  LIMNER_CHECK(rows.size() == static_cast<size_t>(shape_.rows), "as many rows as the batch was made for");
  for (size_t i = 0; i < rows.size(); ++i) fill_row(i, rows[i]);
  if (!controls_.empty()) run_controls(workspace);
  unet_->run(inputs_, outputs_, workspace);
  const auto row_of = [&rows](Buffer& buffer, size_t i) {
    const size_t size = buffer.values.size() / rows.size();
    return std::span(buffer.values).subspan(i * size, size);
  };
  for (size_t i = 0; i < rows.size(); ++i) {
    Drawing& drawing = *rows[i].drawing;
    pixels_to_planes(row_of(prediction_, i), shape_.extent.channels, drawing.predictions[rows[i].row]);
    if (shape_.part != UnetPart::whole_and_deep) continue;
    const std::span<const float> deep = row_of(deep_, i);
    std::copy(deep.begin(), deep.end(), drawing.deep[rows[i].row].begin());
  }
}

}  // namespace limner
