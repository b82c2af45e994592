#include "jobs/noise_watermark.h"

#include <fmt/format.h>

#include <cmath>

#include "base/crypto.h"
#include "engine/noise_inversion.h"
#include "watermark/key_file.h"

namespace limner {
namespace {

constexpr uint64_t kIdEnd = uint64_t{1} << kWatermarkIdBits;
// Sides are whole multiples of 8, so that pictures that were made smaller have not quite their shape.
constexpr double kSameShape = 0.03;

struct DrawnSize {
  int width, height;
};

bool same_shape(const DrawnSize& a, const DrawnSize& b) {
  const double difference =
      std::log(static_cast<double>(a.width) * b.height / (static_cast<double>(a.height) * b.width));
  return std::fabs(difference) < kSameShape;
}

// Sizes in which the picture may have been drawn, the likeliest first.
std::vector<DrawnSize> sizes_to_try(const ModelInfo& model, const Picture& picture,
                                    const NoiseSearch& search) {
  if (search.width > 0) return {{search.width, search.height}};
  const DrawnSize own{picture.width, picture.height}, usual{model.width, model.height};
  std::vector<DrawnSize> sizes;
  if (own.width % model.size_multiple == 0 && own.height % model.size_multiple == 0) sizes.push_back(own);
  const bool is_usual = own.width == usual.width && own.height == usual.height;
  if (!is_usual && same_shape(own, usual)) sizes.push_back(usual);
  return sizes;
}

}  // namespace

std::vector<uint64_t> NoiseWatermark::signs(uint64_t seed, size_t count) const {
  return noise_signs(key_, id_, seed, count);
}

Json NoiseWatermark::json() const { return {{"id", id_.value}, {"key", watermark_key_name(key_)}}; }

WatermarkId noise_id(const WatermarkKey& key, std::string_view owner, uint64_t seed) {
  const std::string mac = hmac_sha256(key.secret, fmt::format("limner noise id 1 {} {}", seed, owner));
  WatermarkId id;
  for (const char byte : mac.substr(0, kWatermarkIdBits / 8))
    id.value = id.value << 8 | static_cast<unsigned char>(byte);
  return id;
}

Result<std::optional<RecordedNoise>> recorded_noise(const Json& metadata, std::string_view field) {
  const auto found = metadata.is_object() ? metadata.find("noise_watermark") : metadata.end();
  if (found == metadata.end()) return std::optional<RecordedNoise>();
  const auto wrong = [&] { return invalid(std::string(field), "its noise_watermark has no id and key"); };
  if (!found->is_object()) return wrong();
  const auto id = found->find("id"), key = found->find("key");
  if (id == found->end() || key == found->end() || !id->is_number_unsigned() || *id >= kIdEnd ||
      !key->is_string())
    return wrong();
  return std::optional(RecordedNoise{{id->get<uint64_t>()}, key->get<std::string>()});
}

Json NoiseCarried::json() const {
  if (!id) return {{"carried", false}, {"reason", reason}};
  return {{"carried", true}, {"id", carried_id()}, {"id_bits", id_bits}};
}

NoiseCarried carried_noise(const NoiseWatermark& watermark, const Drawing& drawing) {
  return {watermark.id(), noise_id_bits(noise_values(drawing)), {}};
}

Result<std::optional<NoiseReading>> find_noise_watermark(Model& model, const Picture& picture,
                                                         const std::vector<WatermarkKey>& keys,
                                                         const NoiseSearch& search) {
  const std::vector<DrawnSize> sizes = sizes_to_try(model_info(model), picture, search);
  if (sizes.empty())
    return unsupported("size",
                       fmt::format("{}x{} is no size that this model draws", picture.width, picture.height),
                       "say in which it was drawn: --size WIDTHxHEIGHT");
  const int attempts = static_cast<int>(sizes.size() * keys.size());
  std::optional<NoiseReading> best;
  for (const DrawnSize& size : sizes) {
    const InversionOptions options{
        .width = size.width, .height = size.height, .steps = search.steps, .progress = search.progress};
    const std::vector<float> noise = TRY(invert_noise(model, picture, options));
    for (const WatermarkKey& key : keys) {
      std::optional<NoiseReading> reading = read_noise(noise, key, attempts);
      if (reading && reading->id) return reading;
      if (reading && (!best || reading->p_value < best->p_value)) best = reading;
    }
  }
  return best;
}

}  // namespace limner
