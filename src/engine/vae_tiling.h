#pragma once
// An autoencoder over a picture piece by piece: memory for a piece, however large the picture.

#include <functional>
#include <span>
#include <vector>

#include "base/result.h"

namespace limner {

/// Side of a tile in latent elements, as for the 512x512 pixels that SD 1.x's autoencoder was trained on.
constexpr int kTileLatents = 64;

/// What a tile is of: rows and columns of the input.
struct TileArea {
  int top = 0, left = 0, height = 0, width = 0;
};

/// A network that makes numerator/denominator as many rows and columns as it is given.
struct TiledPass {
  int height = 0, width = 0;           ///< of the input
  int tile = kTileLatents;             ///< side of a tile of the input; a multiple of 4
  int numerator = 1, denominator = 1;  ///< decoding: scale / 1; encoding: 1 / scale
  int channels = 3;                    ///< of the output
  /// The output of one tile, [height, width, channels].
  std::function<Result<std::vector<float>>(const TileArea&)> run;
};

/// Tiles that overlap by a quarter, each blended linearly into those above and at its left: diffusers'
/// AutoencoderKL.tiled_decode and _tiled_encode, in their order, so that the picture is theirs. Networks that
/// look at a whole picture (group normalisation, attention) make slightly different colours of its tiles.
/// Returns [H, W, channels]; an error of `run` is passed on.
Result<std::vector<float>> run_tiled(const TiledPass& pass);

}  // namespace limner
