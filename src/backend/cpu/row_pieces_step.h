#pragma once
// A matrix product done piece by piece, for a library whose own sharing among threads changes the sums.

#include <atomic>
#include <cstdint>
#include <dnnl.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "backend/cpu/program.h"
#include "backend/cpu/tools.h"

namespace limner::cpu {

/// How the rows of one picture are cut: by their number alone, never by how many threads there are, so that
/// every row is rounded the same way everywhere.
struct RowPieces {
  int64_t rows = 0;   ///< of a picture
  int64_t piece = 0;  ///< rows of a piece; the last one may have fewer
  int64_t count() const { return (rows + piece - 1) / piece; }
  int64_t tail() const { return rows % piece; }  ///< rows of the last piece, 0 if it is a whole one
};
RowPieces cut_rows(int64_t rows);

/// [pictures * rows, in] times a weight, each piece of rows on one thread, the pieces on all of them.
class RowPiecesStep final : public Step {
 public:
  using Describe =
      std::function<dnnl::matmul::primitive_desc(int64_t rows, const dnnl::memory::desc& weight)>;
  struct Operands {
    BufferId source, target;
    WeightId weight;
    std::optional<WeightId> bias;
  };
  /// `describe` is asked for a whole piece with `weight`, and for the last one with the form that the first
  /// reads.
  RowPiecesStep(const Tools& tools, const RowPieces& pieces, int64_t pictures,
                const dnnl::memory::desc& weight, const Describe& describe);
  ~RowPiecesStep() override;

  /// The form in which the weight is read.
  dnnl::memory::desc weight_desc() const { return whole_desc_.weights_desc(); }
  /// Of the memory that bind() is to be given.
  size_t scratch_bytes() const;
  void bind(const Operands& operands, BufferId scratch);

  void build() override;
  void run(const Frame& frame) const override;

  /// How often handles were made: once, and once more for each run that overlaps another.
  int handles_made() const { return made_.load(); }

 private:
  /// The library's handles on memory that lies elsewhere: for pieces of one length, for one thread.
  struct Handles {
    std::vector<dnnl::memory> memories;
    std::vector<dnnl_exec_arg_t> arguments;
  };
  struct ThreadHandles {
    Handles whole, last;
  };
  using AllHandles = std::vector<ThreadHandles>;

  Handles make_handles(const dnnl::matmul::primitive_desc& desc) const;
  std::unique_ptr<AllHandles> take_handles() const;
  void give_back(std::unique_ptr<AllHandles> handles) const;
  void run_piece(const Frame& frame, int64_t piece, int thread, ThreadHandles& handles) const;

  dnnl::engine engine_;
  int threads_;
  RowPieces pieces_;
  int64_t pictures_;
  dnnl::matmul::primitive_desc whole_desc_, last_desc_;
  dnnl::matmul whole_, last_;
  size_t scratch_stride_ = 0;  ///< bytes of one thread
  Operands operands_{};
  BufferId scratch_{};
  /// Of the last run that ended, as PrimitiveStep keeps them.
  mutable std::atomic<AllHandles*> spare_ = nullptr;
  mutable std::atomic<int> made_ = 0;
};

}  // namespace limner::cpu
