#include "similarity/pdq.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <numbers>
#include <vector>

namespace limner {
namespace {

constexpr int kSideMin = 5;
constexpr int kSamples = 64, kFrequencies = 16;
constexpr int kPasses = 2;

using Samples = std::array<std::array<float, kSamples>, kSamples>;
using Frequencies = std::array<std::array<float, kFrequencies>, kFrequencies>;

std::vector<float> luma_of(const Picture& picture) {
  std::vector<float> out(static_cast<size_t>(picture.width) * static_cast<size_t>(picture.height));
  const uint8_t* from = picture.pixels.data();
  for (float& value : out) {
    value = picture.channels < 3 ? static_cast<float>(from[0])
                                 : static_cast<float>(0.299 * from[0] + 0.587 * from[1] + 0.114 * from[2]);
    from += picture.channels;
  }
  return out;
}

// The mean of `window` values around each of `count` in every lane, of fewer at the ends. The window is a
// little longer ahead if it is even, and sums run along, as in the reference. `from(i)` and `to(i)` are the
// i-th values of all lanes.
template <class From, class To>
void box(int count, int window, int lanes, From from, To to, std::vector<float>& sums) {
  window = std::min(window, count);
  const int ahead = (window + 2) / 2;
  sums.assign(static_cast<size_t>(lanes), 0.0f);
  float* __restrict sum = sums.data();
  int size = 0, left = 0, right = 0, out = 0;
  const auto enter = [&] {
    const float* __restrict value = from(right++);
    for (int lane = 0; lane < lanes; ++lane) sum[lane] += value[lane];
    ++size;
  };
  const auto leave = [&] {
    const float* __restrict value = from(left++);
    for (int lane = 0; lane < lanes; ++lane) sum[lane] -= value[lane];
    --size;
  };
  const auto write = [&] {
    float* __restrict mean = to(out++);
    for (int lane = 0; lane < lanes; ++lane) mean[lane] = sum[lane] / static_cast<float>(size);
  };
  for (int i = 0; i < ahead - 1; ++i) enter();
  for (int i = 0; i < window - ahead + 1; ++i) enter(), write();
  for (int i = 0; i < count - window; ++i) enter(), leave(), write();
  for (int i = 0; i < ahead - 1; ++i) leave(), write();
}

int window_for(int side) { return (side + 2 * kSamples - 1) / (2 * kSamples); }

struct Luma {
  int width = 0, height = 0;
  std::vector<float> values;

  float* at(int y, int x) {
    return values.data() + static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x);
  }
};

Luma transposed(Luma& from) {
  Luma to{from.height, from.width, std::vector<float>(from.values.size())};
  constexpr int kBlock = 16;
  for (int y0 = 0; y0 < from.height; y0 += kBlock)
    for (int x0 = 0; x0 < from.width; x0 += kBlock)
      for (int y = y0; y < std::min(y0 + kBlock, from.height); ++y)
        for (int x = x0; x < std::min(x0 + kBlock, from.width); ++x) *to.at(x, y) = *from.at(y, x);
  return to;
}

void filter_down(Luma& luma, Luma& filtered, std::vector<float>& sums) {
  box(
      luma.height, window_for(luma.height), luma.width, [&](int y) { return luma.at(y, 0); },
      [&](int y) { return filtered.at(y, 0); }, sums);
}

// Across, then down, twice: across is down of the transpose, so that every lane of a loop is a column.
Luma filtered(Luma luma) {
  std::vector<float> sums;
  for (int pass = 0; pass < kPasses; ++pass) {
    Luma turned = transposed(luma), turned_filtered = turned;
    filter_down(turned, turned_filtered, sums);
    Luma across = transposed(turned_filtered);
    filter_down(across, luma, sums);
  }
  return luma;
}

Samples sampled(Luma luma) {
  const int width = luma.width, height = luma.height;
  if (width != kSamples || height != kSamples) luma = filtered(std::move(luma));
  Samples samples;
  for (int i = 0; i < kSamples; ++i)
    for (int j = 0; j < kSamples; ++j)
      samples[static_cast<size_t>(i)][static_cast<size_t>(j)] = *luma.at(
          static_cast<int>((i + 0.5) * height / kSamples), static_cast<int>((j + 0.5) * width / kSamples));
  return samples;
}

Luma oriented(Luma luma, int orientation) {
  const auto width = static_cast<size_t>(luma.width);
  if (orientation & 1)
    for (int y = 0; y < luma.height; ++y) std::reverse(luma.at(y, 0), luma.at(y, 0) + width);
  if (orientation & 2)
    for (int y = 0; y < luma.height / 2; ++y)
      std::swap_ranges(luma.at(y, 0), luma.at(y, 0) + width, luma.at(luma.height - 1 - y, 0));
  return orientation & 4 ? transposed(luma) : luma;
}

// Steps between neighbours in whole percents of the range; 90 of them are one point.
int quality_of(const Samples& samples) {
  int sum = 0;
  const auto add = [&sum](float a, float b) { sum += std::abs(static_cast<int>((a - b) * 100 / 255)); };
  for (size_t i = 0; i + 1 < kSamples; ++i)
    for (size_t j = 0; j < kSamples; ++j)
      add(samples[i][j], samples[i + 1][j]), add(samples[j][i], samples[j][i + 1]);
  return std::min(sum / 90, 100);
}

using CosineRows = std::array<std::array<float, kSamples>, kFrequencies>;

CosineRows cosine_rows() {
  CosineRows rows;
  const float scale = static_cast<float>(std::sqrt(2.0 / kSamples));
  for (int i = 0; i < kFrequencies; ++i)
    for (int j = 0; j < kSamples; ++j)
      rows[static_cast<size_t>(i)][static_cast<size_t>(j)] =
          scale * static_cast<float>(std::cos(std::numbers::pi / 2 / kSamples * (i + 1) * (2 * j + 1)));
  return rows;
}

Frequencies cosine_transform(const Samples& samples) {
  static const CosineRows rows = cosine_rows();
  Frequencies out{};
  for (size_t i = 0; i < kFrequencies; ++i) {
    std::array<float, kSamples> down{};
    for (size_t j = 0; j < kSamples; ++j) {
      float sum = 0;
      for (size_t k = 0; k < kSamples; ++k) sum += rows[i][k] * samples[k][j];
      down[j] = sum;
    }
    for (size_t j = 0; j < kFrequencies; ++j) {
      float sum = 0;
      for (size_t k = 0; k < kSamples; ++k) sum += down[k] * rows[j][k];
      out[i][j] = sum;
    }
  }
  return out;
}

PdqHash bits_of(const Frequencies& frequencies) {
  std::array<float, kFrequencies * kFrequencies> sorted;
  for (size_t i = 0; i < sorted.size(); ++i) sorted[i] = frequencies[i / kFrequencies][i % kFrequencies];
  const auto median = sorted.begin() + sorted.size() / 2 - 1;
  const auto values = sorted;
  std::nth_element(sorted.begin(), median, sorted.end());
  PdqHash hash;
  for (size_t i = 0; i < values.size(); ++i)
    if (values[i] > *median) hash.words[i / 64] |= uint64_t{1} << (i % 64);
  return hash;
}

}  // namespace

int hamming_distance(const PdqHash& a, const PdqHash& b) {
  int distance = 0;
  for (size_t i = 0; i < a.words.size(); ++i) distance += std::popcount(a.words[i] ^ b.words[i]);
  return distance;
}

std::string pdq_text(const PdqHash& hash) {
  return fmt::format("{:016x}{:016x}{:016x}{:016x}", hash.words[3], hash.words[2], hash.words[1],
                     hash.words[0]);
}

Result<PdqHash> pdq_from_text(std::string_view text, std::string_view field) {
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (text.size() != 64 || !std::all_of(text.begin(), text.end(), is_digit))
    return invalid(std::string(field), "is not a PDQ hash of 64 lower-case hexadecimal digits");
  PdqHash hash;
  for (size_t word = 0; word < 4; ++word) {
    const char* from = text.data() + 16 * (3 - word);
    std::from_chars(from, from + 16, hash.words[word], 16);
  }
  return hash;
}

PdqHashes pdq_hashes(const Picture& picture) {
  PdqHashes hashes;
  if (picture.empty() || picture.width < kSideMin || picture.height < kSideMin) return hashes;
  const Luma luma{picture.width, picture.height, luma_of(picture)};
  for (int i = 0; i < 8; ++i) {
    const Samples samples = sampled(oriented(luma, i));
    if (i == 0) hashes.quality = quality_of(samples);
    hashes.orientations[static_cast<size_t>(i)] = bits_of(cosine_transform(samples));
  }
  return hashes;
}

PdqReading pdq_hash(const Picture& picture) {
  if (picture.empty() || picture.width < kSideMin || picture.height < kSideMin) return {};
  const Samples samples = sampled({picture.width, picture.height, luma_of(picture)});
  return {bits_of(cosine_transform(samples)), quality_of(samples)};
}

}  // namespace limner
