#pragma once
// The blocks that a UNet and a ControlNet are built of: residual block, transformer, the way down, the
// middle.

#include <vector>

#include "graph/graph.h"
#include "nets/unet_config.h"

namespace limner {

/// Writes blocks into one graph. Holds what all blocks of a network share; borrows graph and config.
class UnetBlocks {
 public:
  /// time  the embedding of embed_time(); context  the states of project_context().
  UnetBlocks(Graph& g, const UnetConfig& config, Value time, Value context);

  /// Norm, activation, convolution, time, norm, activation, convolution, plus x itself; the sum is divided by
  /// `divisor`. He et al. 2016; diffusers' ResnetBlock2D.
  Value residual(Value x, const Scope& scope, int64_t channels, float divisor = 1);
  /// `depth` blocks of self-attention, attention to the context and a gated feed-forward over the pixels as
  /// tokens, around which x is added. diffusers' Transformer2DModel.
  Value transformer(Value x, const Scope& scope, const UnetStage& stage, int64_t depth);
  /// Whether the blocks that follow are those of the lowest of several resolutions.
  void set_few_pixels(bool few) { few_pixels_ = few; }
  /// Block `index` of a stage: residual, then its transformer where the stage has attention.
  Value stage_block(Value x, const Scope& scope, const UnetStage& stage, size_t index);

  /// The way down from conv_in's output, which must be `skips`' last: appends the output of every residual
  /// block and downsampling; the last one is where the middle starts.
  void down(std::vector<Value>& skips);
  Value middle(Value x);

 private:
  Value transformer_block(Value x, const Scope& scope, const UnetStage& stage);
  Value attend(Value x, Value to, const Scope& scope, int64_t heads);
  Value downsample(Value x, const Scope& scope);

  Graph& g_;
  const UnetConfig& config_;
  Value time_;  ///< after the activation with which every residual block begins to read it
  Value context_;
  bool few_pixels_ = false;
};

}  // namespace limner
