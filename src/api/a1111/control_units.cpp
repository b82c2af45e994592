#include "api/a1111/control_units.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/a1111/caller_options.h"

namespace limner {
namespace {

constexpr size_t kUnitsMax = 8;

Error in_unit(std::string_view name, std::string message) {
  return invalid(fmt::format("alwayson_scripts.ControlNet.args.{}", name), std::move(message));
}

Result<double> number_of(const Json& unit, const char* name, double otherwise) {
  if (!unit.contains(name) || unit[name].is_null()) return otherwise;
  if (!unit[name].is_number()) return in_unit(name, "is no number");
  return unit[name].get<double>();
}

constexpr std::string_view kUnitFields[] = {"enabled", "module", "mask", "control_mode", "resize_mode",
                                            "model", "weight", "guidance_start", "guidance_end", "image",
                                            "input_image",
                                            // Of preprocessors, and of machines with little memory.
                                            "processor_res", "threshold_a", "threshold_b", "pixel_perfect",
                                            "save_detected_map", "low_vram", "lowvram"};

// A condition is resized to the drawing's size: of one that has the drawing's shape nothing is cropped.
bool fits_as_here(const Json& resize_mode) {
  for (const Json& mode : {Json(0), Json(1), Json("Just Resize"), Json("Crop and Resize")})
    if (resize_mode == mode) return true;
  return false;
}

// Its model may be written "NAME [HASH]"; its picture "image", or {"image": ...}, or "input_image".
Result<void> read_unit(const Json& unit, ControlUnits& units) {
  const auto is_set = [&](const char* name) { return unit.contains(name) && !is_neutral(unit[name]); };
  if (is_set("module"))
    return in_unit("module", fmt::format("{}: pictures are not preprocessed here; send the condition itself",
                                         unit["module"].dump().substr(0, 80)));
  if (is_set("mask")) return in_unit("mask", "has no effect here");
  for (const auto& [name, value] : unit.items())
    if (std::ranges::find(kUnitFields, name) == std::end(kUnitFields) && !is_neutral(value) &&
        !(name == "hr_option" && value == "Both"))
      return in_unit(name.substr(0, 80), "has no effect here");
  if (is_set("resize_mode") && !fits_as_here(unit["resize_mode"]))
    return in_unit("resize_mode", R"(is neither "Just Resize" nor "Crop and Resize")");
  for (const char* mode : {"control_mode"})
    if (is_set(mode) && unit[mode] != "Balanced") return in_unit(mode, "is not \"Balanced\", or 0");
  if (!unit.contains("model") || !unit["model"].is_string()) return in_unit("model", "is missing");
  ControlRequest control;
  const std::string model = unit["model"].get<std::string>();
  control.name = model.substr(0, model.find(" ["));
  control.scale = TRY(number_of(unit, "weight", 1));
  control.start = TRY(number_of(unit, "guidance_start", 0));
  control.end = TRY(number_of(unit, "guidance_end", 1));
  const char* place = unit.contains("image") && !unit["image"].is_null() ? "image" : "input_image";
  Json image = unit.value(place, Json());
  if (image.is_object() && image.contains("image")) image = Json(image["image"]);
  if (!image.is_string()) return in_unit("image", "is missing");
  units.controls.push_back(std::move(control));
  units.images.push_back(image.get<std::string>());
  return {};
}

// A script is on where one of its arguments is not neutral.
bool is_on(const Json& script) {
  if (!script.is_object() || !script.contains("args")) return false;
  const Json& args = script["args"];
  if (!args.is_array()) return !is_neutral(args);
  for (const Json& arg : args)
    if (!is_neutral(arg)) return true;
  return false;
}

}  // namespace

Result<ControlUnits> read_control_units(const Json& scripts) {
  ControlUnits units;
  if (is_neutral(scripts)) return units;
  if (!scripts.is_object()) return invalid("alwayson_scripts", "is no JSON object");
  for (const auto& [name, script] : scripts.items()) {
    if (name != "ControlNet" && name != "controlnet") {
      if (is_on(script))
        return unsupported("alwayson_scripts", fmt::format("there is no script {}", name.substr(0, 80)));
      continue;
    }
    if (!script.is_object() || !script.contains("args") || !script["args"].is_array())
      return in_unit("args", "is no array");
    if (script["args"].size() > kUnitsMax)
      return in_unit("args", fmt::format("has more than {} units", kUnitsMax));
    for (const Json& unit : script["args"])
      if (unit.is_object() && unit.value("enabled", Json(true)) == true) TRY(read_unit(unit, units));
  }
  return units;
}

}  // namespace limner
