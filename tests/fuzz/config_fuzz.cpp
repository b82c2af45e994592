// Configs from outside: whatever a reader accepts must describe a graph. The first byte chooses the network,
// the rest is its config.json.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/json.h"
#include "nets/clip_model.h"
#include "nets/clip_text.h"
#include "nets/controlnet.h"
#include "nets/tiny_vae.h"
#include "nets/unet.h"
#include "nets/vae.h"

namespace limner {
namespace {

constexpr std::string_view kField = "config.json";

void clip_text(const Json& json) {
  const auto config = read_clip_text_config(json, kField);
  if (config) describe_clip_text(config.value(), {.tokens = 1, .pooled = true}).weights();
}

void clip_model(const Json& json) {
  const auto config = read_clip_model_config(json, kField);
  if (!config) return;
  describe_clip_text(config.value().text, {.tokens = 1, .pooled = true}).weights();
  describe_clip_vision(config.value().vision).weights();
}

void unet(const Json& json) {
  const auto config = read_unet_config(json, kField);
  if (!config) return;
  // Any pooled width that the config has room for.
  UnetShape shape{.tokens = 1, .time_ids = 1, .control_residuals = true};
  shape.height = std::max<int64_t>(config.value().extent_min(), 3);
  shape.width = config.value().extent_min();
  describe_unet(config.value(), shape).weights();
}

void controlnet(const Json& json) {
  const auto config = read_controlnet_config(json, kField);
  if (!config) return;
  ControlNetShape shape{.tokens = 1, .time_ids = 1, .scaled = true};
  shape.height = shape.width = config.value().unet.extent_min();
  describe_controlnet(config.value(), shape).weights();
}

void vae(const Json& json) {
  const auto config = read_vae_config(json, kField);
  if (!config) return;
  const int64_t scale = config.value().scale();
  describe_vae_decoder(config.value(), {.height = 1, .width = 1}).weights();
  describe_vae_encoder(config.value(), {.height = scale, .width = scale}).weights();
}

void tiny_vae(const Json& json) {
  const auto config = read_tiny_vae_config(json, kField);
  if (!config) return;
  const int64_t scale = config.value().scale();
  describe_tiny_vae_decoder(config.value(), 1, 1, 1).weights();
  describe_tiny_vae_encoder(config.value(), 1, scale, scale).weights();
}

}  // namespace
}  // namespace limner

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto json = limner::parse_json(text, limner::kField, {.bytes_max = 1 << 20});
  if (!json) return 0;
  switch (data[0]) {
    case 'c':
      limner::clip_text(json.value());
      break;
    case 'm':
      limner::clip_model(json.value());
      break;
    case 'u':
      limner::unet(json.value());
      break;
    case 'n':
      limner::controlnet(json.value());
      break;
    case 'v':
      limner::vae(json.value());
      break;
    case 't':
      limner::tiny_vae(json.value());
      break;
    default:
      break;
  }
  return 0;
}
