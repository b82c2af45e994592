#include "api/a1111/drawing_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "api/a1111/control_units.h"
#include "api/a1111/lora_tags.h"
#include "api/field_kind.h"
#include "api/passed_field.h"
#include "engine/engine.h"

namespace limner {
namespace {

/// A body on its way to become a job: the native JSON it is translated to, and what has no native name.
struct SdTranslation {
  Json job = Json::object();
  SdDrawing drawing;
  CallerOptions options;
  const Catalogue& catalogue;
  int batch_size = 1, n_iter = 1;
  bool hires = false;
  std::string sampler, schedule;
  std::vector<ControlRequest> controls;
};

struct SdField {
  std::string_view name;
  FieldKind kind;
  bool over_picture_only;
  Result<void> (*read)(SdTranslation& to, const Json& value);
};

Error no_effect(std::string_view name, const Json& value, std::string_view hint = "leave it away") {
  return unsupported(std::string(name),
                     fmt::format("{} would have no effect here", value.dump().substr(0, 100)),
                     std::string(hint));
}

// 0, like absence, leaves it to the model.
template <const char* native>
Result<void> pass_unless_zero(SdTranslation& to, const Json& value) {
  if (value.get<double>() != 0) to.job[native] = value;
  return {};
}
// Negative means: choose one.
template <const char* native>
Result<void> pass_unless_negative(SdTranslation& to, const Json& value) {
  if (value.get<double>() >= 0) to.job[native] = value;
  return {};
}

Result<void> read_sd_prompt(SdTranslation& to, const Json& value) {
  TaggedPrompt tagged = TRY(take_lora_tags(value.get<std::string>()));
  to.job["prompt"] = tagged.text;
  for (const NamedWeight& lora : tagged.loras)
    to.job["loras"].push_back({{"name", lora.name}, {"weight", lora.weight}});
  return {};
}

Result<void> read_sampler(SdTranslation& to, const Json& value) {
  to.sampler = value.get<std::string>();
  return {};
}
// The old name of sampler_name, which goes before it.
Result<void> read_sampler_index(SdTranslation& to, const Json& value) {
  if (to.sampler.empty()) to.sampler = value.get<std::string>();
  return {};
}
Result<void> read_schedule(SdTranslation& to, const Json& value) {
  const std::string schedule = value.get<std::string>();
  if (schedule != "Automatic" && schedule != "automatic") to.schedule = schedule;
  return {};
}

Result<void> read_batch_size(SdTranslation& to, const Json& value) {
  to.batch_size = value.get<int>();
  return {};
}
Result<void> read_n_iter(SdTranslation& to, const Json& value) {
  to.n_iter = value.get<int>();
  return {};
}

Result<void> read_denoising(SdTranslation& to, const Json& value) {
  to.job["denoising_strength"] = value;  // which pass it is for is known at the end
  return {};
}

Result<void> read_tiling(SdTranslation& to, const Json& value) {
  if (value.get<bool>()) to.job["tile"] = "xy";
  return {};
}

Result<void> read_hires(SdTranslation& to, const Json& value) {
  to.hires = value.get<bool>();
  return {};
}

Result<void> read_hires_upscaler(SdTranslation& to, const Json& value) {
  const std::string name = value.get<std::string>();
  if (name.empty()) return {};
  if (name == "Latent" || name == "Latent (bilinear)")
    to.job["hires_upscaler"] = "latent";
  else if (name == "Latent (nearest)" || name == "Latent (nearest-exact)")
    to.job["hires_upscaler"] = "latent_nearest";
  else if (name.starts_with("Latent"))
    return no_effect("hr_upscaler", value, "Latent, Latent (nearest), or a name of /sdapi/v1/upscalers");
  else
    to.job["hires_upscaler"] = name;
  return {};
}

Result<void> read_clip_skip(SdTranslation& to, const Json& value) {
  if (value.get<double>() > 0)
    return set_options(to.options, {{"CLIP_stop_at_last_layers", value}}, to.catalogue);
  return {};
}

Result<void> read_override_settings(SdTranslation& to, const Json& value) {
  return set_options(to.options, value, to.catalogue);
}

Result<void> read_scripts(SdTranslation& to, const Json& value) {
  ControlUnits units = TRY(read_control_units(value));
  to.controls = std::move(units.controls);
  to.drawing.control_images = std::move(units.images);
  return {};
}

Result<void> read_init_images(SdTranslation& to, const Json& value) {
  if (!value.is_array() || value.empty() || !value[0].is_string())
    return invalid("init_images", "is no array with a picture");
  if (value.size() > 1)
    return unsupported("init_images", "more than one picture", "send one request for each");
  to.drawing.init = value[0].get<std::string>();
  return {};
}

Result<void> read_mask(SdTranslation& to, const Json& value) {
  to.drawing.mask = value.get<std::string>();
  return {};
}

Result<void> read_resize_mode(SdTranslation& to, const Json& value) {
  to.drawing.resize_mode = value.get<int>();
  if (to.drawing.resize_mode == 0 || to.drawing.resize_mode == 1) return {};
  return unsupported("resize_mode",
                     fmt::format("{} is neither 0 (stretch) nor 1 (crop)", to.drawing.resize_mode));
}

Result<void> read_inpainting_fill(SdTranslation& to, const Json& value) {
  to.drawing.inpainting_fill = value.get<int>();
  if (to.drawing.inpainting_fill == 0 || to.drawing.inpainting_fill == 1) return {};
  return unsupported("inpainting_fill",
                     fmt::format("{} is neither 0 (fill) nor 1 (original)", to.drawing.inpainting_fill));
}

Result<void> read_invert(SdTranslation& to, const Json& value) {
  to.job[job_field::kInvertMask] = value.is_boolean() ? value.get<bool>() : value.get<double>() != 0;
  return {};
}

Result<void> read_send_images(SdTranslation& to, const Json& value) {
  to.drawing.send_images = value.get<bool>();
  return {};
}

Result<void> read_task_id(SdTranslation& to, const Json& value) {
  to.drawing.task_id = value.get<std::string>();
  if (to.drawing.task_id.size() > 64) return invalid("force_task_id", "is longer than 64 bytes");
  return {};
}

Result<void> accept(SdTranslation&, const Json&) { return {}; }

const SdField kSdFields[] = {
    {"prompt", FieldKind::text, false, read_sd_prompt},
    {"negative_prompt", FieldKind::text, false, pass<job_field::kNegative>},
    {"steps", FieldKind::whole, false, pass_unless_zero<job_field::kSteps>},
    {"cfg_scale", FieldKind::number, false, pass<job_field::kGuidance>},
    {"width", FieldKind::whole, false, pass_unless_zero<job_field::kWidth>},
    {"height", FieldKind::whole, false, pass_unless_zero<job_field::kHeight>},
    {"seed", FieldKind::seed, false, pass_unless_negative<job_field::kSeed>},
    {"subseed", FieldKind::seed, false, pass_unless_negative<job_field::kVariationSeed>},
    {"subseed_strength", FieldKind::number, false, pass<job_field::kVariationStrength>},
    {"sampler_name", FieldKind::text, false, read_sampler},
    {"sampler_index", FieldKind::text, false, read_sampler_index},
    {"scheduler", FieldKind::text, false, read_schedule},
    {"batch_size", FieldKind::whole, false, read_batch_size},
    {"n_iter", FieldKind::whole, false, read_n_iter},
    {"denoising_strength", FieldKind::number, false, read_denoising},
    {"eta", FieldKind::number, false, pass<job_field::kEta>},
    {"tiling", FieldKind::flag, false, read_tiling},
    {"enable_hr", FieldKind::flag, false, read_hires},
    {"hr_scale", FieldKind::number, false, pass<job_field::kHiresScale>},
    {"hr_upscaler", FieldKind::text, false, read_hires_upscaler},
    {"hr_second_pass_steps", FieldKind::whole, false, pass<job_field::kHiresSteps>},
    {"clip_skip", FieldKind::whole, false, read_clip_skip},
    {"override_settings", FieldKind::any, false, read_override_settings},
    {"alwayson_scripts", FieldKind::any, false, read_scripts},
    {"send_images", FieldKind::flag, false, read_send_images},
    {"force_task_id", FieldKind::text, false, read_task_id},
    // Options are the caller's own, and a request's hold for the request.
    {"override_settings_restore_afterwards", FieldKind::flag, false, accept},
    // Every picture is kept, and none as a grid.
    {"save_images", FieldKind::flag, false, accept},
    {"do_not_save_samples", FieldKind::flag, false, accept},
    {"do_not_save_grid", FieldKind::flag, false, accept},
    {"init_images", FieldKind::any, true, read_init_images},
    {"mask", FieldKind::text, true, read_mask},
    {"mask_blur", FieldKind::number, true, pass<job_field::kMaskBlur>},
    {"inpainting_fill", FieldKind::whole, true, read_inpainting_fill},
    {"inpainting_mask_invert", FieldKind::any, true, read_invert},
    {"resize_mode", FieldKind::whole, true, read_resize_mode},
    {"image_cfg_scale", FieldKind::number, true, pass<job_field::kImageGuidance>},
};

/// Fields of A1111's that do nothing here, with the value beside the neutral ones at which they do nothing
/// there.
struct InertField {
  std::string_view name;
  std::string_view neutral;  ///< as JSON
};
constexpr InertField kInert[] = {
    {"styles", "[]"},
    {"seed_resize_from_h", "-1"},
    {"seed_resize_from_w", "-1"},
    {"distilled_cfg_scale", "3.5"},
    {"restore_faces", "false"},
    {"s_min_uncond", "0"},
    {"s_churn", "0"},
    {"s_tmax", "0"},
    {"s_tmin", "0"},
    {"s_noise", "1"},
    {"refiner_checkpoint", "\"\""},
    {"refiner_switch_at", "0"},
    {"disable_extra_networks", "false"},
    {"firstpass_image", "null"},
    {"comments", "null"},
    {"firstphase_width", "0"},
    {"firstphase_height", "0"},
    {"hr_resize_x", "0"},
    {"hr_resize_y", "0"},
    {"hr_additional_modules", "[]"},
    {"hr_checkpoint_name", "\"Use same checkpoint\""},
    {"hr_sampler_name", "\"Use same sampler\""},
    {"hr_scheduler", "\"Use same scheduler\""},
    {"hr_prompt", "\"\""},
    {"hr_negative_prompt", "\"\""},
    {"script_name", "\"\""},
    {"script_args", "[]"},
    {"infotext", "\"\""},
    {"image_cfg_scale", "1.5"},
    {"mask_blur_x", "4"},
    {"mask_blur_y", "4"},
    {"mask_round", "true"},
    {"inpaint_full_res", "false"},
    {"inpaint_full_res_padding", "0"},
    {"initial_noise_multiplier", "1"},
    {"latent_mask", "null"},
    {"include_init_images", "false"},
    {"init_images", "[]"},
    {"resize_mode", "0"},
};

template <class Row, size_t count>
const Row* find(const Row (&rows)[count], std::string_view name) {
  const auto row =
      std::find_if(std::begin(rows), std::end(rows), [&](const Row& r) { return r.name == name; });
  return row == std::end(rows) ? nullptr : row;
}

Result<void> read_field(SdTranslation& to, const std::string& name, const Json& value, bool over_picture) {
  const SdField* field = find(kSdFields, name);
  if (field && (over_picture || !field->over_picture_only)) {
    if (value.is_null()) return {};
    TRY(check_kind(name, value, field->kind));
    return field->read(to, value);
  }
  const InertField* inert = find(kInert, name);
  if (!inert) return invalid(name.substr(0, 80), "is no field of this request", "/openapi.json lists them");
  if (is_neutral(value) || value == Json::parse(inert->neutral)) return {};
  return no_effect(name, value);
}

bool names_a(const std::vector<ListedName>& list, std::string_view name) {
  const auto same = [](std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
      return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
    });
  };
  return std::any_of(list.begin(), list.end(),
                     [&](const ListedName& row) { return same(row.name, name) || same(row.title, name); });
}

// "DPM++ 2M Karras", as A1111 named it before it had two lists.
void split_old_sampler_name(SdTranslation& to) {
  if (names_a(list_samplers(), to.sampler) || !to.schedule.empty()) return;
  const size_t space = to.sampler.rfind(' ');
  if (space == std::string::npos || !names_a(list_schedules(), to.sampler.substr(space + 1))) return;
  to.schedule = to.sampler.substr(space + 1);
  to.sampler.resize(space);
}

// The strength is the second pass's where there are two, the picture's where there is one, and says nothing
// without either.
void place_strength(SdTranslation& to, bool over_picture) {
  if (!to.job.contains("denoising_strength")) {
    if (over_picture) to.job[job_field::kStrength] = 0.75;
    return;
  }
  const Json strength = to.job["denoising_strength"];
  to.job.erase("denoising_strength");
  if (over_picture)
    to.job[job_field::kStrength] = strength;
  else if (to.hires)
    to.job["hires_strength"] = strength;
}

void drop_what_is_off(SdTranslation& to) {
  if (!to.hires)
    for (const char* name : {"hires_scale", "hires_steps", "hires_upscaler"}) to.job.erase(name);
  else if (!to.job.contains("hires_scale"))
    to.job["hires_scale"] = 2;
  if (to.job.value(job_field::kVariationStrength, 0.0) == 0)
    for (const char* name : {job_field::kVariationSeed, job_field::kVariationStrength}) to.job.erase(name);
}

void apply_options(SdTranslation& to) {
  if (!to.options.model.empty()) to.job["model"] = to.options.model;
  if (to.options.vae != "Automatic") to.job["vae"] = to.options.vae;
  if (to.options.clip_skip > 1) to.job["clip_skip"] = to.options.clip_skip;
  to.job["format"] = to.options.format;
  to.job["noise"] = to.options.noise;
  to.job["prompt_syntax"] = "a1111";
  to.job["long_prompt"] = "chunk";
}

std::string a1111_name(const std::string& native) {
  constexpr std::pair<const char*, const char*> kNames[] = {{"negative", "negative_prompt"},
                                                            {"guidance", "cfg_scale"},
                                                            {"sampler", "sampler_name"},
                                                            {"schedule", "scheduler"},
                                                            {"strength", "denoising_strength"},
                                                            {"count", "batch_size"},
                                                            {"hires_scale", "hr_scale"},
                                                            {"hires_steps", "hr_second_pass_steps"},
                                                            {"hires_upscaler", "hr_upscaler"},
                                                            {"variation_seed", "subseed"},
                                                            {"variation_strength", "subseed_strength"}};
  for (const auto& [ours, theirs] : kNames)
    if (native == ours) return theirs;
  return native;
}

/// How a mask is read. The job has none before its pictures are kept, and would not take these without.
struct MaskReading {
  double blur = 4;
  bool invert = false;
};

MaskReading take_mask_reading(SdTranslation& to) {
  MaskReading reading;
  reading.blur = to.job.value(job_field::kMaskBlur, reading.blur);
  reading.invert = to.job.value(job_field::kInvertMask, reading.invert);
  for (const char* name : {job_field::kMaskBlur, job_field::kInvertMask}) to.job.erase(name);
  return reading;
}

Result<int> count_of(const SdTranslation& to) {
  for (const auto& [name, value] : {std::pair{"batch_size", to.batch_size}, std::pair{"n_iter", to.n_iter}})
    if (value < 1 || value > 1000) return invalid(name, fmt::format("{} is not within 1 to 1000", value));
  return to.batch_size * to.n_iter;
}

}  // namespace

Result<SdDrawing> read_drawing(const Json& body, bool over_picture, CallerOptions options,
                               const Catalogue& catalogue) {
  SdTranslation to{.options = std::move(options), .catalogue = catalogue};
  for (const auto& [name, value] : body.items()) TRY(read_field(to, name, value, over_picture));
  if (over_picture && to.drawing.init.empty())
    return Error{Code::not_found, "init_images", "Init image not found", ""};
  split_old_sampler_name(to);
  if (!to.sampler.empty()) to.job["sampler"] = to.sampler;
  if (!to.schedule.empty()) to.job["schedule"] = to.schedule;
  place_strength(to, over_picture);
  drop_what_is_off(to);
  apply_options(to);
  const MaskReading reading = take_mask_reading(to);
  if (!to.job.contains("prompt")) to.job["prompt"] = "";
  to.job["count"] = TRY(count_of(to));
  to.job["preview_every"] = 5;
  Result<JobRequest> job = job_request_from_json(to.job);
  if (!job) {
    Error error = std::move(job).error();
    error.field = a1111_name(error.field);
    return error;
  }
  to.drawing.job = std::move(*job);
  to.drawing.job.controls = std::move(to.controls);
  if (!to.drawing.mask.empty()) {
    to.drawing.job.mask_blur = reading.blur;
    to.drawing.job.invert_mask = reading.invert;
  }
  return std::move(to.drawing);
}

std::string drawing_schema(bool over_picture) {
  std::string properties;
  for (const SdField& field : kSdFields)
    if (over_picture || !field.over_picture_only)
      properties += fmt::format("\"{}\":{},", field.name, kind_schema(field.kind));
  for (const InertField& field : kInert)
    if (properties.find(fmt::format("\"{}\":", field.name)) == std::string::npos)
      properties += fmt::format("\"{}\":true,", field.name);
  if (!properties.empty()) properties.pop_back();
  return fmt::format(R"({{"type":"object","additionalProperties":false,"properties":{{{}}}}})", properties);
}

}  // namespace limner
