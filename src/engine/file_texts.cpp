// What a picture's file says of how it was drawn.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/version.h"
#include "engine/drawing.h"
#include "engine/infotext_params.h"
#include "text/unicode.h"

namespace limner {
namespace {

std::string task_of(const Drawing& drawing) {
  const Model& model = *drawing.model;
  if (model.pix2pix()) return "edit";
  if (!drawing.picture.mask.empty()) return "inpaint";
  return drawing.params.strength ? "image-to-image" : "text-to-image";
}

double lora_weight(const Model& model, const std::string& name) {
  for (const auto& [lora, weight] : model.lora_names())
    if (lora == name) return weight;
  return 1;
}

Json extras_of(Model& model) {
  Json extras = Json::array();
  for (const ExtraFile& file : model.extra_files()) {
    Json extra = {{"kind", file.kind}, {"name", file.name}, {"sha256", file.sha256}};
    if (file.kind == "lora") extra["weight"] = lora_weight(model, file.name);
    extras.push_back(std::move(extra));
  }
  return extras;
}

Json controls_of(const Drawing& drawing) {
  Json controls = Json::array();
  for (size_t i = 0; i < drawing.controls.size(); ++i) {
    const ControlInput& control = drawing.controls[i];
    controls.push_back({{"name", drawing.model->controlnets()[i].name},
                        {"scale", control.scale},
                        {"start", control.start},
                        {"end", control.end}});
  }
  return controls;
}

}  // namespace

FileTexts file_texts(Drawing& drawing) {
  Model& model = *drawing.model;
  const std::string& hash = model.weights_hash();
  Infotext infotext = infotext_from_params(drawing.params);
  infotext.fields.emplace_back("Model hash", hash.substr(0, 10));
  infotext.fields.emplace_back("Model", model.files().name);
  std::string loras;
  for (const ExtraFile& file : model.extra_files())
    if (file.kind == "lora")
      loras += fmt::format("{}{}: {}", loras.empty() ? "" : ", ", file.name, file.sha256.substr(0, 12));
  if (!loras.empty()) infotext.fields.emplace_back("Lora hashes", loras);
  infotext.fields.emplace_back("Version", fmt::format("limner {}", kVersion));

  Json json = {
      {"limner", kVersion}, {"task", task_of(drawing)}, {"parameters", params_to_json(drawing.params)}};
  json["model"] = {{"name", model.files().name}, {"family", model.family().name}, {"sha256", hash}};
  if (Json extras = extras_of(model); !extras.empty()) json["extras"] = std::move(extras);
  if (Json controls = controls_of(drawing); !controls.empty()) json["controls"] = std::move(controls);
  if (!drawing.noise_signs.is_null()) json["noise_watermark"] = drawing.noise_signs;
  if (drawing.guidance_gap) json["guidance_gap"] = *drawing.guidance_gap;
  json["build"] = kBuild;
  json["backend"] = model.backend().description();
  json["dtype"] = precision_name(model.precision());
  json["determinism"] =
      "same bytes for the same build and backend, on any number of threads and in any batch";
  // Names of folders may be any bytes; pictures' texts are UTF-8.
  return {encode_utf8(decode_utf8(format_infotext(infotext))),
          json.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

}  // namespace limner
