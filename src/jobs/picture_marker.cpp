#include "jobs/picture_marker.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/crypto.h"
#include "base/sha256.h"
#include "image/resize.h"
#include "provenance/local_chain.h"
#include "similarity/pdq.h"
#include "watermark/key_file.h"

namespace limner {
namespace {

constexpr int kHashSideMax = 512;
constexpr int kIdBytes = kWatermarkIdBits / 8;

Result<SignerPtr> open_signer(const MarkingConfig& config, TimeUs now, TimeStamping stamping) {
  const std::filesystem::path folder = signing_folder(config);
  ChainWish wish;
  if (!config.provider.empty()) wish.organisation = config.provider;
  if (config.signing.empty()) TRY(ensure_chain(folder, wish, now));
  return load_signer(folder, {.stamping = std::move(stamping)});
}

Result<WatermarkKey> open_key(const MarkingConfig& config) {
  const std::filesystem::path path = watermark_key_path(config);
  return config.watermark_key.empty() ? open_watermark_key(path) : read_watermark_key(path);
}

bool holds_watermark(const Picture& picture) {
  return std::min(picture.width, picture.height) >= kWatermarkSideMin;
}

Json no_watermark(const std::string& reason) { return {{"carried", false}, {"reason", reason}}; }

Result<PdqReading> hash_of(const Picture& picture) {
  if (std::max(picture.width, picture.height) <= kHashSideMax) return pdq_hash(picture);
  return pdq_hash(TRY(shrunk_for_hash(picture)));
}

}  // namespace

std::filesystem::path signing_folder(const MarkingConfig& config) {
  return config.signing.empty() ? config.folder / "signing" : config.signing;
}

std::filesystem::path watermark_key_path(const MarkingConfig& config) {
  return config.watermark_key.empty() ? config.folder / "watermark.key" : config.watermark_key;
}

SoftBinding soft_binding(WatermarkId id, int id_bits) {
  SoftBinding binding{"org.limner.tile.1", std::string(1, static_cast<char>(id_bits))};
  for (int byte = kIdBytes - 1; byte >= 0; --byte)
    binding.value += static_cast<char>(id.value >> (8 * byte) & 0xff);
  return binding;
}

Result<std::unique_ptr<PictureMarker>> PictureMarker::open(const MarkingConfig& config, TimeUs now,
                                                           TimeStamping stamping) {
  SignerPtr signer;
  std::optional<WatermarkKey> pixel_key, noise_key;
  if (config.sign) signer = TRY(open_signer(config, now, std::move(stamping)));
  if (config.watermark) pixel_key = TRY(open_key(config));
  if (config.noise_watermark) noise_key = TRY(open_key(config));
  return std::make_unique<PictureMarker>(std::move(signer), std::move(pixel_key), std::move(noise_key),
                                         config.provider);
}

PictureMarker::PictureMarker(SignerPtr signer, std::optional<WatermarkKey> pixel_key,
                             std::optional<WatermarkKey> noise_key, std::string provider)
    : signer_(std::move(signer)),
      pixel_key_(std::move(pixel_key)),
      noise_key_(std::move(noise_key)),
      provider_(std::move(provider)) {}

Json PictureMarker::keys() const {
  Json keys = Json::object();
  if (signer_) keys["signing_certificate_sha256"] = signer_fingerprint(*signer_);
  if (pixel_key_) keys["watermark_key"] = watermark_key_name(*pixel_key_);
  if (noise_key_) keys["noise_watermark_key"] = watermark_key_name(*noise_key_);
  return keys;
}

WatermarkId PictureMarker::id_of(std::string_view job, int position) const {
  const std::string mac =
      hmac_sha256(pixel_key_->secret, fmt::format("limner watermark id 1 {} {}", job, position));
  WatermarkId id;
  for (const char byte : mac.substr(0, kIdBytes)) id.value = id.value << 8 | static_cast<unsigned char>(byte);
  return id;
}

std::optional<NoiseWatermark> PictureMarker::noise_watermark(std::string_view tenant, uint64_t seed) const {
  if (!noise_key_) return std::nullopt;
  return NoiseWatermark(*noise_key_, noise_id(*noise_key_, tenant, seed));
}

Result<PixelMarks> PictureMarker::mark_pixels(const Picture& picture, std::string_view job, int position,
                                              const NoiseCarried& noise) const {
  PixelMarks marks;
  marks.json["pixels_sha256"] = pixels_sha256(picture);
  if (noise_key_) marks.json["noise_watermark"] = noise.json();
  if (noise.id) {
    marks.mark.watermark_bits = noise.id_bits;
    marks.mark.watermark = noise.carried_id();
  }
  if (!pixel_key_) {
    marks.picture = picture;
    marks.json["watermark"] = no_watermark("switched off");
  } else if (!holds_watermark(picture)) {
    marks.picture = picture;
    marks.json["watermark"] =
        no_watermark(fmt::format("a side is shorter than {} pixels", kWatermarkSideMin));
  } else {
    const WatermarkId id = noise.id.value_or(id_of(job, position));
    Marked marked = TRY(mark_picture(picture, *pixel_key_, id));
    const WatermarkId carried{id.value & ((uint64_t{1} << marked.id_bits) - 1)};
    marks.picture = std::move(marked.picture);
    marks.mark.watermark_bits = marked.id_bits;
    marks.mark.watermark = carried.value;
    marks.json["watermark"] = {
        {"carried", true}, {"id", carried.value}, {"id_bits", marked.id_bits}, {"readable", marked.readable}};
    if (marked.readable) marks.binding = soft_binding(carried, marked.id_bits);
  }
  const PdqReading hash = TRY(hash_of(marks.picture));
  marks.mark.pdq = pdq_text(hash.hash);
  marks.mark.pdq_quality = hash.quality;
  return marks;
}

Result<std::vector<std::byte>> PictureMarker::sign(std::vector<std::byte> file, Format format,
                                                   PictureOrigin origin) const {
  if (!signs(format)) return file;
  if (origin.provider.empty()) origin.provider = provider_;
  std::string text(reinterpret_cast<const char*>(file.data()), file.size());
  const std::string marked = TRY(sign_picture(std::move(text), format, *signer_, origin));
  const std::span bytes = std::as_bytes(std::span(marked));
  return std::vector<std::byte>(bytes.begin(), bytes.end());
}

std::string pixels_sha256(const Picture& picture) {
  Sha256 digest;
  digest.update(as_bytes(fmt::format("{}x{}x{}\n", picture.width, picture.height, picture.channels)));
  digest.update(std::as_bytes(std::span(picture.pixels)));
  return digest.finish_hex();
}

Result<Picture> shrunk_for_hash(const Picture& picture) {
  const int longer = std::max(picture.width, picture.height);
  if (longer <= kHashSideMax) return picture;
  const auto shrunk = [&](int side) {
    return std::max(1, static_cast<int>(int64_t{side} * kHashSideMax / longer));
  };
  return resize(picture, shrunk(picture.width), shrunk(picture.height), ResizeFilter::bilinear);
}

}  // namespace limner
