#include "backend/cpu/row_pieces_step.h"

#include <omp.h>

#include <algorithm>
#include <unordered_map>

namespace limner::cpu {
namespace {

// Fewer rows would have the library copy the weight more often than it multiplies with it; more pieces than
// this serve no machine that lacks AVX-512.
constexpr int64_t kPieceRowsMin = 64, kPiecesMax = 16, kRowsRound = 16;
constexpr size_t kLineBytes = 64;

size_t row_bytes(const dnnl::memory::desc& desc, int64_t rows) {
  return desc.get_size() / static_cast<size_t>(rows);
}

}  // namespace

RowPieces cut_rows(int64_t rows) {
  const int64_t even = (rows + kPiecesMax - 1) / kPiecesMax;
  const int64_t rounded = (even + kRowsRound - 1) / kRowsRound * kRowsRound;
  return {rows, std::min(rows, std::max(rounded, kPieceRowsMin))};
}

RowPiecesStep::RowPiecesStep(const Tools& tools, const RowPieces& pieces, int64_t pictures,
                             const dnnl::memory::desc& weight, const Describe& describe)
    : engine_(tools.engine), threads_(tools.threads), pieces_(pieces), pictures_(pictures) {
  const ThreadScope alone(1);
  whole_desc_ = describe(pieces.piece, weight);
  last_desc_ = pieces.tail() > 0 ? describe(pieces.tail(), whole_desc_.weights_desc()) : whole_desc_;
  const size_t most =
      std::max(whole_desc_.scratchpad_desc().get_size(), last_desc_.scratchpad_desc().get_size());
  scratch_stride_ = (most + kLineBytes - 1) / kLineBytes * kLineBytes;
}

size_t RowPiecesStep::scratch_bytes() const { return scratch_stride_ * static_cast<size_t>(threads_); }

void RowPiecesStep::bind(const Operands& operands, BufferId scratch) {
  operands_ = operands;
  scratch_ = scratch;
}

void RowPiecesStep::build() {
  const ThreadScope alone(1);
  whole_ = dnnl::matmul(whole_desc_);
  last_ = pieces_.tail() > 0 ? dnnl::matmul(last_desc_) : whole_;
}

void RowPiecesStep::run(const Frame& frame) const {
  const int64_t count = pictures_ * pieces_.count();
#pragma omp parallel num_threads(threads_)
  {
    // Also where there is one thread only, and the library sees no parallel region around it.
    const ThreadScope alone(1);
#pragma omp for schedule(static)
    for (int64_t piece = 0; piece < count; ++piece) run_piece(frame, piece, omp_get_thread_num());
  }
}

void RowPiecesStep::run_piece(const Frame& frame, int64_t piece, int thread) const {
  const int64_t in_picture = piece % pieces_.count();
  const int64_t first = piece / pieces_.count() * pieces_.rows + in_picture * pieces_.piece;
  const bool is_last = pieces_.tail() > 0 && in_picture == pieces_.count() - 1;
  const dnnl::matmul::primitive_desc& desc = is_last ? last_desc_ : whole_desc_;
  const int64_t rows = is_last ? pieces_.tail() : pieces_.piece;
  const auto memory = [&](const dnnl::memory::desc& of, void* data) {
    return dnnl::memory(of, engine_, data);
  };
  const auto place = [&](BufferId buffer, const dnnl::memory::desc& of) {
    return memory(of, frame.at<std::byte>(buffer) + static_cast<size_t>(first) * row_bytes(of, rows));
  };
  const auto weight = [&](WeightId id, const dnnl::memory::desc& of) {
    return memory(of, const_cast<void*>(frame.weights[static_cast<size_t>(id)]));
  };
  std::unordered_map<int, dnnl::memory> arguments;
  arguments.emplace(DNNL_ARG_SRC, place(operands_.source, desc.src_desc()));
  arguments.emplace(DNNL_ARG_WEIGHTS, weight(operands_.weight, desc.weights_desc()));
  if (operands_.bias) arguments.emplace(DNNL_ARG_BIAS, weight(*operands_.bias, desc.bias_desc()));
  arguments.emplace(DNNL_ARG_DST, place(operands_.target, desc.dst_desc()));
  if (const dnnl::memory::desc scratch = desc.scratchpad_desc(); scratch.get_size() > 0)
    arguments.emplace(
        DNNL_ARG_SCRATCHPAD,
        memory(scratch, frame.at<std::byte>(scratch_) + scratch_stride_ * static_cast<size_t>(thread)));
  (is_last ? last_ : whole_).execute(frame.stream, arguments);
}

}  // namespace limner::cpu
