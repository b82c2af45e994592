// Any bytes offered as a picture: decoded under small limits, and searched for texts. Neither may crash, hang
// or hand out a picture that breaks its own promises.

#include "base/check.h"
#include "image/codec.h"
#include "image/file_metadata.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace limner;
  const std::span file = std::as_bytes(std::span(data, size));
  const Result<FileMetadata> texts = read_file_metadata(file, "picture");
  LIMNER_CHECK(texts || texts.error().field == "picture", "an error names the picture");

  const DecodeLimits limits{.file_bytes_max = 1 << 20, .pixels_max = 1 << 20};
  const Result<Picture> picture = decode_picture(file, "picture", limits);
  if (!picture) return 0;
  const auto pixels = static_cast<int64_t>(picture->width) * picture->height;
  LIMNER_CHECK(pixels > 0 && pixels <= limits.pixels_max, "the limit holds");
  LIMNER_CHECK(picture->channels == 3 || picture->channels == 4, "colour comes out");
  LIMNER_CHECK(picture->pixels.size() == static_cast<size_t>(pixels * picture->channels),
               "every pixel is there");
  return 0;
}
