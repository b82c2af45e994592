#include "engine/drawing_file.h"

#include "image/codec.h"

namespace limner {

Result<std::vector<std::byte>> encode_drawing(const Picture& picture, const FileTexts& texts,
                                              const DrawingFileOptions& options) {
  EncodeOptions encoding{.format = options.format, .quality = options.quality};
  if (!options.bare) {
    encoding.infotext = texts.infotext;
    encoding.limner_json = texts.json;
  }
  return encode_picture(picture, encoding);
}

}  // namespace limner
