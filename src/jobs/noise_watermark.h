#pragma once
// The watermark in the noise of drawn pictures: what the engine asks of it, and what it finds again.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "engine/engine.h"
#include "engine/noise_signs.h"
#include "watermark/noise_mark.h"

namespace limner {

/// The signs of Gaussian Shading with one key and one id. Thread-safe.
class NoiseWatermark final : public NoiseSigns {
 public:
  NoiseWatermark(WatermarkKey key, WatermarkId id) : key_(std::move(key)), id_(id) {}

  WatermarkId id() const { return id_; }
  std::vector<uint64_t> signs(uint64_t seed, size_t count) const override;
  size_t values_min() const override { return kNoiseValuesMin; }
  /// {"id", "key"}: what drawing the picture again needs beside the key itself, which is told by its name.
  Json json() const override;

 private:
  WatermarkKey key_;
  WatermarkId id_;
};

/// The id that pictures of this seed carry for `owner`, a tenant or nobody: a function of these, so that a
/// seed gives the same noise each time, whatever the prompt.
WatermarkId noise_id(const WatermarkKey& key, std::string_view owner, uint64_t seed);

/// What the texts of a picture say of the watermark in its noise (NoiseWatermark::json()).
struct RecordedNoise {
  WatermarkId id;
  std::string key;  ///< watermark_key_name()
};
/// Nothing where `metadata` has no such entry; `invalid` with `field` if it has one that is none of ours.
Result<std::optional<RecordedNoise>> recorded_noise(const Json& metadata, std::string_view field);

/// What a drawn picture carries in its noise, or why it carries nothing.
struct NoiseCarried {
  std::optional<WatermarkId> id;
  int id_bits = 0;  ///< how many of its low bits are carried
  std::string reason = "it was not drawn here";

  uint64_t carried_id() const { return id->value & ((uint64_t{1} << id_bits) - 1); }

  /// {"carried", "id", "id_bits"} or {"carried", "reason"}.
  Json json() const;
};

/// What `drawing`, opened with `watermark` or without, carries.
NoiseCarried carried_noise(const NoiseWatermark& watermark, const Drawing& drawing);

/// How the noise of a picture is looked for.
struct NoiseSearch {
  int steps = 20;                          ///< of the inversion; docs/watermark.md says why
  int width = 0, height = 0;               ///< the size it was drawn in; 0: its own, then the model's
  std::function<bool(int, int)> progress;  ///< as InversionOptions::progress
};

/// Inverts `picture` with `model` and reads the noise with each of `keys`. Its own size is looked at where
/// the model can draw it, and the model's default where that has another size of the same shape. Nothing
/// found is an empty optional. The p-value counts keys and sizes.
Result<std::optional<NoiseReading>> find_noise_watermark(Model& model, const Picture& picture,
                                                         const std::vector<WatermarkKey>& keys,
                                                         const NoiseSearch& search);

}  // namespace limner
