#pragma once
// From a request to what has to be done for it: by whom, with which model, at which cost.

#include <filesystem>
#include <functional>
#include <string>

#include "base/result.h"
#include "engine/engine.h"
#include "jobs/job_request.h"
#include "registry/catalogue.h"
#include "registry/model_pool.h"
#include "schedule/cost_profile.h"

namespace limner::drawing {

/// Who makes the pictures of a job.
enum class Route {
  engine,    ///< a model on this machine, step by step
  upscaler,  ///< no model: a picture that exists is enlarged
  provider   ///< a remote endpoint
};

struct JobPlan {
  Route route = Route::engine;
  std::string model;     ///< the entry's name
  std::string fallback;  ///< the model that draws instead if this one cannot; empty: none
  ModelVariant variant;
  StepClass step_class;  ///< its `model` is the variant's key
  int rows = 2;          ///< of the network in a step
  int steps = 0;         ///< network evaluations of one picture
  int width = 0, height = 0;
  size_t drawing_bytes = 0;        ///< memory that drawing its pictures takes, as many as are drawn at once
  size_t weight_bytes = 0;         ///< of the model, with what is loaded beside it
  std::filesystem::path upscaler;  ///< enlarges what was drawn; empty: nothing does
  int64_t provider_price_micros = 0;  ///< a picture
  int provider_concurrent_max = 1;    ///< requests to it at once
};

/// Where an uploaded LoRA ("file_...") lies on this machine.
using UploadedLora = std::function<Result<std::filesystem::path>(const std::string& id)>;

/// Whether files must be read before the job can be planned: pictures or uploaded LoRAs.
bool needs_files(const JobRequest& request);

InputSizes input_sizes(const DrawingInputs& inputs);

/// Looks up everything that the request names. Errors name the field, as open() and the catalogue do.
Result<JobPlan> plan_job(const Catalogue& catalogue, const JobRequest& request, const InputSizes& inputs,
                         const UploadedLora& uploaded_lora);

/// What is known of the plan's model with its ControlNets and autoencoder. LoRAs are left out: they are
/// merged into weights that are there anyway.
Result<ModelCard> card_of(const Catalogue& catalogue, const ModelEntry& entry, const ModelVariant& variant);

/// The same, or for the model's fallback where the model itself cannot be planned for: its files may have
/// been damaged since the request was accepted. The error is that of the model.
Result<JobPlan> plan_or_fall_back(const Catalogue& catalogue, const JobRequest& request,
                                  const InputSizes& inputs, const UploadedLora& uploaded_lora);

/// "text-to-image", "image-to-image", "inpaint", "upscale": the label `op` of metrics.
/// Sampling steps of one picture as its prompt's schedule counts them ([a:b:10]): those asked for, else the
/// model's default; 0 where no model of this machine draws. All of them, also where a given picture skips the
/// first: that is what a drawing plans its texts by.
int sampling_steps(const Catalogue& catalogue, const JobRequest& request);

const char* operation_of(const JobRequest& request);

}  // namespace limner::drawing
