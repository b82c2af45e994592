#include "backend/cpu/primitive_step.h"

#include <omp.h>

#include <utility>

#include "base/check.h"

namespace limner::cpu {
namespace {

struct Eltwise {
  dnnl::algorithm algorithm;
  float alpha;
};

Eltwise eltwise(const op::Unary& unary) {
  using Kind = dnnl::algorithm;
  switch (unary.kind) {
    case op::Activation::silu:
      return {Kind::eltwise_swish, 1.0f};
    case op::Activation::gelu:
      return {Kind::eltwise_gelu_erf, 0};
    case op::Activation::gelu_tanh:
      return {Kind::eltwise_gelu_tanh, 0};
    case op::Activation::quick_gelu:
      return {Kind::eltwise_swish, 1.702f};
    case op::Activation::relu:
      return {Kind::eltwise_relu, 0};
    case op::Activation::leaky_relu:
      return {Kind::eltwise_relu, unary.parameter};
    case op::Activation::tanh:
      return {Kind::eltwise_tanh, 0};
    case op::Activation::sigmoid:
      return {Kind::eltwise_logistic, 0};
    case op::Activation::soft_clip:
      break;
  }
  LIMNER_CHECK(false, "an activation that folds into a product");
}

}  // namespace

dnnl::primitive_attr product_attributes(bool accumulate, const std::optional<op::Unary>& activation) {
  dnnl::post_ops after;
  if (accumulate) after.append_sum(1.0f);
  if (activation) {
    const auto [algorithm, alpha] = eltwise(*activation);
    after.append_eltwise(1.0f, algorithm, alpha, 0.0f);
  }
  dnnl::primitive_attr attributes;
  attributes.set_post_ops(after);
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

void PrimitiveStep::bind(int argument, const dnnl::memory::desc& desc, BufferId buffer) {
  bindings_.push_back({argument, desc, false, static_cast<int32_t>(buffer), desc.get_size()});
}

void PrimitiveStep::bind(int argument, const dnnl::memory::desc& desc, WeightId weight) {
  bindings_.push_back({argument, desc, true, static_cast<int32_t>(weight), 0});
}

void PrimitiveStep::bind_scratch(const dnnl::memory::desc& desc, BufferId buffer) {
  bindings_.push_back({DNNL_ARG_SCRATCHPAD, desc, false, static_cast<int32_t>(buffer), 0});
}

void PrimitiveStep::build() {
  const ThreadScope scope(threads_ > 0 ? threads_ : omp_get_max_threads());
  primitive_ = make_();
}

PrimitiveStep::~PrimitiveStep() { delete spare_.load(); }

std::unique_ptr<PrimitiveStep::Arguments> PrimitiveStep::take_arguments() const {
  std::unique_ptr<Arguments> arguments(spare_.exchange(nullptr, std::memory_order_acquire));
  if (arguments) return arguments;
  arguments = std::make_unique<Arguments>();
  for (const Binding& binding : bindings_) {
    arguments->memories.emplace_back(binding.desc, engine_, nullptr);
    arguments->list.push_back({binding.argument, arguments->memories.back().get()});
  }
  return arguments;
}

void PrimitiveStep::give_back(std::unique_ptr<Arguments> arguments) const {
  Arguments* nothing = nullptr;
  if (spare_.compare_exchange_strong(nothing, arguments.get(), std::memory_order_release,
                                     std::memory_order_relaxed))
    static_cast<void>(arguments.release());
}

void* PrimitiveStep::address(const Binding& binding, const Frame& frame, int64_t repeat) const {
  void* data = binding.is_weight ? const_cast<void*>(frame.weights[static_cast<size_t>(binding.id)])
                                 : frame.address(static_cast<BufferId>(binding.id));
  return static_cast<std::byte*>(data) + static_cast<size_t>(repeat) * binding.stride;
}

void PrimitiveStep::run(const Frame& frame) const {
  const ThreadScope scope(threads_ > 0 ? threads_ : omp_get_max_threads());
  std::unique_ptr<Arguments> arguments = take_arguments();
  for (int64_t repeat = 0; repeat < repeats_; ++repeat) {
    for (size_t i = 0; i < bindings_.size(); ++i) {
      const dnnl::memory& memory = arguments->memories[i];
      void* const data = address(bindings_[i], frame, repeat);
      if (memory.get_data_handle() != data) memory.set_data_handle(data);
    }
    dnnl::error::wrap_c_api(
        dnnl_primitive_execute(primitive_.get(), frame.stream.get(), static_cast<int>(arguments->list.size()),
                               arguments->list.data()),
        "a step could not be computed");
  }
  give_back(std::move(arguments));
}

}  // namespace limner::cpu
