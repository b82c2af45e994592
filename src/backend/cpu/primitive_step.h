#pragma once
// A step that one oneDNN primitive does.

#include <cstdint>
#include <dnnl.hpp>
#include <functional>
#include <vector>

#include "backend/cpu/lowering.h"
#include "backend/cpu/program.h"

namespace limner::cpu {

/// oneDNN's "do this as well" for a product's target and folded activation; its scratch memory is ours to
/// give.
dnnl::primitive_attr product_attributes(bool accumulate, const std::optional<op::Unary>& activation);

class PrimitiveStep final : public Step {
 public:
  /// `make` generates the code, at build().
  PrimitiveStep(const dnnl::engine& engine, std::function<dnnl::primitive()> make)
      : engine_(engine), make_(std::move(make)) {}

  /// `argument` is a DNNL_ARG_*.
  void bind(int argument, const dnnl::memory::desc& desc, BufferId buffer);
  void bind(int argument, const dnnl::memory::desc& desc, WeightId weight);

  void build() override;
  void run(const Frame& frame) const override;

 private:
  struct Binding {
    int argument;
    dnnl::memory::desc desc;
    bool is_weight;
    int32_t id;
  };
  dnnl::engine engine_;
  std::function<dnnl::primitive()> make_;
  dnnl::primitive primitive_;
  std::vector<Binding> bindings_;
};

}  // namespace limner::cpu
