#include "cli/noise_flags.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>

#include "cli/data_folder.h"
#include "watermark/key_file.h"

namespace limner {

void add_noise_flags(CLI::App& app, NoiseFlags& flags) {
  CLI::Option* on = app.add_flag("--noise-watermark", flags.on,
                                 "Carry an id in the noise that pictures are drawn from (Gaussian Shading)");
  app.add_option("--watermark-id", flags.id,
                 "The id: a whole number below 2^40 (default: one that follows from key and seed)")
      ->needs(on);
  app.add_option("--watermark-key", flags.key,
                 "File of the key; made if missing (default: that of `limner mark`)");
}

Result<WatermarkId> parse_watermark_id(const std::string& text, const char* field) {
  constexpr uint64_t kEnd = uint64_t{1} << kWatermarkIdBits;
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value >= kEnd)
    return invalid(field,
                   fmt::format("'{}' is not a whole number from 0 to {}", text.substr(0, 80), kEnd - 1));
  return WatermarkId{value};
}

Result<void> NoiseMarking::prepare(const NoiseFlags& flags, const std::optional<RecordedNoise>& recorded) {
  asked_ = flags.on;
  if (!asked_ && !recorded) return {};
  const std::filesystem::path path = flags.key.empty() ? default_watermark_key_path() : flags.key;
  if (!flags.id.empty()) id_ = TRY(parse_watermark_id(flags.id, "watermark_id"));
  if (asked_) {
    key_ = TRY(open_watermark_key(path));
    return {};
  }
  Result<WatermarkKey> key = read_watermark_key(path);
  if (!key && (key.error().code != Code::not_found || !flags.key.empty())) return std::move(key).error();
  if (!key || watermark_key_name(*key) != recorded->key) {
    warning_ =
        "its noise carried a watermark whose key is not here: without it another picture is drawn "
        "(--watermark-key FILE)";
    return {};
  }
  key_ = std::move(*key);
  id_ = recorded->id;
  return {};
}

std::optional<NoiseWatermark> NoiseMarking::of(uint64_t seed) const {
  if (!key_) return std::nullopt;
  return NoiseWatermark(*key_, id_.value_or(noise_id(*key_, {}, seed)));
}

Result<NoiseWatermark> recorded_watermark(const RecordedNoise& recorded,
                                          const std::vector<WatermarkKey>& keys) {
  for (const WatermarkKey& key : keys)
    if (watermark_key_name(key) == recorded.key) return NoiseWatermark(key, recorded.id);
  return not_found(
      "key", "its noise carries a watermark whose key is not here, and without it another picture is drawn",
      "give its file with --key");
}

}  // namespace limner
