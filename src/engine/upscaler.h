#pragma once
// Enlarging pictures with an ESRGAN-class network, tile by tile so that memory is bounded by the tile.

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "base/result.h"
#include "engine/network.h"
#include "image/picture.h"
#include "nets/rrdbnet.h"
#include "nets/srvgg.h"

namespace limner {

struct UpscaleOptions {
  int tile = 256;    ///< side of a tile in source pixels; 0: the whole picture at once
  int overlap = 16;  ///< source pixels around a tile that are computed and thrown away
  /// Called after each tile with tiles done and tiles in all; false stops with Code::cancelled.
  std::function<bool(int, int)> progress;
};

/// A loaded upscaler. Borrows the backend, which must outlive it.
class Upscaler {
 public:
  /// A safetensors file of an RRDBNet (ESRGAN, Real-ESRGAN) or SRVGGNetCompact; anything else is
  /// `unsupported`.
  static Result<std::unique_ptr<Upscaler>> load(const std::filesystem::path& path, const Backend& backend,
                                                Precision precision);
  int scale() const;
  const std::string& name() const { return name_; }
  /// `picture` (3 channels; alpha is enlarged by itself) at scale() times its size.
  Result<Picture> enlarge(const Picture& picture, const UpscaleOptions& options);

 private:
  Upscaler() = default;
  Graph describe(int height, int width) const;
  Result<void> enlarge_tile(const Picture& picture, const struct Tile& tile, Picture& out);

  std::string name_;
  std::variant<RrdbNetConfig, SrvggConfig> config_;
  Network network_;
  std::unique_ptr<Workspace> workspace_;
};

}  // namespace limner
