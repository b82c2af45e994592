#include "engine/clip_pictures.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/files.h"
#include "engine/picture_cuts.h"
#include "nets/config_reader.h"

namespace limner {
namespace {

constexpr size_t kPreprocessorBytesMax = 1u << 20;
constexpr int kPictureSideMax = 4096;

// Pillow's numbers.
Result<ResizeFilter> filter_of(ConfigReader& config) {
  switch (TRY(config.integer("resample", 3, {0, 5}))) {
    case 0:
      return ResizeFilter::nearest;
    case 1:
      return ResizeFilter::lanczos;
    case 2:
      return ResizeFilter::bilinear;
    case 3:
      return ResizeFilter::bicubic;
    case 4:
      return ResizeFilter::box;
    default:
      return config.lacking("resample", "5, Pillow's Hamming filter, is not supported");
  }
}

Error odd_size(const ConfigReader& config, std::string_view key, const Json& value) {
  return config.lacking(key, fmt::format("{} is not supported; supported: whole numbers from 1 to {}",
                                         value.dump().substr(0, 100), kPictureSideMax));
}

Result<int> side_of(const ConfigReader& config, std::string_view key, const Json& value) {
  if (!value.is_number_integer() || value < 1 || value > kPictureSideMax) return odd_size(config, key, value);
  return value.get<int>();
}

// An integer, or an object of exactly one key for the shorter side.
Result<int> shorter_side_of(ConfigReader& config) {
  const Json* size = config.raw("size");
  if (!size) return ClipPreprocessing{}.shorter_side;
  if (!size->is_object()) return side_of(config, "size", *size);
  if (size->size() != 1 || !size->contains("shortest_edge"))
    return config.lacking("size", fmt::format("{} is not supported; supported: {{\"shortest_edge\": N}}",
                                              size->dump().substr(0, 100)));
  return side_of(config, "size", size->at("shortest_edge"));
}

// An integer, or an object of two equal sides.
Result<int> crop_side_of(ConfigReader& config) {
  const Json* size = config.raw("crop_size");
  if (!size) return ClipPreprocessing{}.side;
  if (!size->is_object()) return side_of(config, "crop_size", *size);
  if (size->size() != 2 || !size->contains("height") || !size->contains("width") ||
      size->at("height") != size->at("width"))
    return config.lacking(
        "crop_size", fmt::format("{} is not supported; supported: a square", size->dump().substr(0, 100)));
  return side_of(config, "crop_size", size->at("height"));
}

Result<void> read_three(ConfigReader& config, std::string_view key, std::array<float, 3>& values) {
  const std::vector<float> given = TRY(config.numbers(key, values.size()));
  if (!given.empty()) std::copy(given.begin(), given.end(), values.begin());
  return {};
}

}  // namespace

Result<ClipPreprocessing> read_clip_preprocessing(const Json& json, std::string_view field) {
  ConfigReader config = TRY(ConfigReader::open(json, field));
  for (const char* key : {"image_processor_type", "feature_extractor_type"})
    TRY(config.choice(
        key, "CLIPImageProcessor",
        {"CLIPImageProcessor", "CLIPImageProcessorFast", "CLIPImageProcessorPil", "CLIPFeatureExtractor"}));
  ClipPreprocessing how;
  how.filter = TRY(filter_of(config));
  how.shorter_side = TRY(shorter_side_of(config));
  how.side = TRY(crop_side_of(config));
  if (!TRY(config.flag("do_resize", true))) how.shorter_side = 0;
  if (!TRY(config.flag("do_center_crop", true)))
    return config.lacking("do_center_crop", "false is not supported: the network reads squares");
  how.rescale_factor = TRY(config.number("rescale_factor", 1.0 / 255, 1e-6, 1.0));
  if (!TRY(config.flag("do_rescale", true))) how.rescale_factor = 1;
  TRY(read_three(config, "image_mean", how.means));
  TRY(read_three(config, "image_std", how.deviations));
  for (const float deviation : how.deviations)
    if (!(deviation > 1e-6F)) return config.wrong("image_std", "has a value that nothing can be divided by");
  if (!TRY(config.flag("do_normalize", true))) {
    how.means = {0, 0, 0};
    how.deviations = {1, 1, 1};
  }
  // A picture has three channels here whatever do_convert_rgb says; the rest is how results are handed over.
  config.no_effect({"do_convert_rgb", "processor_class", "default_to_square", "data_format",
                    "input_data_format", "return_tensors", "device"});
  TRY(config.finish());
  if (how.shorter_side && how.shorter_side < how.side)
    return config.lacking("crop_size", fmt::format("{} is more than what pictures are resized to, {}",
                                                   how.side, how.shorter_side));
  return how;
}

Result<ClipPreprocessing> read_clip_preprocessing_of(const std::filesystem::path& folder) {
  std::error_code error;
  const std::string own = "preprocessor_config.json", shared = "processor_config.json";
  if (std::filesystem::exists(folder / own, error)) {
    const std::string text = TRY(read_file(folder / own, kPreprocessorBytesMax));
    return read_clip_preprocessing(TRY(parse_json(text, own)), own);
  }
  if (!std::filesystem::exists(folder / shared, error))
    return not_found((folder / own).string(), "is missing: it says how pictures are prepared",
                     "save it beside the model: CLIPImageProcessor.save_pretrained(FOLDER)");
  const std::string text = TRY(read_file(folder / shared, kPreprocessorBytesMax));
  const Json json = TRY(parse_json(text, shared));
  if (!json.is_object() || !json.contains("image_processor"))
    return invalid(shared, "has no \"image_processor\", which says how pictures are prepared");
  return read_clip_preprocessing(json["image_processor"], shared + ": image_processor");
}

Result<std::vector<float>> prepare_clip_picture(const Picture& picture, const ClipPreprocessing& how) {
  Picture seen = in_three_channels(picture);
  if (how.shorter_side) {
    const int shorter = std::min(picture.width, picture.height);
    const auto scaled = [&](int extent) { return int64_t{extent} * how.shorter_side / shorter; };
    if (std::max(scaled(picture.width), scaled(picture.height)) > kResizedSideMax)
      return unsupported("picture", "is too long and thin to be looked at");
    seen = TRY(resize(seen, static_cast<int>(scaled(picture.width)), static_cast<int>(scaled(picture.height)),
                      how.filter));
  }
  if (seen.width < how.side || seen.height < how.side)
    return unsupported("picture",
                       fmt::format("is smaller than the {0}x{0} pixels that the network reads, and its "
                                   "preprocessor_config.json does not resize",
                                   how.side));
  const Picture middle = square_of(seen, (seen.width - how.side) / 2, (seen.height - how.side) / 2, how.side);
  std::vector<float> values;
  values.reserve(middle.pixels.size());
  for (size_t at = 0; at < middle.pixels.size(); ++at)
    values.push_back((static_cast<float>(middle.pixels[at] * how.rescale_factor) - how.means[at % 3]) /
                     how.deviations[at % 3]);
  return values;
}

}  // namespace limner
