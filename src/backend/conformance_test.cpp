// Every backend computes what the oracle computes, and the same bytes in any batch and on any number of
// threads.

#include "backend/conformance.h"

#include <gtest/gtest.h>

#include <cstring>

namespace limner {
namespace {

using conformance::Case;
using conformance::Compiled;
using conformance::Tensor;

std::vector<Case> all_cases() {
  std::vector<Case> cases = conformance::operator_cases();
  for (Case& network : conformance::network_cases()) cases.push_back(std::move(network));
  return cases;
}

std::vector<Precision> precisions(const Backend& backend) {
  std::vector<Precision> supported;
  for (const Precision precision : kPrecisions) {
    if (backend.supports(precision)) supported.push_back(precision);
  }
  return supported;
}

TEST(Conformance, CpuAgreesWithTheReference) {
  const auto reference = make_ref_backend();
  const auto cpu = make_cpu_backend(2);
  for (const Case& test : all_cases()) {
    const Graph graph = test.graph(2);
    const std::vector<Tensor> inputs = conformance::random_inputs(graph);
    const std::vector<Tensor> expected = Compiled(*reference, Precision::f32, graph).run(inputs);
    for (const Precision precision : precisions(*cpu)) {
      const std::vector<Tensor> actual = Compiled(*cpu, precision, graph).run(inputs);
      for (size_t i = 0; i < expected.size(); ++i) {
        EXPECT_LE(conformance::difference(actual[i], expected[i]), test.tolerance(precision))
            << test.name << ", output " << i << ", " << precision_name(precision);
      }
    }
  }
}

/// Row `row` of each output of a batch of `batch`.
std::vector<Tensor> rows_of(const std::vector<Tensor>& outputs, int64_t batch, int64_t row) {
  std::vector<Tensor> rows;
  for (const Tensor& output : outputs) {
    const auto width = static_cast<int64_t>(output.size()) / batch;
    rows.emplace_back(output.begin() + row * width, output.begin() + (row + 1) * width);
  }
  return rows;
}

bool same_bytes(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::memcmp(a[i].data(), b[i].data(), a[i].size() * sizeof(float)) != 0) return false;
  }
  return a.size() == b.size();
}

void expect_same_bytes_in_batches(const Case& test, Precision precision) {
  const auto one_thread = make_cpu_backend(1);
  const auto two_threads = make_cpu_backend(2);
  const Graph single = test.graph(1);
  Compiled alone(*one_thread, precision, single);
  std::vector<std::vector<Tensor>> expected;
  for (uint32_t row = 0; row < 8; ++row)
    expected.push_back(alone.run(conformance::random_inputs(single, row)));
  const auto check = [&](const Backend& backend, int64_t batch, const char* threads) {
    const Graph graph = test.graph(batch);
    const auto together = Compiled(backend, precision, graph).run(conformance::random_inputs(graph));
    for (int64_t row = 0; row < batch; ++row) {
      EXPECT_TRUE(same_bytes(rows_of(together, batch, row), expected[static_cast<size_t>(row)]))
          << test.name << ", " << precision_name(precision) << ", row " << row << " of " << batch << " on "
          << threads;
    }
  };
  for (const int64_t batch : {1, 2, 5, 8}) check(*two_threads, batch, "two threads");
  check(*one_thread, 3, "one thread");
}

TEST(Conformance, CpuGivesTheSameBytesInAnyBatchOnAnyThreads) {
  for (const Case& test : all_cases()) {
    for (const Precision precision : precisions(*make_cpu_backend(1)))
      expect_same_bytes_in_batches(test, precision);
  }
}

TEST(Conformance, PlanBytesIsWhatCompileReserves) {
  const auto cpu = make_cpu_backend(2);
  for (const Case& test : all_cases()) {
    const Graph graph = test.graph(2);
    for (const Precision precision : precisions(*cpu)) {
      const Compiled compiled(*cpu, precision, graph);
      EXPECT_EQ(cpu->plan_bytes(graph, precision), compiled.executable().workspace_bytes()) << test.name;
    }
  }
}

}  // namespace
}  // namespace limner
