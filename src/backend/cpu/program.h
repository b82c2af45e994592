#pragma once
// A graph made ready to run: steps in order over numbered buffers, places for the buffers, and a list of the
// weights.

#include <cstddef>
#include <cstdint>
#include <dnnl.hpp>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tensor/view.h"

namespace limner::cpu {

enum class BufferId : int32_t {};
enum class WeightId : int32_t {};

/// Where a buffer lies: `at` bytes into the arena, or the caller's input or output number `at`.
struct Place {
  enum class In : uint8_t { arena, input, output };
  In in = In::arena;
  size_t at = 0;
};

/// One run's addresses.
struct Frame {
  std::byte* arena;
  std::span<const Place> places;
  std::span<const void* const> weights;
  std::span<const ConstTensorView> inputs;
  std::span<const TensorView> outputs;
  dnnl::stream& stream;

  /// Inputs are only read: the lowering never names one as a step's result.
  void* address(BufferId id) const {
    const Place place = places[static_cast<size_t>(id)];
    switch (place.in) {
      case Place::In::input:
        return const_cast<void*>(inputs[place.at].data);
      case Place::In::output:
        return outputs[place.at].data;
      case Place::In::arena:
        break;
    }
    return arena + place.at;
  }
  template <class T>
  T* at(BufferId id) const {
    return static_cast<T*>(address(id));
  }
  template <class T>
  const T* weight(WeightId id) const {
    return static_cast<const T*>(weights[static_cast<size_t>(id)]);
  }
};

/// One pass over memory.
class Step {
 public:
  virtual ~Step() = default;
  /// Generates code that needs no weights but takes milliseconds; called once, before run().
  virtual void build() {}
  virtual void run(const Frame& frame) const = 0;
};

/// A weight in the form a step reads.
struct WeightRequest {
  enum class Form : uint8_t {
    f32,       ///< as stored, in f32
    internal,  ///< as stored, in the network's precision
    packed,    ///< reordered from `stored` to `wanted`
    winograd,  ///< [out, in, 3, 3], transformed as WinogradKernels::pack says
    filters,   ///< [out, in, 3, 3], as WinogradKernels::pack_filters says
    int8,      ///< [out, in], quantised as Int8Kernels::pack says
  };
  std::string name;
  Shape shape;
  Form form = Form::f32;
  dnnl::memory::desc stored, wanted;
};

/// What a step is for: says StepTime.
struct StepLabel {
  std::string what;
  double operations = 0;
};

struct Program {
  std::vector<std::unique_ptr<Step>> steps;
  std::vector<StepLabel> labels;       ///< of the steps
  std::vector<Place> places;           ///< by BufferId
  std::vector<WeightRequest> weights;  ///< by WeightId
  size_t arena_bytes = 0;
};

}  // namespace limner::cpu
