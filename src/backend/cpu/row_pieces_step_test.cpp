#include "backend/cpu/row_pieces_step.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace limner::cpu {
namespace {

using Tag = dnnl::memory::format_tag;
constexpr auto kFloat = dnnl::memory::data_type::f32;

/// pictures * rows rows of width `in` times a weight, done piece by piece and as plain loops.
class Pieces {
 public:
  Pieces(int64_t rows, int64_t pictures, bool bias, int threads)
      : tools_{*available_kernels().front(), dnnl::engine(dnnl::engine::kind::cpu, 0), threads, false, false},
        rows_(rows * pictures),
        values_(numbers(rows_ * kIn)),
        weight_(numbers(kIn * kOut)),
        bias_(bias ? numbers(kOut) : std::vector<float>()),
        step_(tools_, cut_rows(rows), pictures, {{kIn, kOut}, kFloat, Tag::ab},
              [&](int64_t count, const dnnl::memory::desc& weight) {
                dnnl::primitive_attr attributes;
                attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
                const dnnl::memory::desc shift =
                    bias ? dnnl::memory::desc({1, kOut}, kFloat, Tag::ab) : dnnl::memory::desc();
                return dnnl::matmul::primitive_desc(
                    {{{count, kIn}, kFloat, Tag::ab}, weight, shift, {{count, kOut}, kFloat, Tag::ab}},
                    attributes, tools_.engine);
              }) {
    RowPiecesStep::Operands operands{BufferId{0}, BufferId{1}, WeightId{0}, {}};
    if (bias) operands.bias = WeightId{1};
    step_.bind(operands, BufferId{2});
    step_.build();
  }

  std::vector<float> run() const {
    std::vector<float> out(static_cast<size_t>(rows_ * kOut));
    std::vector<std::byte> arena(step_.scratch_bytes() + 64);
    const Place places[] = {{Place::In::input, 0}, {Place::In::output, 0}, {Place::In::arena, 0}};
    const void* weights[] = {weight_.data(), bias_.data()};
    const ConstTensorView in(DType::f32, Shape{rows_, kIn}, values_.data());
    const TensorView result{DType::f32, Shape{rows_, kOut}, out.data()};
    dnnl::stream stream(tools_.engine);
    step_.run(Frame{arena.data(), places, weights, {&in, 1}, {&result, 1}, stream});
    stream.wait();
    return out;
  }

  float expected(size_t at) const {
    const size_t row = at / kOut, column = at % kOut;
    double sum = bias_.empty() ? 0 : bias_[column];
    for (size_t i = 0; i < kIn; ++i) sum += double{values_[row * kIn + i]} * weight_[i * kOut + column];
    return static_cast<float>(sum);
  }

  const RowPiecesStep& step() const { return step_; }

 private:
  static constexpr int64_t kIn = 40, kOut = 24;
  static std::vector<float> numbers(int64_t count) {
    std::mt19937 engine(static_cast<uint32_t>(count));
    std::normal_distribution<float> normal;
    std::vector<float> values(static_cast<size_t>(count));
    for (float& value : values) value = normal(engine);
    return values;
  }

  Tools tools_;
  int64_t rows_;
  std::vector<float> values_, weight_, bias_;
  RowPiecesStep step_;
};

TEST(RowPieces, AreTheProductWhateverTheLastOneHas) {
  for (const int64_t rows : {1, 64, 150, 1040})
    for (const bool bias : {false, true}) {
      const Pieces pieces(rows, 2, bias, 2);
      const std::vector<float> out = pieces.run();
      for (size_t i = 0; i < out.size(); ++i)
        ASSERT_NEAR(out[i], pieces.expected(i), 1e-4) << rows << " " << i;
    }
}

TEST(RowPieces, MakeTheirHandlesOnce) {
  const Pieces pieces(150, 3, true, 2);
  const std::vector<float> first = pieces.run();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(pieces.run(), first);
  EXPECT_EQ(pieces.step().handles_made(), 1);
}

}  // namespace
}  // namespace limner::cpu
