#include "api/a1111/drawing_answer.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "api/picture_urls.h"
#include "base/crypto.h"
#include "base/version.h"
#include "image/file_metadata.h"
#include "image/infotext.h"

namespace limner {
namespace {

std::string title_of(const std::vector<ListedName>& list, const std::string& name) {
  for (const ListedName& row : list)
    if (row.name == name) return row.title;
  return name;
}

// "20260131120000", as A1111 writes it.
std::string timestamp(TimeUs time) {
  return fmt::format("{:%Y%m%d%H%M%S}", fmt::gmtime(static_cast<std::time_t>(time / kSecondUs)));
}

/// What all pictures of a job have in common, and each one's own.
struct Told {
  Json seeds = Json::array(), subseeds = Json::array(), prompts = Json::array(), negatives = Json::array(),
       infotexts = Json::array();
  Json images = Json::array();
};

Result<Told> tell_pictures(Services& services, const SdDrawing& drawing, const JobView& view) {
  Told told;
  for (size_t i = 0; i < view.pictures.size(); ++i) {
    const PictureRow& picture = view.pictures[i];
    const std::string bytes = TRY(picture_bytes(services, view, i));
    const FileMetadata texts = TRY(read_file_metadata(as_bytes(bytes), "picture"));
    told.infotexts.push_back(texts.infotext);
    told.seeds.push_back(picture.seed);
    told.subseeds.push_back(drawing.job.params.variation_seed.value_or(0));
    told.prompts.push_back(drawing.job.params.prompt);
    told.negatives.push_back(drawing.job.params.negative.value_or(""));
    if (drawing.send_images) told.images.push_back(to_base64(bytes));
  }
  return told;
}

Json info_of(const SdDrawing& drawing, const JobView& view, const Told& told) {
  // What was left to the model is in the picture's own metadata.
  const Json used =
      view.pictures.empty() ? Json::object() : view.pictures[0].metadata.value("parameters", Json::object());
  const DrawingParams& params = drawing.job.params;
  return {{"prompt", params.prompt},
          {"all_prompts", told.prompts},
          {"negative_prompt", params.negative.value_or("")},
          {"all_negative_prompts", told.negatives},
          {"seed", view.job.seed},
          {"all_seeds", told.seeds},
          {"subseed", params.variation_seed.value_or(0)},
          {"all_subseeds", told.subseeds},
          {"subseed_strength", params.variation_strength},
          {"width", used.value("width", Json(0))},
          {"height", used.value("height", Json(0))},
          {"sampler_name", title_of(list_samplers(), used.value("sampler", ""))},
          {"cfg_scale", used.value("guidance", Json(0))},
          {"steps", used.value("steps", Json(0))},
          {"batch_size", view.job.count},
          {"restore_faces", false},
          {"face_restoration_model", nullptr},
          {"sd_model_name", view.job.model},
          {"sd_model_hash",
           view.pictures.empty() ? "" : view.pictures[0].metadata.value("model_sha256", "").substr(0, 10)},
          {"sd_vae_name", drawing.job.vae.empty() ? Json(nullptr) : Json(drawing.job.vae)},
          {"sd_vae_hash", nullptr},
          {"seed_resize_from_w", -1},
          {"seed_resize_from_h", -1},
          {"denoising_strength", used.value("strength", Json(nullptr))},
          {"extra_generation_params", Json::object()},
          {"index_of_first_image", 0},
          {"infotexts", told.infotexts},
          {"styles", Json::array()},
          {"job_timestamp", timestamp(view.job.submitted)},
          {"clip_skip", params.clip_skip},
          {"is_using_inpainting_conditioning", false},
          {"version", fmt::format("limner {}", kVersion)}};
}

}  // namespace

Result<Json> drawing_answer(Services& services, const SdDrawing& drawing, const Json& parameters,
                            const JobView& view) {
  Told told = TRY(tell_pictures(services, drawing, view));
  const Json info = info_of(drawing, view, told);
  return Json{{"images", std::move(told.images)}, {"parameters", parameters}, {"info", info.dump()}};
}

}  // namespace limner
