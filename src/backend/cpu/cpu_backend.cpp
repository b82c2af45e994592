// oneDNN for convolutions and matrix products, own kernels for the rest, on OpenMP threads.

#include <fmt/format.h>

#include <chrono>
#include <ctime>
#include <dnnl.hpp>
#include <utility>

#include "backend/backend.h"
#include "backend/cpu/lowering.h"
#include "backend/cpu/tools.h"
#include "backend/cpu/weight_store.h"
#include "backend/mapped_workspace.h"
#include "base/check.h"
#include "base/memory.h"

namespace limner {
namespace {

using cpu::Program;
using cpu::Tools;

class CpuExecutable final : public Executable {
 public:
  CpuExecutable(Program program, std::vector<const void*> weights, const Graph& graph, const Tools& tools)
      : program_(std::move(program)), weights_(std::move(weights)), tools_(tools) {
    for (const Node& node : graph.nodes()) {
      if (std::holds_alternative<op::Input>(node.op)) input_shapes_.push_back(node.shape);
    }
    for (const GraphOutput& output : graph.outputs()) output_shapes_.push_back(graph.shape(output.value));
  }

  size_t workspace_bytes() const override { return program_.arena_bytes; }

  void run(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs,
           Workspace& workspace) const override {
    run_steps(inputs, outputs, workspace,
              [](const cpu::Step& step, const cpu::Frame& frame, size_t) { step.run(frame); });
  }

  std::vector<StepTime> profile(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs,
                                Workspace& workspace) const override {
    std::vector<StepTime> times;
    times.reserve(program_.steps.size());
    run_steps(inputs, outputs, workspace, [&](const cpu::Step& step, const cpu::Frame& frame, size_t number) {
      const auto began = std::chrono::steady_clock::now();
      const std::clock_t cpu_began = std::clock();
      step.run(frame);
      frame.stream.wait();
      const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
      const cpu::StepLabel& label = program_.labels[number];
      const double cpu_ms = 1e3 * static_cast<double>(std::clock() - cpu_began) / CLOCKS_PER_SEC;
      times.push_back({label.what, label.operations, took.count(), cpu_ms});
    });
    return times;
  }

 private:
  template <class RunStep>
  void run_steps(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs,
                 Workspace& workspace, RunStep run_step) const {
    auto& memory = static_cast<MappedWorkspace&>(workspace);
    LIMNER_CHECK(memory.bytes() >= program_.arena_bytes, "the workspace is reserved");
    check_shapes(inputs, input_shapes_);
    check_shapes(outputs, output_shapes_);
    const cpu::ThreadScope threads(tools_.threads);
    try {
      dnnl::stream stream(tools_.engine);
      const cpu::Frame frame{memory.data(), program_.places, weights_, inputs, outputs, stream};
      for (size_t i = 0; i < program_.steps.size(); ++i) run_step(*program_.steps[i], frame, i);
      stream.wait();
    } catch (const dnnl::error& error) {
      // Descriptions were accepted at compile(): what is left is a broken promise of ours.
      LIMNER_CHECK(false, error.what());
    }
  }

  template <class View>
  static void check_shapes(std::span<const View> views, const std::vector<Shape>& shapes) {
    LIMNER_CHECK(views.size() == shapes.size(), "a tensor for every input and output");
    for (size_t i = 0; i < shapes.size(); ++i) {
      LIMNER_CHECK(views[i].shape == shapes[i] && dtype_bytes(views[i].dtype) == 4,
                   "f32 or i32, shaped as declared");
    }
  }

  Program program_;
  std::vector<const void*> weights_;
  std::vector<Shape> input_shapes_, output_shapes_;
  const Tools& tools_;
};

/// The library may know less than the CPU: ONEDNN_MAX_CPU_ISA caps it.
bool library_multiplies_bf16() {
  const dnnl::cpu_isa isa = dnnl::get_effective_cpu_isa();
  return isa == dnnl::cpu_isa::avx512_core_bf16 || isa == dnnl::cpu_isa::avx512_core_amx;
}

/// Down to AVX-512 without bf16 the library multiplies with one blocked kernel, below with an older one whose
/// order of sums depends on the number of rows.
bool library_is_stable_in_batches() {
  const dnnl::cpu_isa isa = dnnl::get_effective_cpu_isa();
  return library_multiplies_bf16() || isa == dnnl::cpu_isa::avx512_core ||
         isa == dnnl::cpu_isa::avx512_core_vnni;
}

/// A cap on the library is one on everything: with AVX512_CORE_BF16 the bytes are those of a CPU without AMX.
bool library_has_tiles() { return dnnl::get_effective_cpu_isa() == dnnl::cpu_isa::avx512_core_amx; }

class CpuBackend final : public Backend {
 public:
  explicit CpuBackend(int threads)
      : tools_{cpu::best_kernels(library_has_tiles()), dnnl::engine(dnnl::engine::kind::cpu, 0),
               threads > 0 ? threads : usable_cores(), library_is_stable_in_batches(), !library_has_tiles()} {
  }

  std::string_view name() const override { return "cpu"; }

  std::string description() const override {
    const dnnl_version_t& version = *dnnl_version();
    return fmt::format("{} onednn-{}.{}.{}", tools_.kernels.name, version.major, version.minor,
                       version.patch);
  }

  bool supports(Precision precision) const override {
    return precision == Precision::f32 || (tools_.kernels.native_bf16 && library_multiplies_bf16());
  }

  std::unique_ptr<Workspace> make_workspace() const override { return std::make_unique<MappedWorkspace>(); }

  std::unique_ptr<PackedWeights> make_weights(const WeightSource& source,
                                              Precision precision) const override {
    LIMNER_CHECK(supports(precision), "a precision that supports() admits");
    return std::make_unique<cpu::WeightStore>(source, precision, tools_);
  }

  Result<std::unique_ptr<Executable>> compile(const Graph& graph, PackedWeights& weights) const override {
    auto& store = static_cast<cpu::WeightStore&>(weights);
    const cpu::ThreadScope threads(tools_.threads);
    try {
      Program program = cpu::lower(graph, store.precision(), tools_);
      std::vector<const void*> addresses = TRY(store.resolve(program.weights));
      for (const auto& step : program.steps) step->build();
      return std::unique_ptr<Executable>(
          std::make_unique<CpuExecutable>(std::move(program), std::move(addresses), graph, tools_));
    } catch (const dnnl::error& error) {
      const Code code = error.status == dnnl_out_of_memory ? Code::exhausted : Code::internal;
      return Error{code, "onednn", error.what(), ""};
    }
  }

  size_t plan_bytes(const Graph& graph, Precision precision) const override {
    const cpu::ThreadScope threads(tools_.threads);
    try {
      return cpu::lower(graph, precision, tools_).arena_bytes;
    } catch (const dnnl::error& error) {
      LIMNER_CHECK(false, error.what());
    }
  }

  size_t plan_weight_bytes(const Graph& graph, Precision precision) const override {
    return cpu::packed_bytes(graph, precision, tools_);
  }

 private:
  Tools tools_;
};

}  // namespace

std::unique_ptr<Backend> make_cpu_backend(int threads) { return std::make_unique<CpuBackend>(threads); }

}  // namespace limner
