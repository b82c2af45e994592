// A drawing put away between two steps, and taken up again.
//
//   magic, 8 bytes; version, u64; fingerprint of model, parameters and pictures, 64 digits
//   pass, u64: 0 the first, 1 the second
//   reads of the noise stream: their number, then size and calls of each, u64
//   the sampler's numbers: their number u64, f32 each
//   of how many rows the deep features are kept (step_cache), u64; those of each: their number u64, f32 each
//   whether the gap of guidance is known, u64 0 or 1; its bits as an f64, u64
//   sha256 of all bytes before, 64 digits
// Numbers are little-endian.

#include "engine/drawing_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/sha256.h"
#include "engine/drawing.h"
#include "engine/state_bytes.h"

namespace limner {
namespace {

constexpr std::string_view kMagic = "LIMNERDS";
constexpr uint64_t kStateVersion = 3;
constexpr size_t kDigestDigits = 64;
/// Sizes of reads alternate at most between a latent's of either pass and an encoded picture's.
constexpr uint64_t kNoiseRunsMax = 64;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

void add_picture(Sha256& hash, const Picture& picture) {
  hash.update(bytes_of(fmt::format("{}x{}x{}\n", picture.width, picture.height, picture.channels)));
  hash.update(std::as_bytes(std::span(picture.pixels)));
}

// Everything that makes the bytes of a picture what they are.
std::string identity_of(const Drawing& drawing) {
  Model& model = *drawing.model;
  std::string text = fmt::format("{} {} {} {}\n", drawing.fingerprint, model.weights_hash(),
                                 model.backend().description(), precision_name(model.precision()));
  for (const ExtraFile& file : model.extra_files()) text += fmt::format("{} {}\n", file.kind, file.sha256);
  for (const auto& [name, weight] : model.lora_names()) text += fmt::format("{}\n", weight);
  return sha256_hex(bytes_of(text));
}

struct SavedState {
  bool second_pass = false;
  std::vector<CountedNoise::Run> noise;
  std::vector<float> sampler;
  std::vector<std::vector<float>> deep;
  std::optional<double> guidance_gap;
};

// No drawing reads more than a handful of latents' worth of noise an evaluation.
uint64_t noise_numbers_max(const Drawing& drawing) {
  const Progress now = progress(drawing);
  const LatentExtent first = first_extent(*drawing.model, drawing.params);
  const size_t latent = second_extent(first, drawing.params.hires_scale).count();
  return (4 * static_cast<uint64_t>(now.total) + 16) * latent;
}

Result<std::vector<CountedNoise::Run>> read_noise(StateReader& reader, uint64_t numbers_max) {
  std::vector<CountedNoise::Run> runs(TRY(reader.u64(kNoiseRunsMax)));
  uint64_t numbers = 0;
  for (CountedNoise::Run& run : runs) {
    run.size = TRY(reader.u64(numbers_max));
    run.calls = TRY(reader.u64(numbers_max));
    if (run.size == 0 || run.calls > (numbers_max - numbers) / run.size)
      return invalid("state", "damaged: more noise was read than any drawing reads");
    numbers += run.size * run.calls;
  }
  return runs;
}

Result<std::vector<std::vector<float>>> read_deep(const Drawing& drawing, bool second_pass,
                                                  StateReader& reader) {
  LatentExtent extent = first_extent(*drawing.model, drawing.params);
  if (second_pass) extent = second_extent(extent, drawing.params.hires_scale);
  std::vector<std::vector<float>> deep(TRY(reader.u64(drawing.deep.size())));
  for (std::vector<float>& row : deep) {
    row = TRY(reader.floats());
    if (row.size() != deep_count(*drawing.model, extent))
      return invalid("state", "damaged: features of another size");
  }
  return deep;
}

Result<SavedState> read_state(const Drawing& drawing, std::string_view bytes) {
  if (bytes.size() < kDigestDigits) return invalid("state", "damaged: it ends too early");
  const std::string_view content = bytes.substr(0, bytes.size() - kDigestDigits);
  StateReader reader(content);
  if (TRY(reader.text(kMagic.size())) != kMagic) return invalid("state", "not a saved drawing");
  if (const uint64_t version = TRY(reader.u64()); version != kStateVersion)
    return invalid("state", fmt::format("of version {}; this build reads {}", version, kStateVersion));
  if (sha256_hex(bytes_of(content)) != bytes.substr(content.size()))
    return invalid("state", "damaged: its digest differs");
  if (TRY(reader.text(kDigestDigits)) != identity_of(drawing))
    return invalid("state", "of another drawing, model or machine");
  SavedState state;
  state.second_pass = TRY(reader.u64(1)) == 1;
  if (state.second_pass && drawing.params.hires_scale <= 1)
    return invalid("state", "damaged: the drawing has one pass");
  state.noise = TRY(read_noise(reader, noise_numbers_max(drawing)));
  state.sampler = TRY(reader.floats());
  state.deep = TRY(read_deep(drawing, state.second_pass, reader));
  const bool has_gap = TRY(reader.u64(1)) == 1;
  const auto gap = std::bit_cast<double>(TRY(reader.u64()));
  if (!std::isfinite(gap) || gap < 0) return invalid("state", "damaged: its guidance is no number");
  if (has_gap) state.guidance_gap = gap;
  if (!reader.at_end()) return invalid("state", "damaged: it goes on behind its end");
  return state;
}

// Asked before a drawing leaves its first pass, so that what is refused changes nothing.
Result<void> check_sampler_of_second_pass(const Drawing& drawing, std::span<const float> numbers) {
  const DrawingParams& params = drawing.params;
  const LatentExtent extent = second_extent(first_extent(*drawing.model, params), params.hires_scale);
  const SamplerRequest request =
      sampler_request(*drawing.model, params, second_steps(params), params.hires_strength, extent);
  const std::unique_ptr<Sampler> sampler = TRY(TRY(find_sampler(params.sampler))->make(request));
  return sampler->restore(numbers);
}

}  // namespace

std::string fingerprint_of(const DrawingParams& params, const DrawingInputs& inputs,
                           const Json& noise_signs) {
  Sha256 hash;
  hash.update(bytes_of(params_to_json(params).dump()));
  add_picture(hash, inputs.init);
  add_picture(hash, inputs.mask);
  for (const DrawingInputs::Control& control : inputs.controls) {
    hash.update(bytes_of(fmt::format("\n{} {} {}\n", control.scale, control.start, control.end)));
    add_picture(hash, control.picture);
  }
  if (!noise_signs.is_null()) hash.update(bytes_of("\n" + noise_signs.dump()));
  return hash.finish_hex();
}

Result<std::string> save(const Drawing& drawing) {
  StateWriter writer;
  writer.text(kMagic);
  writer.u64(kStateVersion);
  writer.text(identity_of(drawing));
  writer.u64(drawing.evaluations_before > 0 ? 1 : 0);
  writer.u64(drawing.noise->read().size());
  for (const CountedNoise::Run& run : drawing.noise->read()) {
    writer.u64(run.size);
    writer.u64(run.calls);
  }
  writer.floats(drawing.sampler->save());
  writer.u64(drawing.deep_rows);
  for (size_t row = 0; row < drawing.deep_rows; ++row) writer.floats(drawing.deep[row]);
  writer.u64(drawing.guidance_gap ? 1 : 0);
  writer.u64(std::bit_cast<uint64_t>(drawing.guidance_gap.value_or(0)));
  return writer.bytes() + sha256_hex(bytes_of(writer.bytes()));
}

Result<void> resume(Drawing& drawing, std::string_view bytes) {
  const SavedState state = TRY(read_state(drawing, bytes));
  const bool in_second_pass = drawing.evaluations_before > 0;
  if (in_second_pass && !state.second_pass)
    return invalid("state", "of the first pass, and this drawing is in its second", "open it anew");
  if (state.second_pass && !in_second_pass) {
    TRY(check_sampler_of_second_pass(drawing, state.sampler));
    TRY(enter_second_pass(drawing));
  }
  TRY(drawing.sampler->restore(state.sampler));
  drawing.noise->replay(state.noise);
  drawing.deep_rows = state.deep.size();
  std::ranges::copy(state.deep, drawing.deep.begin());
  drawing.guidance_gap = state.guidance_gap;
  return {};
}

}  // namespace limner
