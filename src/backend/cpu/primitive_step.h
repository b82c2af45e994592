#pragma once
// A step that one oneDNN primitive does.

#include <atomic>
#include <cstdint>
#include <dnnl.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "backend/cpu/lowering.h"
#include "backend/cpu/program.h"

namespace limner::cpu {

/// oneDNN's "do this as well" for a product's target and folded activation; its scratch memory is ours to
/// give.
dnnl::primitive_attr product_attributes(bool accumulate, const std::optional<op::Unary>& activation);

/// How often a product or convolution over `batch` pictures is done: once, or a picture at a time where the
/// library's rounding would depend on their number.
inline int64_t product_repeats(const Tools& tools, int64_t batch) {
  return tools.stable_in_batches ? 1 : batch;
}

class PrimitiveStep final : public Step {
 public:
  /// `make` generates the code, at build(). The step does it `repeats` times: once for everything, or once a
  /// picture; on `threads` threads, 0: on as many as there are.
  PrimitiveStep(const Tools& tools, int64_t repeats, std::function<dnnl::primitive()> make, int threads = 0)
      : engine_(tools.engine), repeats_(repeats), threads_(threads), make_(std::move(make)) {}
  ~PrimitiveStep() override;

  /// `argument` is a DNNL_ARG_*. Each repeat takes the next `desc` in the buffer.
  void bind(int argument, const dnnl::memory::desc& desc, BufferId buffer);
  void bind(int argument, const dnnl::memory::desc& desc, WeightId weight);
  /// Memory that is nobody's between two runs.
  void bind_scratch(const dnnl::memory::desc& desc, BufferId buffer);

  void build() override;
  void run(const Frame& frame) const override;

 private:
  struct Binding {
    int argument;
    dnnl::memory::desc desc;
    bool is_weight;
    int32_t id;
    size_t stride;  ///< bytes from one repeat to the next
  };
  /// The library's handles on memory that lies elsewhere, one a binding.
  struct Arguments {
    std::vector<dnnl::memory> memories;
    std::vector<dnnl_exec_arg_t> list;
  };
  std::unique_ptr<Arguments> take_arguments() const;
  void give_back(std::unique_ptr<Arguments> arguments) const;
  void* address(const Binding& binding, const Frame& frame, int64_t repeat) const;

  dnnl::engine engine_;
  int64_t repeats_;
  int threads_;
  std::function<dnnl::primitive()> make_;
  dnnl::primitive primitive_;
  std::vector<Binding> bindings_;
  /// Of the last run that ended. Runs may overlap: each takes these, or makes its own.
  mutable std::atomic<Arguments*> spare_ = nullptr;
};

}  // namespace limner::cpu
