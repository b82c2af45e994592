#include "jobs/drawing/job_plan.h"

#include <algorithm>

#include "base/ids.h"

namespace limner::drawing {
namespace {

// The scheduler's rows of one step, were each a picture's only one.
constexpr int kPicturesAtOnceMax = 8;

bool is_upload(const std::string& name) { return is_id(name, "file"); }

Result<std::vector<NamedWeight>> find_loras(const Catalogue& catalogue, const JobRequest& request,
                                            const UploadedLora& uploaded_lora) {
  std::vector<NamedWeight> found;
  for (const NamedWeight& lora : request.loras) {
    if (is_upload(lora.name)) {
      const std::filesystem::path path = TRY(uploaded_lora(lora.name));
      found.push_back({path.string(), lora.weight});
    } else {
      const AdapterEntry entry = TRY(catalogue.find_adapter(AdapterKind::lora, lora.name, "loras"));
      found.push_back({entry.path.string(), lora.weight});
    }
  }
  return found;
}

Result<ModelVariant> find_variant(const Catalogue& catalogue, const ModelEntry& entry,
                                  const JobRequest& request, const UploadedLora& uploaded_lora) {
  ModelVariant variant{.model = entry.name, .dtype = request.dtype};
  variant.loras = TRY(find_loras(catalogue, request, uploaded_lora));
  for (const std::string& name : request.embeddings) {
    const AdapterEntry found = TRY(catalogue.find_adapter(AdapterKind::embedding, name, "embeddings"));
    variant.embeddings.push_back(found.path);
  }
  for (const ControlRequest& control : request.controls) {
    const AdapterEntry found =
        TRY(catalogue.find_adapter(AdapterKind::controlnet, control.name, "controlnets"));
    variant.controlnets.push_back(found.path);
  }
  if (!request.vae.empty()) {
    const AdapterEntry found = TRY(catalogue.find_adapter(AdapterKind::vae, request.vae, "vae"));
    variant.vae = found.path;
  }
  return variant;
}

}  // namespace

bool needs_files(const JobRequest& request) {
  if (!request.init.empty() || !request.mask.empty() || !request.controls.empty()) return true;
  for (const NamedWeight& lora : request.loras)
    if (is_upload(lora.name)) return true;
  return false;
}

InputSizes input_sizes(const DrawingInputs& inputs) {
  return {inputs.init.width, inputs.init.height, !inputs.mask.empty(),
          static_cast<int>(inputs.controls.size())};
}

Result<JobPlan> plan_job(const Catalogue& catalogue, const JobRequest& request, const InputSizes& inputs,
                         const UploadedLora& uploaded_lora) {
  JobPlan plan;
  if (!request.upscaler.empty()) {
    const AdapterEntry found =
        TRY(catalogue.find_adapter(AdapterKind::upscaler, request.upscaler, "upscaler"));
    plan.upscaler = found.path;
  }
  if (request.task == "upscale") {
    plan.route = Route::upscaler;
    return plan;
  }
  const ModelEntry entry = TRY(catalogue.find(request.model));
  plan.model = entry.name;
  plan.fallback = entry.fallback;
  if (entry.provider) {
    plan.route = Route::provider;
    if (plan.fallback.empty()) plan.fallback = entry.provider->fallback;
    plan.provider_price_micros = entry.provider->price_picture_micros;
    plan.provider_concurrent_max = entry.provider->concurrent_max;
    return plan;
  }
  plan.variant = TRY(find_variant(catalogue, entry, request, uploaded_lora));
  const ModelCard card = TRY(card_of(catalogue, entry, plan.variant));
  const DrawingCost cost = TRY(predict_cost(card, params_of_picture(request, 0), inputs,
                                            std::clamp(request.pictures(), 1, kPicturesAtOnceMax)));
  plan.rows = cost.rows;
  plan.steps = cost.evaluations;
  plan.width = cost.width;
  plan.height = cost.height;
  plan.drawing_bytes = cost.memory_bytes;
  plan.weight_bytes = card.weight_bytes;
  plan.step_class = {plan.variant.key(), cost.width, cost.height};
  return plan;
}

Result<ModelCard> card_of(const Catalogue& catalogue, const ModelEntry& entry, const ModelVariant& variant) {
  LoadOptions changes = variant.load_options(entry, 0);
  changes.loras.clear();
  return catalogue.card(entry, changes);
}

Result<JobPlan> plan_or_fall_back(const Catalogue& catalogue, const JobRequest& request,
                                  const InputSizes& inputs, const UploadedLora& uploaded_lora) {
  Result<JobPlan> plan = plan_job(catalogue, request, inputs, uploaded_lora);
  if (plan) return plan;
  const Result<ModelEntry> entry = catalogue.find(request.model);
  if (!entry || entry->fallback.empty()) return plan;
  JobRequest other = request;
  other.model = entry->fallback;
  Result<JobPlan> replaced = plan_job(catalogue, other, inputs, uploaded_lora);
  if (!replaced) return plan;
  // A chain of fallbacks could be a ring.
  replaced->fallback.clear();
  return replaced;
}

int sampling_steps(const Catalogue& catalogue, const JobRequest& request) {
  if (request.params.steps) return *request.params.steps;
  const Result<ModelEntry> entry = catalogue.find(request.model);
  if (!entry || entry->provider) return 0;
  const Result<ModelCard> card = catalogue.card(*entry);
  return card ? card->info.steps : 0;
}

const char* operation_of(const JobRequest& request) {
  if (request.task == "upscale") return "upscale";
  if (!request.mask.empty() || !request.outpaint.empty()) return "inpaint";
  return request.init.empty() ? "text-to-image" : "image-to-image";
}

}  // namespace limner::drawing
