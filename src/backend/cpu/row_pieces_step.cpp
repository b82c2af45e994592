#include "backend/cpu/row_pieces_step.h"

#include <omp.h>

#include <algorithm>
#include <utility>

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

RowPiecesStep::~RowPiecesStep() { delete spare_.load(); }

// In the order in which run_piece() sets their addresses.
RowPiecesStep::Handles RowPiecesStep::make_handles(const dnnl::matmul::primitive_desc& desc) const {
  Handles handles;
  const auto add = [&](int argument, const dnnl::memory::desc& of) {
    handles.memories.emplace_back(of, engine_, nullptr);
    handles.arguments.push_back({argument, handles.memories.back().get()});
  };
  add(DNNL_ARG_SRC, desc.src_desc());
  add(DNNL_ARG_WEIGHTS, desc.weights_desc());
  add(DNNL_ARG_DST, desc.dst_desc());
  if (operands_.bias) add(DNNL_ARG_BIAS, desc.bias_desc());
  if (desc.scratchpad_desc().get_size() > 0) add(DNNL_ARG_SCRATCHPAD, desc.scratchpad_desc());
  return handles;
}

std::unique_ptr<RowPiecesStep::AllHandles> RowPiecesStep::take_handles() const {
  std::unique_ptr<AllHandles> handles(spare_.exchange(nullptr, std::memory_order_acquire));
  if (handles) return handles;
  ++made_;
  handles = std::make_unique<AllHandles>();
  for (int thread = 0; thread < threads_; ++thread)
    handles->push_back({make_handles(whole_desc_), make_handles(last_desc_)});
  return handles;
}

void RowPiecesStep::give_back(std::unique_ptr<AllHandles> handles) const {
  AllHandles* nothing = nullptr;
  if (spare_.compare_exchange_strong(nothing, handles.get(), std::memory_order_release,
                                     std::memory_order_relaxed))
    static_cast<void>(handles.release());
}

void RowPiecesStep::run(const Frame& frame) const {
  const int64_t count = pictures_ * pieces_.count();
  std::unique_ptr<AllHandles> handles = take_handles();
#pragma omp parallel num_threads(threads_)
  {
    // Also where there is one thread only, and the library sees no parallel region around it.
    const ThreadScope alone(1);
    const int thread = omp_get_thread_num();
#pragma omp for schedule(static)
    for (int64_t piece = 0; piece < count; ++piece)
      run_piece(frame, piece, thread, (*handles)[static_cast<size_t>(thread)]);
  }
  give_back(std::move(handles));
}

void RowPiecesStep::run_piece(const Frame& frame, int64_t piece, int thread, ThreadHandles& handles) const {
  const int64_t in_picture = piece % pieces_.count();
  const int64_t first = piece / pieces_.count() * pieces_.rows + in_picture * pieces_.piece;
  const bool is_last = pieces_.tail() > 0 && in_picture == pieces_.count() - 1;
  const int64_t rows = is_last ? pieces_.tail() : pieces_.piece;
  const dnnl::matmul::primitive_desc& desc = is_last ? last_desc_ : whole_desc_;
  Handles& own = is_last ? handles.last : handles.whole;
  size_t next = 0;
  const auto set = [&](void* data) { own.memories[next++].set_data_handle(data); };
  const auto place = [&](BufferId buffer, const dnnl::memory::desc& of) {
    return frame.at<std::byte>(buffer) + static_cast<size_t>(first) * row_bytes(of, rows);
  };
  const auto weight = [&](WeightId id) { return const_cast<void*>(frame.weights[static_cast<size_t>(id)]); };
  set(place(operands_.source, desc.src_desc()));
  set(weight(operands_.weight));
  set(place(operands_.target, desc.dst_desc()));
  if (operands_.bias) set(weight(*operands_.bias));
  if (next < own.memories.size())
    set(frame.at<std::byte>(scratch_) + scratch_stride_ * static_cast<size_t>(thread));
  dnnl::error::wrap_c_api(
      dnnl_primitive_execute((is_last ? last_ : whole_).get(), frame.stream.get(),
                             static_cast<int>(own.arguments.size()), own.arguments.data()),
      "a step could not be computed");
}

}  // namespace limner::cpu
