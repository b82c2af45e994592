#include "engine/engine.h"

#include <fmt/format.h>

#include "engine/drawing.h"
#include "sampling/noise_schedule.h"

namespace limner {

void ModelDeleter::operator()(Model* model) const { delete model; }
void DrawingDeleter::operator()(Drawing* drawing) const { delete drawing; }

Result<ModelPtr> load(const std::filesystem::path& path, const LoadOptions& options) {
  return ModelPtr(TRY(Model::load(path, options)).release());
}

ModelInfo model_info(const Model& model) {
  ModelInfo info;
  info.name = model.files().name;
  info.family = model.family().name;
  info.pipeline = model.files().pipeline_class;
  info.backend = model.backend().description();
  info.dtype = precision_name(model.precision());
  info.width = model.default_side("width");
  info.height = model.default_side("height");
  info.size_multiple = model.autoencoder().scale();
  info.steps = model.default_steps();
  info.guidance = model.default_guidance();
  info.sampler = model.training().sampler;
  info.schedule = model.training().schedule;
  info.inpainting = model.inpainting();
  info.edits_by_instruction = model.pix2pix();
  if (const Quantization& quantization = model.quantization(); !quantization.weights.empty())
    info.quantization = fmt::format("{} weights in 8 bits, computed in {}", quantization.weights.size(),
                                    quantization.activations_int8 ? "int8" : info.dtype);
  info.warnings = model.warnings();
  return info;
}

size_t weight_bytes(const Model& model) { return model.packed_bytes(); }

std::string model_hash(Model& model) { return model.weights_hash(); }

bool drawn(const Drawing& drawing) {
  return !drawing.wants_second_pass && !drawing.sampler->ask().has_value();
}

Progress progress(const Drawing& drawing) {
  const int now = drawing.sampler->asks_total();
  const int steps_now = drawing.request.steps - drawing.request.skip;
  const int per_step = std::max(1, now / std::max(1, steps_now));
  Progress progress;
  progress.done = drawing.evaluations_before + drawing.sampler->asks_done();
  progress.total = drawing.evaluations_before + now + drawing.evaluations_later;
  progress.steps = std::max(1, progress.total / per_step);
  progress.step = std::min(progress.steps, progress.done / per_step);
  return progress;
}

int next_rows(const Drawing& drawing) {
  if (drawn(drawing)) return 0;
  return static_cast<int>(
      rows_at(*drawing.model, drawing.params, drawing.prompts.positive.size(), drawing.share_done()));
}

bool next_is_whole(const Drawing& drawing) { return whole_is_due(drawing); }
const DrawingCost& planned_cost(const Drawing& drawing) { return drawing.cost; }
const DrawingParams& used_params(const Drawing& drawing) { return drawing.params; }
size_t noise_values(const Drawing& drawing) { return first_extent(*drawing.model, drawing.params).count(); }
const Json& noise_signs(const Drawing& drawing) { return drawing.noise_signs; }
const std::vector<std::string>& warnings(const Drawing& drawing) { return drawing.warnings; }
StageTimes stage_times(const Drawing& drawing) { return drawing.times; }

std::vector<ListedName> list_samplers() {
  std::vector<ListedName> list;
  for (const SamplerInfo* info : samplers())
    list.push_back({std::string(info->name), std::string(info->title), std::string(info->doc)});
  return list;
}

std::vector<ListedName> list_schedules() {
  std::vector<ListedName> list;
  for (const NoiseSchedule* info : noise_schedules())
    list.push_back({std::string(info->name), std::string(info->title), std::string(info->doc)});
  return list;
}

Result<Picture> upscale(const Picture& picture, const UpscaleRequest& request) {
  const std::unique_ptr<Backend> backend = make_cpu_backend(request.threads);
  const Precision precision = TRY(choose_precision(*backend, request.dtype));
  const std::unique_ptr<Upscaler> upscaler = TRY(Upscaler::load(request.upscaler, *backend, precision));
  return upscaler->enlarge(picture, {request.tile, request.overlap, request.progress});
}

}  // namespace limner
