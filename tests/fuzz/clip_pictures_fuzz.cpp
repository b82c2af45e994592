// Any bytes offered as a preprocessor_config.json. A picture is prepared as what is accepted says, or
// refused.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "engine/clip_pictures.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace limner;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Result<Json> json = parse_json(text, "preprocessor_config.json", {.bytes_max = 1 << 20});
  if (!json) return 0;
  const Result<ClipPreprocessing> how = read_clip_preprocessing(*json, "preprocessor_config.json");
  // Larger ones take their time, which is not what is looked for here.
  if (!how || how->shorter_side > 256 || how->side > 256) return 0;
  Picture picture{3, 5, 3, {}};
  for (int i = 0; i < 45; ++i) picture.pixels.push_back(static_cast<uint8_t>(i * 5));
  const Result<std::vector<float>> values = prepare_clip_picture(picture, *how);
  if (values)
    LIMNER_CHECK(values->size() == static_cast<size_t>(how->side) * how->side * 3,
                 "a square of three channels");
  return 0;
}
