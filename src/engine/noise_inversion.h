#pragma once
// From a picture back to the noise it may have been drawn from.

#include <functional>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"

namespace limner {

struct InversionOptions {
  int width = 0, height = 0;  ///< what the picture is resized to first: the size it was drawn in
  int steps = 20;             ///< evaluations of the network
  int refinements = 5;        ///< corrections of the encoded picture, each a decoding and an encoding
  /// Called after each evaluation with those done and those in all; false stops with Code::cancelled.
  std::function<bool(int, int)> progress;
};

/// Encodes `picture` with the model's autoencoder, corrects that by what encoding its decoding misses, and
/// runs DDIM backwards, with an empty prompt and without guidance: [channels, height, width] of the latent,
/// about a standard normal distribution if the model could have drawn the picture. What was drawn with a
/// prompt, with guidance, or with a sampler that adds noise comes back less exactly. `unsupported` for models
/// that draw over pictures, with ControlNets or without steps between; errors of a size or a number of steps
/// name the parameter. The same bytes on any number of threads.
Result<std::vector<float>> invert_noise(Model& model, const Picture& picture,
                                        const InversionOptions& options);

}  // namespace limner
