// What backends promise about weights: checked at compile(), packed once, shared by all graphs over them.

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <thread>

#include "backend/conformance.h"
#include "backend/finite_weight.h"

namespace limner {
namespace {

using conformance::RandomWeights;

/// Random weights with faults in one of them.
class FaultyWeights final : public WeightSource {
 public:
  enum class Fault { none, missing, nan };
  FaultyWeights(std::string name, Fault fault) : name_(std::move(name)), fault_(fault) {}

  bool has(std::string_view) const override { return true; }
  Result<Weight> get(std::string_view name, const Shape& expected) const override {
    ++reads_;
    if (name == name_ && fault_ == Fault::missing) return invalid(std::string(name), "is missing");
    Weight weight = TRY(RandomWeights().get(name, expected));
    if (name == name_ && fault_ == Fault::nan) {
      auto* values = static_cast<float*>(const_cast<void*>(weight.view.data));
      values[weight.view.shape.count() - 1] = std::numeric_limits<float>::quiet_NaN();
    }
    return weight;
  }
  Result<Shape> shape_of(std::string_view name) const override {
    return not_found(std::string(name), "no file");
  }
  std::vector<std::string> names() const override { return {}; }
  void release_pages() const override { ++releases_; }
  int reads() const { return reads_; }
  int releases() const { return releases_; }

 private:
  std::string name_;
  Fault fault_;
  mutable int reads_ = 0, releases_ = 0;
};

Graph small_graph(int64_t batch, int64_t extent) {
  const Scope top{"top"};
  Graph g;
  Value x = g.conv2d(g.input("x", Shape{batch, extent, extent, 8}), top / "conv", {.out = 16});
  x = g.linear(g.silu(g.group_norm(x, top / "norm", 4, 1e-5f)), top / "fc", 8);
  g.output("y", g.prelu(x, top / "act"));
  return g;
}

/// A weight in every form that the CPU backend packs.
Graph wide_graph() {
  const Scope top{"top"};
  Graph g;
  Value x = g.conv2d(g.input("x", Shape{1, 6, 6, 32}), top / "conv", {.out = 48});
  x = g.conv2d(g.silu(g.group_norm(x, top / "norm", 4, 1e-5f)), top / "narrow", {.out = 8});
  x = g.add(g.reshape(x, Shape{1, 36, 8}), g.constant("top.table", Shape{36, 8}, Shape{1, 36, 8}));
  g.output("y", g.linear(x, top / "fc", 20));
  return g;
}

/// The output of wide_graph() over `weights`.
std::vector<float> output_of(const Backend& backend, PackedWeights& weights) {
  const Graph graph = wide_graph();
  const auto executable = backend.compile(graph, weights).value();
  const auto workspace = backend.make_workspace();
  EXPECT_TRUE(workspace->reserve(executable->workspace_bytes()).has_value());
  const std::vector<conformance::Tensor> inputs = conformance::random_inputs(graph);
  const Shape& in = graph.nodes().front().shape;
  std::vector<float> out(static_cast<size_t>(graph.shape(graph.outputs().front().value).count()));
  const ConstTensorView given(DType::f32, in, inputs.front().data());
  const TensorView wanted{DType::f32, graph.shape(graph.outputs().front().value), out.data()};
  executable->run(std::span(&given, 1), std::span(&wanted, 1), *workspace);
  return out;
}

std::filesystem::path fresh_path(const char* name) {
  const std::filesystem::path path = std::filesystem::path(testing::TempDir()) / name;
  std::filesystem::remove(path);
  return path;
}

std::vector<std::unique_ptr<Backend>> backends() {
  std::vector<std::unique_ptr<Backend>> all;
  all.push_back(make_ref_backend());
  all.push_back(make_cpu_backend(2));
  return all;
}

TEST(Weights, FaultsAreNamed) {
  for (const auto& backend : backends()) {
    for (const char* name :
         {"top.conv.weight", "top.conv.bias", "top.norm.weight", "top.fc.bias", "top.act.weight"}) {
      for (const auto fault : {FaultyWeights::Fault::missing, FaultyWeights::Fault::nan}) {
        const FaultyWeights source(name, fault);
        const auto weights = backend->make_weights(source, Precision::f32);
        const auto compiled = backend->compile(small_graph(1, 8), *weights);
        ASSERT_FALSE(compiled) << backend->name() << " " << name;
        EXPECT_EQ(compiled.error().code, Code::invalid);
        EXPECT_NE(compiled.error().text().find(name), std::string::npos) << compiled.error().text();
      }
    }
  }
}

TEST(Weights, ArePackedOnceForAllBatchesAndThenReleased) {
  const auto cpu = make_cpu_backend(2);
  const FaultyWeights source("", FaultyWeights::Fault::none);
  const auto weights = cpu->make_weights(source, Precision::f32);
  EXPECT_EQ(weights->bytes(), 0u);
  ASSERT_TRUE(cpu->compile(small_graph(1, 8), *weights));
  const size_t bytes = weights->bytes();
  const int reads = source.reads();
  EXPECT_GT(bytes, 0u);
  EXPECT_EQ(source.releases(), 1);
  for (const int64_t batch : {1, 2, 4}) ASSERT_TRUE(cpu->compile(small_graph(batch, 8), *weights));
  EXPECT_EQ(weights->bytes(), bytes);
  EXPECT_EQ(source.reads(), reads);
  EXPECT_EQ(source.releases(), 1);
}

TEST(Weights, FiniteIsToldFromNotFiniteInEveryType) {
  const auto check = [](DType type, auto good, auto infinite) {
    std::vector<decltype(good)> values(5000, good);
    const Shape shape{static_cast<int64_t>(values.size())};
    EXPECT_TRUE(all_finite(ConstTensorView(type, shape, values.data())));
    for (const size_t at : {size_t{0}, size_t{4095}, size_t{4999}}) {
      values[at] = infinite;
      EXPECT_FALSE(all_finite(ConstTensorView(type, shape, values.data())))
          << dtype_name(type) << " at " << at;
      values[at] = good;
    }
  };
  check(DType::f32, std::numeric_limits<float>::max(), -std::numeric_limits<float>::infinity());
  check(DType::f64, std::numeric_limits<double>::lowest(), std::numeric_limits<double>::quiet_NaN());
  check(DType::f16, uint16_t{0xfbff}, uint16_t{0x7c00});
  check(DType::bf16, uint16_t{0xff7f}, uint16_t{0xff80});
}

TEST(Executable, MayRunInTwoWorkspacesAtOnce) {
  const auto cpu = make_cpu_backend(1);
  const RandomWeights source;
  const auto weights = cpu->make_weights(source, Precision::f32);
  const Graph graph = small_graph(2, 24);
  const auto compiled = cpu->compile(graph, *weights);
  ASSERT_TRUE(compiled);
  const Shape in{2, 24, 24, 8};
  const auto draw = [&](uint32_t seed, conformance::Tensor& out) {
    const auto inputs = conformance::random_inputs(graph, seed);
    const auto workspace = cpu->make_workspace();
    ASSERT_TRUE(workspace->reserve((*compiled)->workspace_bytes()));
    const ConstTensorView x(DType::f32, in, inputs[0].data());
    const TensorView y{DType::f32, in, out.data()};
    for (int repeat = 0; repeat < 20; ++repeat) (*compiled)->run({&x, 1}, {&y, 1}, *workspace);
  };
  const auto count = static_cast<size_t>(in.count());
  conformance::Tensor alone(count), together(count), other(count);
  draw(1, alone);
  std::thread second([&] { draw(7, other); });
  draw(1, together);
  second.join();
  EXPECT_EQ(alone, together);
  EXPECT_NE(alone, other);
}

// A linear map in 8 bits behind a convolution at a network's lowest resolution, or at another.
Graph graph_in_int8(bool few_pixels) {
  const Scope top{"top"};
  Graph g;
  const Value x =
      g.conv2d(g.input("x", Shape{2, 6, 6, 192}), top / "conv", {.out = 128, .few_pixels = few_pixels});
  g.output("y", g.linear(x, top / "fc", 64));
  g.compute_in_int8({"top.fc.weight"});
  return g;
}

TEST(Weights, OfFewPixelsTakeLessRoomWhereOthersAreInEightBits) {
  const auto cpu = make_cpu_backend(2);
  if (!cpu->supports(Precision::bf16)) GTEST_SKIP() << "this CPU multiplies no bf16";
  const RandomWeights source;
  std::vector<float> results[2];
  size_t bytes[2] = {};
  for (const bool few : {false, true}) {
    const Graph graph = graph_in_int8(few);
    const auto weights = cpu->make_weights(source, Precision::bf16);
    const auto executable = cpu->compile(graph, *weights).value();
    const auto workspace = cpu->make_workspace();
    ASSERT_TRUE(workspace->reserve(executable->workspace_bytes()));
    const std::vector<conformance::Tensor> inputs = conformance::random_inputs(graph);
    results[few].resize(size_t{2} * 36 * 64);
    const ConstTensorView x(DType::f32, Shape{2, 6, 6, 192}, inputs.front().data());
    const TensorView y{DType::f32, Shape{2, 6, 6, 64}, results[few].data()};
    executable->run({&x, 1}, {&y, 1}, *workspace);
    bytes[few] = weights->bytes();
    EXPECT_NEAR(static_cast<double>(cpu->plan_weight_bytes(graph, Precision::bf16)),
                static_cast<double>(bytes[few]), 4096);
  }
  EXPECT_EQ(bytes[false] - bytes[true], size_t{192} * 128 * 2 * (16 - 9));
  double errors = 0, squares = 0;
  for (size_t i = 0; i < results[0].size(); ++i) {
    errors += std::pow(double{results[1][i]} - results[0][i], 2);
    squares += std::pow(double{results[0][i]}, 2);
  }
  EXPECT_LT(std::sqrt(errors / squares), 0.01);
}

TEST(KeptWeights, AreMappedInsteadOfPackedAndGiveTheSameBytes) {
  const auto cpu = make_cpu_backend(2);
  for (const Precision precision : kPrecisions) {
    if (!cpu->supports(precision)) continue;
    const PackedPlace place{fresh_path("kept.safetensors"), "one"};
    const FaultyWeights first("", FaultyWeights::Fault::none), second("", FaultyWeights::Fault::none);
    const auto packed = cpu->make_weights(first, precision);
    EXPECT_FALSE(packed->attach(place)) << "there is no file yet";
    const std::vector<float> expected = output_of(*cpu, *packed);
    ASSERT_TRUE(packed->keep(place).has_value());

    const auto mapped = cpu->make_weights(second, precision);
    ASSERT_TRUE(mapped->attach(place).has_value());
    EXPECT_EQ(output_of(*cpu, *mapped), expected);
    EXPECT_EQ(second.reads(), 0) << precision_name(precision);
    EXPECT_EQ(mapped->bytes(), packed->bytes());
    EXPECT_TRUE(mapped->keep(place).has_value()) << "onto the file it is mapped from";
  }
}

TEST(KeptWeights, OfAnotherKeyOrDamagedArePackedAnew) {
  const auto cpu = make_cpu_backend(1);
  const PackedPlace place{fresh_path("damaged.safetensors"), "one"};
  const RandomWeights source;
  const auto packed = cpu->make_weights(source, Precision::f32);
  const std::vector<float> expected = output_of(*cpu, *packed);
  ASSERT_TRUE(packed->keep(place).has_value());
  const auto other = cpu->make_weights(source, Precision::f32);
  EXPECT_EQ(other->attach({place.path, "two"}).error().code, Code::invalid);
  std::filesystem::resize_file(place.path, std::filesystem::file_size(place.path) - 64);
  EXPECT_EQ(other->attach(place).error().code, Code::invalid);
  EXPECT_EQ(output_of(*cpu, *other), expected);
}

TEST(KeptWeights, FileLacksWhatOtherGraphsRead) {
  const auto cpu = make_cpu_backend(2);
  const PackedPlace place{fresh_path("partly.safetensors"), "one"};
  const RandomWeights source;
  const auto some = cpu->make_weights(source, Precision::f32);
  ASSERT_TRUE(cpu->compile(small_graph(1, 4), *some).has_value());
  ASSERT_TRUE(some->keep(place).has_value());
  const auto rest = cpu->make_weights(source, Precision::f32);
  ASSERT_TRUE(rest->attach(place).has_value());
  EXPECT_EQ(output_of(*cpu, *rest), output_of(*cpu, *cpu->make_weights(source, Precision::f32)));
}

}  // namespace
}  // namespace limner
