#pragma once
// The UNet (and ControlNets) for one batch shape, with the memory their inputs and outputs live in. Filling
// and running it allocates nothing.

#include <memory>
#include <string>
#include <vector>

#include "engine/drawing.h"

namespace limner {

/// What must agree for rows to share a batch.
struct BatchShape {
  int rows = 0;
  LatentExtent extent;
  int tokens = 0;
  bool controlled = false;
  bool tile_x = false, tile_y = false;
  UnetPart part = UnetPart::whole;
  std::string key() const;
  friend bool operator==(const BatchShape&, const BatchShape&) = default;
};

/// A row in a batch: whose it is and which of its rows.
struct BatchRow {
  Drawing* drawing = nullptr;
  size_t row = 0;
  Ask ask;
};

class UnetBatch {
 public:
  /// Compiles what `shape` needs over the model's weights. To be run with a workspace that was reserved for
  /// workspace_bytes().
  static Result<std::unique_ptr<UnetBatch>> make(Model& model, const BatchShape& shape);
  /// Evaluates rows.size() == shape.rows rows and leaves each answer in its drawing's predictions.
  void run(std::span<const BatchRow> rows, Workspace& workspace);
  size_t workspace_bytes() const;
  /// Of inputs and outputs.
  size_t held_bytes() const;
  const BatchShape& shape() const { return shape_; }
  /// What the UNet was given last, in its graph's order.
  std::span<const ConstTensorView> inputs() const { return inputs_; }

  /// The UNet's graph that make() would compile.
  static Graph describe(const Model& model, const BatchShape& shape);
  /// Those of the ControlNets, whether or not `shape` is controlled.
  static std::vector<Graph> describe_controls(const Model& model, const BatchShape& shape);
  /// Workspace bytes that make() would plan, without weights.
  static size_t plan_bytes(const Model& model, const BatchShape& shape);
  /// Rows in one batch of this extent at most.
  static size_t rows_max(const LatentExtent& extent);

 private:
  struct Buffer {
    std::vector<float> values;
    Shape shape;
  };
  struct Control {
    std::unique_ptr<Executable> run;
    std::vector<ConstTensorView> inputs;
    std::vector<TensorView> outputs;
    std::vector<Buffer> residuals;
    Buffer condition, scale;
  };
  UnetBatch(Model& model, const BatchShape& shape) : model_(model), shape_(shape) {}
  Result<void> make_controls();
  void lay_out_inputs();
  void lay_out_control(Control& control, const UnetConfig& config);
  void fill_row(size_t index, const BatchRow& row);
  void run_controls(Workspace& workspace);
  TensorView view(Buffer& buffer) { return {DType::f32, buffer.shape, buffer.values.data()}; }

  Model& model_;
  BatchShape shape_;
  std::unique_ptr<Executable> unet_;
  Buffer sample_, timestep_, context_, text_embeds_, time_ids_, guidance_, prediction_;
  Buffer deep_;    // what the outermost part is given, or the whole says; else empty
  Buffer latent_;  // what ControlNets read where the UNet's sample has further channels; else empty
  std::vector<Buffer> residuals_;
  std::vector<Control> controls_;
  std::vector<ConstTensorView> inputs_;
  std::vector<TensorView> outputs_;
};

}  // namespace limner
