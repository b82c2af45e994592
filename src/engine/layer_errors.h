#pragma once
// What 8 bits do to each linear map of a UNet, measured on the values that it meets while drawing.

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "engine/unet_batch.h"

namespace limner {

/// The linear maps (1x1 convolutions among them) that may be computed in 8 bits: those of pictures and texts.
/// Maps of vectors (the timestep's embedding) take no time and reach every value.
struct LinearMap {
  std::string weight;  ///< "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q.weight"
  bool bias = false;
  int64_t in = 0, out = 0;
  Value operand;  ///< in the graph it was found in
};
std::vector<LinearMap> quantizable_maps(const Graph& graph);

/// Computes every map twice on the values that the UNet has met: in the model's precision and in 8 bits.
class LayerErrors {
 public:
  /// Compiles what measures batches of `shape`; `model` must outlive this.
  static Result<LayerErrors> make(Model& model, const BatchShape& shape);

  /// Adds what the maps do in the evaluation that `batch` was last filled for.
  Result<void> measure(const UnetBatch& batch);

  const std::vector<LinearMap>& maps() const { return maps_; }
  /// Of map `index`: root of the squared errors' sum over that of the squared results. 1 where
  /// there were none.
  double error(size_t index) const;

 private:
  /// Maps whose operands one run of the UNet gives out.
  struct Group {
    std::unique_ptr<Executable> run;
    std::vector<Shape> shapes;  ///< of the UNet's result, then of the operands
    struct Member {
      size_t map, output;
    };
    std::vector<Member> members;
  };
  LayerErrors(Model& model, Graph graph);
  Result<void> add_group(size_t& next);
  Result<void> compare(size_t map, const float* values, int64_t rows);

  Model& model_;
  Graph graph_;
  std::vector<LinearMap> maps_;
  std::vector<Group> groups_;
  std::vector<std::array<std::unique_ptr<Executable>, 2>> alone_;  ///< by map: exactly, in 8 bits
  std::vector<double> squares_, squared_errors_;                   ///< by map
};

}  // namespace limner
