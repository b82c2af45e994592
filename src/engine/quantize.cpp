#include "engine/quantize.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <system_error>

#include "base/files.h"
#include "engine/draw_once.h"
#include "engine/drawing.h"
#include "engine/layer_errors.h"
#include "engine/model.h"
#include "families/quantization.h"
#include "tensor/component_files.h"
#include "tensor/int8_weight.h"
#include "tensor/safetensors_writer.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWeightsName = "diffusion_pytorch_model.safetensors";
constexpr int kSteps = 10, kEvery = 3, kPromptsMax = 64;

// Of many kinds: things, persons, scenes, flat and rich ones, and no text at all.
constexpr std::array<const char*, 8> kPrompts = {
    "a photo of a red apple on a wooden table",
    "a portrait of an old fisherman, soft light",
    "a 3d render of a small green car on a blue background",
    "a watercolor painting of mountains above a lake at sunset",
    "a crowded street market at night in the rain",
    "a flat drawing of a yellow star on a white background",
    "",
    "a white cat asleep on a stack of books, macro photo",
};

Result<void> check(const QuantizeRequest& request) {
  if (request.prompts < 1 || request.prompts > kPromptsMax)
    return invalid("calibrate", fmt::format("{} is not within 1 to {}", request.prompts, kPromptsMax));
  if (!(request.error_max > 0 && request.error_max <= 1))
    return invalid("error_max", fmt::format("{} is not above 0 and at most 1", request.error_max));
  std::error_code error;
  if (!fs::is_directory(request.model, error))
    return unsupported("model", "is a single file; folders as diffusers writes them can be quantised",
                       "convert it: StableDiffusionPipeline.from_single_file(FILE).save_pretrained(FOLDER)");
  if (fs::exists(fs::symlink_status(request.output, error)))
    return Error{Code::conflict, "output", fmt::format("{} is there already", request.output.string()),
                 "name a folder that is not there yet"};
  const fs::path inside = fs::weakly_canonical(request.output, error)
                              .lexically_relative(fs::weakly_canonical(request.model, error));
  if (!inside.empty() && *inside.begin() != "..")
    return invalid("output", "lies in the model's folder, which is copied", "name a folder beside it");
  return {};
}

DrawingParams brief(int number) {
  DrawingParams params;
  params.prompt = kPrompts[static_cast<size_t>(number) % kPrompts.size()];
  params.seed = static_cast<uint64_t>(number);
  params.steps = kSteps;
  params.sampler = "euler";
  return params;
}

/// Of the batch that answers the drawing's asks, or the first rows of them.
BatchShape shape_of(const Drawing& drawing) {
  return {.rows = static_cast<int>(std::min(drawing.rows.size(), UnetBatch::rows_max(drawing.extent))),
          .extent = drawing.extent,
          .tokens = drawing.rows[0].conditioning->tokens,
          .controlled = !drawing.controls.empty()};
}

/// Draws, and measures on the way.
Result<LayerErrors> calibrate(Model& model, const QuantizeRequest& request) {
  std::optional<LayerErrors> errors;
  for (int number = 0; number < request.prompts; ++number) {
    const DrawingPtr drawing = TRY(open(model, brief(number), grey_inputs(model)));
    const BatchShape shape = shape_of(*drawing);
    if (!errors) errors.emplace(TRY(LayerErrors::make(model, shape)));
    Drawing* const one[] = {drawing.get()};
    for (int evaluation = 0; !drawn(*drawing); ++evaluation) {
      TRY(step(one));
      if (evaluation % kEvery == 0) TRY(errors->measure(*TRY(model.batch(shape))));
      const double done = (number + (evaluation + 1.0) / kSteps) / request.prompts;
      if (request.progress && !request.progress(std::min(1.0, done)))
        return Error{Code::cancelled, "", "interrupted", ""};
    }
  }
  return std::move(*errors);
}

Result<Weight> weight_of(const WeightSource& weights, const std::string& name) {
  return weights.get(name, TRY(weights.shape_of(name)));
}

template <class T>
Weight owned(DType dtype, const Shape& shape, std::vector<T> values) {
  auto kept = std::make_shared<const std::vector<T>>(std::move(values));
  return Weight{ConstTensorView(dtype, shape, kept->data()), kept};
}

/// The weights of `source`, those of `chosen` in 8 bits.
Result<std::vector<NamedTensor>> quantized(const WeightSource& source, const WeightSet& chosen) {
  std::vector<NamedTensor> tensors;
  for (const std::string& name : source.names()) {
    Weight weight = TRY(weight_of(source, name));
    if (!chosen.contains(name)) {
      tensors.push_back({name, std::move(weight)});
      continue;
    }
    std::vector<float> values(static_cast<size_t>(weight.view.shape.count()));
    convert_to_f32(weight.view.dtype, weight.view.data, values.size(), values.data());
    const int64_t outputs = weight.view.shape[0];
    Int8Rows rows = quantize_rows(values, static_cast<size_t>(outputs));
    tensors.push_back({name, owned(DType::i8, weight.view.shape, std::move(rows.codes))});
    tensors.push_back(
        {name + std::string(kScaleSuffix), owned(DType::f32, Shape{outputs}, std::move(rows.scales))});
  }
  return tensors;
}

Error not_written(const fs::path& path, const std::error_code& error) {
  return Error{Code::exhausted, path.string(), fmt::format("could not be written: {}", error.message()), ""};
}

/// Whether `file` of the folder, by its path in it, is made anew or would not fit what is.
bool is_left_out(const fs::path& file) {
  return file == "model.sig" ||
         (file.parent_path() == "unet" && file.filename().string().find(".safetensors") != std::string::npos);
}

Result<void> copy_rest(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::create_directories(to, error);
  for (fs::recursive_directory_iterator item(from, error), end; !error && item != end;
       item.increment(error)) {
    const fs::path inside = item->path().lexically_relative(from);
    if (item->is_directory(error))
      fs::create_directories(to / inside, error);
    else if (!is_left_out(inside))
      fs::copy_file(item->path(), to / inside, error);
    if (error) break;
  }
  if (error) return not_written(to, error);
  return {};
}

Result<void> write_folder(const Model& model, const WeightSet& chosen, bool activations_int8,
                          const fs::path& folder) {
  const Component& unet = *model.files().find("unet");
  TRY(copy_rest(model.files().path, folder));
  TRY(write_safetensors(folder / "unet" / kWeightsName, {{"format", "pt"}},
                        TRY(quantized(*unet.weights, chosen))));
  Json config = unet.config;
  config["quantization"] = quantization_entry(activations_int8);
  const std::string text = config.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  return write_file_atomically(folder / "unet" / "config.json", std::as_bytes(std::span(text)));
}

/// Makes the folder under another name first, so that what is there under its own is whole.
Result<void> write_model(const Model& model, const WeightSet& chosen, const QuantizeRequest& request) {
  const fs::path output = (fs::absolute(request.output) / "").lexically_normal().parent_path();
  const fs::path partial = output.parent_path() / ("." + output.filename().string() + ".partial");
  std::error_code error;
  fs::remove_all(partial, error);
  Result<void> written = write_folder(model, chosen, !request.weight_only, partial);
  if (written) {
    fs::rename(partial, output, error);
    if (error) written = not_written(output, error);
  }
  if (!written) fs::remove_all(partial, error);
  return written;
}

Result<size_t> unet_bytes(const fs::path& model) {
  size_t bytes = 0;
  for (const fs::path& file : TRY(component_weight_files(model / "unet"))) {
    std::error_code error;
    const auto size = fs::file_size(file, error);
    if (!error) bytes += size;
  }
  return bytes;
}

}  // namespace

Result<QuantizedModel> quantize_model(const QuantizeRequest& request) {
  TRY(check(request));
  const std::unique_ptr<Model> model =
      TRY(Model::load(request.model, {.dtype = "f32", .threads = request.threads}));
  if (!model->quantization().weights.empty())
    return invalid("model", fmt::format("{} is quantised already", model->files().name),
                   "quantise the model it was made from");
  const LayerErrors errors = TRY(calibrate(*model, request));
  QuantizedModel result;
  WeightSet chosen;
  for (size_t i = 0; i < errors.maps().size(); ++i) {
    const double error = errors.error(i);
    result.maps.push_back({errors.maps()[i].weight, error, error <= request.error_max});
    if (result.maps.back().int8) chosen.insert(result.maps.back().weight);
  }
  if (chosen.empty())
    return invalid("error_max", fmt::format("no map of {} has an error of at most {}", model->files().name,
                                            request.error_max));
  TRY(write_model(*model, chosen, request));
  result.bytes_before = TRY(unet_bytes(request.model));
  result.bytes_after = TRY(unet_bytes(request.output));
  return result;
}

}  // namespace limner
