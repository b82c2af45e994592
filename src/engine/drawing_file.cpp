#include "engine/drawing_file.h"

#include "base/json.h"
#include "image/codec.h"
#include "image/digital_source.h"

namespace limner {
namespace {

// Pictures whose texts do not say how they came to be (strangers', enlarged) are not said to be drawn.
std::string source_type_of(const std::string& json) {
  const Result<Json> texts = parse_json(json, "texts");
  if (!texts || !texts->is_object() || !texts->contains("task")) return {};
  const bool from_text = (*texts)["task"] == "text-to-image";
  return std::string(from_text ? kTrainedAlgorithmicMedia : kCompositeWithTrainedAlgorithmicMedia);
}

}  // namespace

Result<std::vector<std::byte>> encode_drawing(const Picture& picture, const FileTexts& texts,
                                              const DrawingFileOptions& options) {
  EncodeOptions encoding{.format = options.format, .quality = options.quality};
  if (!options.bare) {
    encoding.infotext = texts.infotext;
    encoding.limner_json = texts.json;
    encoding.digital_source_type = source_type_of(texts.json);
  }
  return encode_picture(picture, encoding);
}

}  // namespace limner
