#pragma once
// ESRGAN's generator, a picture enlarger: residual-in-residual dense blocks, then nearest upsampling and
// convolutions. Wang et al. 2018 (arXiv:1809.00219), Real-ESRGAN: Wang et al. 2021 (arXiv:2107.10833). It has
// no config: its sizes are those of its weights.

#include <string_view>

#include "base/result.h"
#include "graph/graph.h"
#include "tensor/weight_source.h"

namespace limner {

/// Whose names the weights have.
enum class RrdbNaming : uint8_t {
  basicsr,   ///< body.0.rdb1.conv1: Real-ESRGAN and BasicSR
  original,  ///< RRDB_trunk.0.RDB1.conv1: ESRGAN's later code, BSRGAN
  numbered,  ///< model.1.sub.0.RDB1.conv1.0: ESRGAN's first code and most community models
};

struct RrdbNetConfig {
  RrdbNaming naming = RrdbNaming::basicsr;
  int64_t image_channels = 3, out_channels = 3;
  int64_t blocks = 23;      ///< residual-in-residual dense blocks
  int64_t width = 64;       ///< channels between them
  int64_t growth = 32;      ///< channels that each convolution of a dense block adds
  int64_t upsamplings = 2;  ///< each doubles
  int64_t unshuffle = 1;    ///< the picture is first folded by this factor (Real-ESRGAN x2: 2, x1: 4)

  /// Pixels of the result for one of the picture.
  int64_t scale() const { return (int64_t{1} << upsamplings) / unshuffle; }
};

/// The sizes of the RRDBNet in `weights`. field names the file in errors; `unsupported` when this is none.
Result<RrdbNetConfig> infer_rrdbnet(const WeightSource& weights, std::string_view field);

/// "image" [B, H, W, image_channels] in 0..1 -> "image" [B, scale H, scale W, out_channels] in about 0..1.
/// H and W must be multiples of config.unshuffle.
Graph describe_rrdbnet(const RrdbNetConfig& config, int64_t batch, int64_t height, int64_t width,
                       const GraphOptions& options = {});

}  // namespace limner
