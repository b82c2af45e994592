#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "watermark/carriers.h"
#include "watermark/folded_spectrum.h"
#include "watermark/payload.h"
#include "watermark/read_in_place.h"
#include "watermark/residual.h"
#include "watermark/watermark.h"

namespace limner {
namespace {

constexpr float kPilotEnergy = 0.4f;
constexpr int kRounds = 3;
constexpr double kPsnrMargin = 0.02;
constexpr int kSideMax = 32768;

// What is added to red, green and blue for one step of luma: of all ways the one that changes colours least
// (along the luma weights), 1.3 dB better than grey.
constexpr std::array<float, 3> kLumaWeights = {0.299f, 0.587f, 0.114f};
constexpr float kLumaNorm = 0.299f * 0.299f + 0.587f * 0.587f + 0.114f * 0.114f;

double channel_step(int channels, int channel) {
  return channels < 3 ? 1 : kLumaWeights[static_cast<size_t>(channel)] / kLumaNorm;
}

struct Attempt {
  Picture picture;
  double psnr = 0, strength = 0;
};

// `picture` plus strength * change, rounded and clipped, and how far that is from it.
Attempt add_change(const Picture& picture, const Plane& change, double strength) {
  Attempt attempt{picture, 0, strength};
  const int colours = picture.channels < 3 ? 1 : 3;
  std::array<float, 3> steps{};
  for (int c = 0; c < colours; ++c)
    steps[static_cast<size_t>(c)] = static_cast<float>(strength * channel_step(picture.channels, c));
  int64_t squares = 0;
  for (int y = 0; y < picture.height; ++y) {
    const float* added = change.row(y);
    uint8_t* to = attempt.picture.row(y);
    for (int x = 0; x < picture.width; ++x, to += picture.channels)
      for (int c = 0; c < colours; ++c) {
        const int before = to[c];
        const float wanted = static_cast<float>(before) + added[x] * steps[static_cast<size_t>(c)];
        const int after = static_cast<int>(std::clamp(wanted, 0.0f, 255.0f) + 0.5f);
        to[c] = static_cast<uint8_t>(after);
        squares += (after - before) * (after - before);
      }
  }
  const double mean =
      static_cast<double>(squares) / (static_cast<double>(picture.width) * picture.height * colours);
  attempt.psnr = mean > 0 ? 10 * std::log10(255.0 * 255.0 / mean) : 100;
  return attempt;
}

// The strongest that keeps `psnr`: clipping and rounding make it no simple proportion.
Attempt add_as_strongly(const Picture& picture, const Plane& change, double psnr) {
  double squares = 0;
  for (const float value : change.values) squares += static_cast<double>(value) * value;
  const double share = picture.channels < 3 ? 1 : 1 / (3.0 * static_cast<double>(kLumaNorm));
  const double mean = squares / static_cast<double>(change.values.size()) * share;
  if (mean <= 0) return add_change(picture, change, 0);
  const double nominal = 255 * std::pow(10, -psnr / 20) / std::sqrt(mean);
  double strength = nominal;
  Attempt attempt = add_change(picture, change, strength);
  for (int i = 0; i < 4; ++i) {
    strength = std::min(strength * std::pow(10, (attempt.psnr - psnr - kPsnrMargin) / 20), 2 * nominal);
    attempt = add_change(picture, change, strength);
  }
  while (attempt.psnr < psnr && strength > 0) {
    strength *= 0.995;
    attempt = add_change(picture, change, strength);
  }
  return attempt;
}

// The tile everywhere, its first pixel in the middle, as strong as the texture allows.
Plane change_of(const Carriers& carriers, const Amplitudes& amplitudes, const Plane& gain) {
  const std::vector<float> tile = carriers.tile(amplitudes);
  Plane change(gain.width, gain.height);
  const auto wrapped = [](int i, int centre) { return ((i - centre) % kTile + kTile) % kTile; };
  for (int y = 0; y < gain.height; ++y) {
    const float* row = tile.data() + static_cast<size_t>(wrapped(y, gain.height / 2)) * kTile;
    const float* strength = gain.row(y);
    float* to = change.row(y);
    for (int x = 0; x < gain.width; ++x) to[x] = strength[x] * row[wrapped(x, gain.width / 2)];
  }
  return change;
}

SoftValues soft_values_of(const Picture& picture, const Carriers& carriers) {
  return carriers.soft_values(FoldedSpectrum(whitened(luma(picture)), {}).matched(0));
}

double energy_of(const Amplitudes& amplitudes) {
  double sum = 0;
  for (const float a : amplitudes) sum += static_cast<double>(a) * a;
  return sum;
}

// Amplitudes that, added to what the picture itself has along the carriers (`host`), reach the same margin
// for every bit, and a larger one for the pilot, with the energy given. `signs` is what each shall be.
Amplitudes amplitudes_for(const Amplitudes& signs, const Amplitudes& host, double response, double energy,
                          double pilot_margin) {
  const auto reaching = [&](double margin) {
    Amplitudes out{};
    for (size_t i = 0; i < out.size(); ++i) {
      const double wanted = i == 0 ? margin * pilot_margin : margin;
      const double lacking = (wanted - static_cast<double>(signs[i]) * host[i]) / response;
      out[i] = signs[i] * static_cast<float>(std::max(0.0, lacking));
    }
    return out;
  };
  double low = 0, high = 1000;
  for (int i = 0; i < 50; ++i) {
    const double middle = (low + high) / 2;
    (energy_of(reaching(middle)) < energy ? low : high) = middle;
  }
  return reaching(low);
}

Amplitudes signs_of(const CodeWord& word) {
  Amplitudes signs{};
  signs[0] = 1;
  for (int i = 0; i < kCodeBits; ++i) signs[static_cast<size_t>(i + 1)] = word.bit(i) ? 1.0f : -1.0f;
  return signs;
}

Amplitudes plain_amplitudes(const Amplitudes& signs) {
  Amplitudes out = signs;
  out[0] *= std::sqrt(kPilotEnergy);
  for (size_t i = 1; i < out.size(); ++i) out[i] *= std::sqrt((1 - kPilotEnergy) / kCodeBits);
  return out;
}

void scale_all(Amplitudes& amplitudes, double factor) {
  for (float& a : amplitudes) a *= static_cast<float>(factor);
}

Attempt embed(const Picture& picture, const Carriers& carriers, const CodeWord& word, double psnr) {
  const Amplitudes signs = signs_of(word);
  const Plane gain = texture_gain(luma(picture));
  const double pilot_margin = std::sqrt(kPilotEnergy * kCodeBits / (1 - kPilotEnergy));
  Amplitudes host = soft_values_of(picture, carriers).carriers;
  Amplitudes amplitudes = plain_amplitudes(signs);
  Attempt attempt = add_as_strongly(picture, change_of(carriers, amplitudes, gain), psnr);
  scale_all(amplitudes, attempt.strength);
  Amplitudes seen = soft_values_of(attempt.picture, carriers).carriers;
  double response = 0;
  for (size_t i = 0; i < signs.size(); ++i)
    response += static_cast<double>(seen[i] - host[i]) * amplitudes[i] / energy_of(amplitudes);
  if (!(response > 0)) return attempt;  // nothing of it can be seen: a picture of one colour at the limit
  for (int round = 0; round < kRounds; ++round) {
    amplitudes = amplitudes_for(signs, host, response, energy_of(amplitudes), pilot_margin);
    attempt = add_as_strongly(picture, change_of(carriers, amplitudes, gain), psnr);
    scale_all(amplitudes, attempt.strength);
    // The next round knows the picture as it is seen with the mark in it.
    seen = soft_values_of(attempt.picture, carriers).carriers;
    for (size_t i = 0; i < host.size(); ++i)
      host[i] = seen[i] - static_cast<float>(response * static_cast<double>(amplitudes[i]));
  }
  return attempt;
}

Result<void> check(const Picture& picture, WatermarkId id, const MarkOptions& options) {
  if (id.value >> kWatermarkIdBits)
    return invalid("id", fmt::format("{} has more than {} bits", id.value, kWatermarkIdBits));
  if (!(options.psnr_min >= 30 && options.psnr_min <= 60))
    return invalid("psnr", fmt::format("{} is not within 30 to 60 dB", options.psnr_min));
  const int shorter = std::min(picture.width, picture.height),
            longer = std::max(picture.width, picture.height);
  if (picture.empty() || shorter < kWatermarkSideMin)
    return unsupported("picture",
                       fmt::format("{}x{} is too small for a watermark: sides of {} pixels hold one",
                                   picture.width, picture.height, kWatermarkSideMin));
  if (longer > kSideMax)
    return Error{Code::too_large, "picture", fmt::format("a side of {} pixels is over {}", longer, kSideMax),
                 ""};
  return {};
}

}  // namespace

Result<Marked> mark_picture(const Picture& picture, const WatermarkKey& key, WatermarkId id,
                            const MarkOptions& options) {
  TRY(check(picture, id, options));
  const Carriers carriers(key);
  const bool brief = static_cast<int64_t>(picture.width) * picture.height < kBriefPixels;
  Marked marked;
  marked.id_bits = brief ? kBriefIdBits : kWatermarkIdBits;
  const CodeWord word = encode_id(id, marked.id_bits, key, carriers);
  Attempt attempt = embed(picture, carriers, word, options.psnr_min);
  marked.picture = std::move(attempt.picture);
  marked.psnr = attempt.psnr;
  const std::optional<DecodedId> reading = read_in_place(marked.picture, key, carriers);
  // One that was marked before may still be read as what it was.
  const uint64_t carried = id.value & ((uint64_t{1} << marked.id_bits) - 1);
  marked.readable = reading && reading->id_bits == marked.id_bits && reading->id.value == carried;
  return marked;
}

}  // namespace limner
