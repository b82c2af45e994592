#include "nets/rrdbnet.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "base/check.h"
#include "nets/layer_shape.h"

namespace limner {
namespace {

constexpr LayerBounds kRrdbLayers{"RRDBNet", 1024};
constexpr int64_t kRrdbBlocksMax = 128;
constexpr int kDenseConvolutions = 5;
constexpr float kSlope = 0.2f;           // of the leaky ReLU
constexpr float kResidualFactor = 0.2f;  // what a block adds to its input

/// Where the layers lie in one of the spellings.
class RrdbNames {
 public:
  explicit RrdbNames(const RrdbNetConfig& config) : config_(config) {}

  Scope first() const { return pick("conv_first", "conv_first", 0); }
  Scope trunk_end() const {
    if (config_.naming != RrdbNaming::numbered) return pick("conv_body", "trunk_conv", 0);
    return Scope{"model.1.sub"} / config_.blocks;
  }
  /// Convolution 1 to 5 of dense block 1 to 3 of `block`.
  Scope dense(int64_t block, int dense, int convolution) const {
    switch (config_.naming) {
      case RrdbNaming::basicsr:
        return Scope{fmt::format("body.{}.rdb{}.conv{}", block, dense, convolution)};
      case RrdbNaming::original:
        return Scope{fmt::format("RRDB_trunk.{}.RDB{}.conv{}", block, dense, convolution)};
      case RrdbNaming::numbered:
        break;
    }
    return Scope{fmt::format("model.1.sub.{}.RDB{}.conv{}.0", block, dense, convolution)};
  }
  // In the numbered spelling each upsampling is three layers: nearest neighbour, convolution, activation.
  Scope upsampling(int64_t index) const {
    return pick(fmt::format("conv_up{}", index + 1), fmt::format("upconv{}", index + 1), 3 + 3 * index);
  }
  Scope full_size() const { return pick("conv_hr", "HRconv", 2 + 3 * config_.upsamplings); }
  Scope last() const { return pick("conv_last", "conv_last", 4 + 3 * config_.upsamplings); }

 private:
  Scope pick(std::string basicsr, std::string original, int64_t number) const {
    switch (config_.naming) {
      case RrdbNaming::basicsr:
        return Scope{std::move(basicsr)};
      case RrdbNaming::original:
        return Scope{std::move(original)};
      case RrdbNaming::numbered:
        break;
    }
    return Scope{"model"} / number;
  }

  const RrdbNetConfig& config_;
};

Result<RrdbNaming> infer_naming(const WeightSource& weights, std::string_view field) {
  for (const RrdbNaming naming : {RrdbNaming::basicsr, RrdbNaming::original, RrdbNaming::numbered}) {
    const RrdbNetConfig config{.naming = naming};
    if (has_layer(weights, RrdbNames(config).dense(0, 1, 1))) return naming;
  }
  return unsupported(std::string(field), "no RRDBNet: there is no dense block 0 under a known name",
                     "supported: body.0.rdb1.conv1, RRDB_trunk.0.RDB1.conv1, model.1.sub.0.RDB1.conv1.0");
}

int64_t count_blocks(const WeightSource& weights, const RrdbNames& names) {
  int64_t blocks = 0;
  while (blocks <= kRrdbBlocksMax && has_layer(weights, names.dense(blocks, 1, 1))) ++blocks;
  return blocks;
}

/// In the numbered spelling the last layer's number tells how often the picture is doubled; elsewhere it is
/// twice.
Result<int64_t> infer_upsamplings(const WeightSource& weights, RrdbNetConfig config, std::string_view field) {
  constexpr int64_t kUpsamplingsMax = 3;
  if (config.naming != RrdbNaming::numbered) return 2;
  for (config.upsamplings = 0; config.upsamplings <= kUpsamplingsMax; ++config.upsamplings) {
    const RrdbNames names(config);
    if (has_layer(weights, names.last()) && has_layer(weights, names.full_size())) return config.upsamplings;
  }
  return unsupported(std::string(field), "an RRDBNet that enlarges by other than 1, 2, 4 or 8");
}

/// Real-ESRGAN's nets always double twice and fold the picture first if they are to enlarge less.
Result<int64_t> infer_unshuffle(const RrdbNetConfig& config, int64_t in, std::string_view field) {
  if (config.naming != RrdbNaming::basicsr || in == config.out_channels) return 1;
  for (const int64_t factor : {2, 4}) {
    if (in == config.out_channels * factor * factor) return factor;
  }
  return unsupported(std::string(field),
                     fmt::format("an RRDBNet from {} to {} channels", in, config.out_channels));
}

/// Writes the blocks.
class RrdbBlocks {
 public:
  RrdbBlocks(Graph& g, const RrdbNetConfig& config) : g_(g), config_(config), names_(config) {}

  Value leaky(Value x) { return g_.activation(x, op::Activation::leaky_relu, kSlope); }
  Value add_scaled(Value change, Value x) { return g_.add(g_.affine(change, kResidualFactor), x); }

  /// Each convolution sees the input and what all before it made. Huang et al. 2017.
  Value dense_block(Value x, int64_t block, int dense) {
    std::vector<Value> seen{x};
    for (int i = 1; i < kDenseConvolutions; ++i) {
      const Value all = seen.size() == 1 ? x : g_.concat(seen);
      seen.push_back(leaky(g_.conv2d(all, names_.dense(block, dense, i), {.out = config_.growth})));
    }
    const Scope last = names_.dense(block, dense, kDenseConvolutions);
    return add_scaled(g_.conv2d(g_.concat(seen), last, {.out = config_.width}), x);
  }

  Value residual_in_residual(Value x, int64_t block) {
    Value h = x;
    for (int dense = 1; dense <= 3; ++dense) h = dense_block(h, block, dense);
    return add_scaled(h, x);
  }

 private:
  Graph& g_;
  const RrdbNetConfig& config_;
  RrdbNames names_;
};

}  // namespace

Result<RrdbNetConfig> infer_rrdbnet(const WeightSource& weights, std::string_view field) {
  RrdbNetConfig config;
  config.naming = TRY(infer_naming(weights, field));
  config.blocks = count_blocks(weights, RrdbNames(config));
  if (config.blocks > kRrdbBlocksMax)
    return unsupported(std::string(field), fmt::format("an RRDBNet of more than {} blocks", kRrdbBlocksMax));
  config.upsamplings = TRY(infer_upsamplings(weights, config, field));

  const RrdbNames names(config);
  const Shape first = TRY(layer_shape(weights, names.first(), 4, kRrdbLayers, field));
  const Shape growth = TRY(layer_shape(weights, names.dense(0, 1, 1), 4, kRrdbLayers, field));
  const Shape last = TRY(layer_shape(weights, names.last(), 4, kRrdbLayers, field));
  config.width = first[0];
  config.growth = growth[0];
  config.out_channels = last[0];
  config.unshuffle = TRY(infer_unshuffle(config, first[1], field));
  config.image_channels = first[1] / (config.unshuffle * config.unshuffle);
  return config;
}

Graph describe_rrdbnet(const RrdbNetConfig& config, int64_t batch, int64_t height, int64_t width,
                       const GraphOptions& options) {
  LIMNER_CHECK(height % config.unshuffle == 0 && width % config.unshuffle == 0, "whole blocks to fold");
  Graph g(options);
  RrdbBlocks blocks(g, config);
  const RrdbNames names(config);
  const auto convolve = [&](Value x, const Scope& scope) {
    return g.conv2d(x, scope, {.out = config.width});
  };

  Value x = g.input("image", Shape{batch, height, width, config.image_channels});
  if (config.unshuffle > 1) x = g.pixel_unshuffle(x, config.unshuffle);
  const Value first = convolve(x, names.first());
  x = first;
  for (int64_t block = 0; block < config.blocks; ++block) x = blocks.residual_in_residual(x, block);
  x = g.add(convolve(x, names.trunk_end()), first);

  for (int64_t i = 0; i < config.upsamplings; ++i) {
    x = g.upsample_nearest(x, 2 * g.shape(x)[1], 2 * g.shape(x)[2]);
    x = blocks.leaky(convolve(x, names.upsampling(i)));
  }
  x = blocks.leaky(convolve(x, names.full_size()));
  g.output("image", g.conv2d(x, names.last(), {.out = config.out_channels}));
  return g;
}

}  // namespace limner
