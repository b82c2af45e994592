#pragma once
// What a backend is: something that packs weights once and compiles graphs over them into executables.

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "graph/graph.h"
#include "tensor/view.h"
#include "tensor/weight_source.h"

namespace limner {

enum class Precision : uint8_t {
  f32,   ///< the reference
  bf16,  ///< bf16 weights and activations, f32 sums and statistics; 3x3 convolutions by Winograd's method,
         ///< whose rounding error is twice as large
  bf16_direct,  ///< the same without that method
};
inline constexpr Precision kPrecisions[] = {Precision::f32, Precision::bf16, Precision::bf16_direct};
/// "f32", "bf16", "bf16-direct".
std::string_view precision_name(Precision precision);

/// Scratch memory that executables run in, one for every thread that drives executables. Grows only in
/// reserve(), shrinks only in release().
class Workspace {
 public:
  virtual ~Workspace() = default;
  /// Makes room for an executable of `bytes`; `exhausted` when the system has not got them.
  virtual Result<void> reserve(size_t bytes) = 0;
  /// Gives everything back; whoever runs next has to reserve() again.
  virtual void release() = 0;
  virtual size_t bytes() const = 0;
};

/// What one step of an executable did and how long it took.
struct StepTime {
  std::string what;       ///< as describe_work() says, with what was folded into it
  double operations = 0;  ///< as operations() counts
  double ms = 0;
  double cpu_ms = 0;  ///< processor time of all threads: what a machine that others use too leaves comparable
};

/// A compiled graph. Immutable; run() allocates nothing and may be called with different workspaces at the
/// same time.
class Executable {
 public:
  virtual ~Executable() = default;
  /// Workspace bytes that run() needs.
  virtual size_t workspace_bytes() const = 0;
  /// inputs and outputs in the order in which the graph declared them: f32 (i32 for ids), shapes as declared.
  /// `workspace` must have been reserved for workspace_bytes(). A row's bytes do not depend on the other rows
  /// of the batch, nor on the number of threads.
  virtual void run(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs,
                   Workspace& workspace) const = 0;
  /// run() with a clock beside every step, in their order.
  virtual std::vector<StepTime> profile(std::span<const ConstTensorView> inputs,
                                        std::span<const TensorView> outputs, Workspace& workspace) const = 0;
};

/// A file that keeps packed weights between runs.
struct PackedPlace {
  std::filesystem::path path;
  std::string key;  ///< what decides the packed bytes: the weights' digest, build, processor, precision
};

/// The weights of one network in the layout a backend computes with, shared by all its executables. Packs a
/// weight the first time a graph uses it. Thread-safe.
class PackedWeights {
 public:
  virtual ~PackedWeights() = default;
  /// Bytes packed so far, or found in an attached file.
  virtual size_t bytes() const = 0;
  /// Takes from the file at `place` what keep() once wrote there under the same key, and packs only what it
  /// has not got. To be called before the first compile(). `not_found` or `invalid` if there is no such file;
  /// then everything is packed. The values are taken as they are: the place must be one that only this user
  /// writes.
  virtual Result<void> attach(const PackedPlace& place) = 0;
  /// Writes all that was packed or found, in place of what is there.
  virtual Result<void> keep(const PackedPlace& place) const = 0;
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string_view name() const = 0;
  /// The instruction set and library in use, for metadata: "avx512bf16 onednn-2.6.3".
  virtual std::string description() const = 0;
  virtual bool supports(Precision precision) const = 0;
  virtual std::unique_ptr<Workspace> make_workspace() const = 0;
  /// `source` must outlive the result.
  virtual std::unique_ptr<PackedWeights> make_weights(const WeightSource& source,
                                                      Precision precision) const = 0;
  /// Checks every weight the graph names (missing, mis-shaped, not finite: `invalid`), packs those not packed
  /// yet, plans memory. `weights` must come from this backend and outlive the executable.
  virtual Result<std::unique_ptr<Executable>> compile(const Graph& graph, PackedWeights& weights) const = 0;
  /// What compile() would plan, without weights: workspace bytes, for admission before work starts.
  virtual size_t plan_bytes(const Graph& graph, Precision precision) const = 0;
  /// What compile() would pack when it finds nothing packed yet.
  virtual size_t plan_weight_bytes(const Graph& graph, Precision precision) const = 0;
};

/// Plain loops, double sums, f32 only: the oracle of every other backend.
std::unique_ptr<Backend> make_ref_backend();
/// oneDNN and own kernels. threads: 0 means one for every core this process may use.
std::unique_ptr<Backend> make_cpu_backend(int threads);

}  // namespace limner
