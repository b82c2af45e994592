#pragma once
// What the tests of backends share: weights from nowhere, inputs to match, and one call that compiles and
// runs.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "backend/backend.h"

namespace limner::conformance {

/// A graph for a batch of any size; every input's first extent is the batch.
struct Case {
  std::string name;
  std::function<void(Graph&, int64_t batch)> describe;
  GraphOptions options = {};
  /// What bf16 may differ from the oracle: |difference| <= tolerance * (|expected| + its root mean square).
  /// One rounding of the result is 2^-9.
  double tolerance_bf16 = 0x1p-8;
  /// The same where convolutions are done by Winograd's method; 0: there are none for which it is.
  double tolerance_winograd = 0;
  /// Linear maps in 8 bits. An operand that differs from the oracle's by one rounding may get the
  /// neighbouring code, so that whatever comes before such a map costs tolerance in f32 too; 0: none.
  bool int8 = false;
  double tolerance_int8 = 0;

  Graph graph(int64_t batch) const;
  double tolerance(Precision precision) const;
};

/// Every operator, with odd sizes, and what networks make of them.
std::vector<Case> operator_cases();
std::vector<Case> network_cases();

/// Any weight of any shape, from a hash of its name: values that bf16 holds exactly, sized so that signals
/// neither grow nor vanish. Safe from any thread.
class RandomWeights final : public WeightSource {
 public:
  bool has(std::string_view) const override { return true; }
  Result<Weight> get(std::string_view name, const Shape& expected) const override;
  Result<Shape> shape_of(std::string_view name) const override;
  std::vector<std::string> names() const override { return {}; }
};

using Tensor = std::vector<float>;

/// Inputs of `graph`, picture by picture: row b depends on `first_row` + b alone. Numbers that bf16 holds
/// exactly, of unit variance; ids (kept as bit patterns) from 0 to 6.
std::vector<Tensor> random_inputs(const Graph& graph, uint32_t first_row = 0);

/// A case made ready on one backend. Aborts on a failure: the cases are ours.
class Compiled {
 public:
  /// `backend` must outlive this.
  Compiled(const Backend& backend, Precision precision, const Graph& graph);
  std::vector<Tensor> run(const std::vector<Tensor>& inputs);
  const Executable& executable() const { return *executable_; }

 private:
  Graph graph_;
  RandomWeights source_;
  std::unique_ptr<PackedWeights> weights_;
  std::unique_ptr<Workspace> workspace_;
  std::unique_ptr<Executable> executable_;
};

/// The largest |actual - expected| / (|expected| + rms(expected)); infinite if `actual` holds a NaN.
double difference(const Tensor& actual, const Tensor& expected);

}  // namespace limner::conformance
