#include "nets/srvgg.h"

#include <fmt/format.h>

#include "nets/layer_shape.h"

namespace limner {
namespace {

constexpr LayerBounds kSrvggLayers{"SRVGGNetCompact", 1024};
constexpr int64_t kLayersMax = 256;

// Convolutions have even numbers, the activations between them odd ones.
Scope convolution(int64_t index) { return Scope{"body"} / (2 * index); }
Scope activation(int64_t index) { return Scope{"body"} / (2 * index + 1); }

/// The last convolution makes scale x scale pixels of every one.
Result<int64_t> infer_scale(int64_t out, int64_t image_channels, std::string_view field) {
  for (const int64_t scale : {1, 2, 3, 4, 8}) {
    if (out == image_channels * scale * scale) return scale;
  }
  return unsupported(std::string(field),
                     fmt::format("an SRVGGNetCompact from {} to {} channels", image_channels, out));
}

}  // namespace

Result<SrvggConfig> infer_srvgg(const WeightSource& weights, std::string_view field) {
  int64_t convolutions = 0;
  while (convolutions <= kLayersMax && has_layer(weights, convolution(convolutions))) ++convolutions;
  if (convolutions < 2 || convolutions > kLayersMax)
    return unsupported(std::string(field),
                       "no SRVGGNetCompact: body.0, body.2, ... are no chain of convolutions");
  if (!has_layer(weights, activation(0)))
    return unsupported(std::string(field), "an SRVGGNetCompact without PReLU: body.1.weight is missing");
  const Shape first = TRY(layer_shape(weights, convolution(0), 4, kSrvggLayers, field));
  const Shape last = TRY(layer_shape(weights, convolution(convolutions - 1), 4, kSrvggLayers, field));
  SrvggConfig config;
  config.image_channels = first[1];
  config.width = first[0];
  config.layers = convolutions - 2;
  config.scale = TRY(infer_scale(last[0], first[1], field));
  return config;
}

Graph describe_srvgg(const SrvggConfig& config, int64_t batch, int64_t height, int64_t width,
                     const GraphOptions& options) {
  Graph g(options);
  const Value image = g.input("image", Shape{batch, height, width, config.image_channels});
  Value x = image;
  for (int64_t i = 0; i <= config.layers; ++i)
    x = g.prelu(g.conv2d(x, convolution(i), {.out = config.width}), activation(i));
  const int64_t channels = config.image_channels * config.scale * config.scale;
  x = g.pixel_shuffle(g.conv2d(x, convolution(config.layers + 1), {.out = channels}), config.scale);
  g.output("image", g.add(x, g.upsample_nearest(image, config.scale * height, config.scale * width)));
  return g;
}

}  // namespace limner
