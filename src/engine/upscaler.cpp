#include "engine/upscaler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "image/resize.h"
#include "tensor/safetensors.h"

namespace limner {

/// A square of the source: what is kept, and what is computed around it.
struct Tile {
  int left, top, right, bottom;                          // kept
  int outer_left, outer_top, outer_right, outer_bottom;  // computed
};

namespace {

std::vector<Tile> cut(int width, int height, const UpscaleOptions& options) {
  const int side = options.tile > 0 ? options.tile : std::max(width, height);
  const int margin = options.tile > 0 ? options.overlap : 0;
  std::vector<Tile> tiles;
  for (int top = 0; top < height; top += side)
    for (int left = 0; left < width; left += side) {
      Tile tile{left, top, std::min(left + side, width), std::min(top + side, height), 0, 0, 0, 0};
      tile.outer_left = std::max(0, tile.left - margin);
      tile.outer_top = std::max(0, tile.top - margin);
      tile.outer_right = std::min(width, tile.right + margin);
      tile.outer_bottom = std::min(height, tile.bottom + margin);
      tiles.push_back(tile);
    }
  return tiles;
}

// Networks that fold the picture first want sides that are multiples of the fold: the last row and column
// repeat.
std::vector<float> tile_pixels(const Picture& picture, const Tile& tile, int height, int width) {
  std::vector<float> values(static_cast<size_t>(height) * width * 3);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const int from_y = std::min(tile.outer_top + y, tile.outer_bottom - 1);
      const int from_x = std::min(tile.outer_left + x, tile.outer_right - 1);
      for (int c = 0; c < 3; ++c)
        values[(static_cast<size_t>(y) * width + x) * 3 + c] =
            static_cast<float>(picture.row(from_y)[from_x * 3 + c]) / 255.0f;
    }
  return values;
}

uint8_t to_byte(float value) {
  return static_cast<uint8_t>(std::nearbyint(std::clamp(value, 0.0f, 1.0f) * 255.0f));
}

Picture plane_of(const Picture& picture, int first, int count) {
  Picture out{picture.width, picture.height, 3, {}};
  const size_t pixels = static_cast<size_t>(picture.width) * picture.height;
  out.pixels.reserve(pixels * 3);
  for (size_t i = 0; i < pixels; ++i)
    for (int c = 0; c < 3; ++c)
      out.pixels.push_back(picture.pixels[i * static_cast<size_t>(picture.channels) +
                                          static_cast<size_t>(first + std::min(c, count - 1))]);
  return out;
}

}  // namespace

Result<std::unique_ptr<Upscaler>> Upscaler::load(const std::filesystem::path& path, const Backend& backend,
                                                 Precision precision) {
  std::unique_ptr<Upscaler> upscaler(new Upscaler);
  const std::shared_ptr<const SafetensorsFile> weights = TRY(open_safetensors(path));
  upscaler->name_ = path.stem().string();
  const std::string field = path.filename().string();
  Result<RrdbNetConfig> rrdb = infer_rrdbnet(*weights, field);
  if (rrdb) {
    upscaler->config_ = *rrdb;
    if (rrdb->image_channels != 3 || rrdb->out_channels != 3)
      return unsupported(field, "enlarges pictures of other than 3 channels");
  } else if (rrdb.error().code != Code::unsupported) {
    return std::move(rrdb).error();
  } else {
    const SrvggConfig config = TRY(infer_srvgg(*weights, field));
    if (config.image_channels != 3) return unsupported(field, "enlarges pictures of other than 3 channels");
    upscaler->config_ = config;
  }
  upscaler->network_ = Network(backend, weights, precision);
  upscaler->workspace_ = backend.make_workspace();
  return upscaler;
}

int Upscaler::scale() const {
  if (const auto* rrdb = std::get_if<RrdbNetConfig>(&config_)) return static_cast<int>(rrdb->scale());
  return static_cast<int>(std::get<SrvggConfig>(config_).scale);
}

Graph Upscaler::describe(int height, int width) const {
  if (const auto* rrdb = std::get_if<RrdbNetConfig>(&config_))
    return describe_rrdbnet(*rrdb, 1, height, width);
  return describe_srvgg(std::get<SrvggConfig>(config_), 1, height, width);
}

Result<void> Upscaler::enlarge_tile(const Picture& picture, const Tile& tile, Picture& out) {
  const auto* rrdb = std::get_if<RrdbNetConfig>(&config_);
  const int fold = rrdb ? static_cast<int>(rrdb->unshuffle) : 1, factor = scale();
  const int height = (tile.outer_bottom - tile.outer_top + fold - 1) / fold * fold;
  const int width = (tile.outer_right - tile.outer_left + fold - 1) / fold * fold;
  const std::shared_ptr<const Executable> run =
      TRY(network_.compiled(fmt::format("{}x{}", height, width), [&] { return describe(height, width); }));
  TRY(workspace_->reserve(run->workspace_bytes()));
  const std::vector<float> pixels = tile_pixels(picture, tile, height, width);
  std::vector<float> large(static_cast<size_t>(height) * width * 3 * factor * factor);
  const ConstTensorView in(DType::f32, {1, height, width, 3}, pixels.data());
  const TensorView result{DType::f32, {1, height * factor, width * factor, 3}, large.data()};
  run->run({&in, 1}, {&result, 1}, *workspace_);
  for (int y = tile.top * factor; y < tile.bottom * factor; ++y)
    for (int x = tile.left * factor; x < tile.right * factor; ++x) {
      const size_t from = (static_cast<size_t>(y - tile.outer_top * factor) * width * factor +
                           (x - tile.outer_left * factor)) *
                          3;
      for (size_t c = 0; c < 3; ++c) {
        if (!std::isfinite(large[from + c]))
          return invalid("upscaler", name_ + " produced values that are not numbers");
        out.row(y)[static_cast<size_t>(x) * 3 + c] = to_byte(large[from + c]);
      }
    }
  return {};
}

Result<Picture> Upscaler::enlarge(const Picture& picture, const UpscaleOptions& options) {
  const int factor = scale();
  constexpr int64_t kSideMax = 32768;
  if (int64_t{picture.width} * factor > kSideMax || int64_t{picture.height} * factor > kSideMax)
    return Error{Code::too_large, "size",
                 fmt::format("{}x{} enlarged by {} has a side above {}", picture.width, picture.height,
                             factor, kSideMax),
                 ""};
  const Picture colours =
      picture.channels == 3 ? picture : plane_of(picture, 0, picture.channels == 1 ? 1 : 3);
  Picture out{picture.width * factor, picture.height * factor, 3, {}};
  out.pixels.resize(static_cast<size_t>(out.width) * out.height * 3);
  const std::vector<Tile> tiles = cut(picture.width, picture.height, options);
  for (size_t i = 0; i < tiles.size(); ++i) {
    TRY(enlarge_tile(colours, tiles[i], out));
    if (options.progress && !options.progress(static_cast<int>(i + 1), static_cast<int>(tiles.size())))
      return Error{Code::cancelled, "", "interrupted", ""};
  }
  if (picture.channels != 4) return out;
  const Picture alpha = TRY(resize(plane_of(picture, 3, 1), out.width, out.height, ResizeFilter::lanczos));
  Picture whole{out.width, out.height, 4, {}};
  whole.pixels.reserve(out.pixels.size() / 3 * 4);
  for (size_t i = 0; i < out.pixels.size(); i += 3)
    whole.pixels.insert(whole.pixels.end(),
                        {out.pixels[i], out.pixels[i + 1], out.pixels[i + 2], alpha.pixels[i]});
  return whole;
}

}  // namespace limner
