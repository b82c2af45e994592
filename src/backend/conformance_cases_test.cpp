#include <fmt/format.h>

#include "backend/conformance.h"

namespace limner::conformance {
namespace {

const Scope kTop{"top"};

Value picture(Graph& g, int64_t batch, int64_t height, int64_t width, int64_t channels) {
  return g.input("picture", Shape{batch, height, width, channels});
}

void add_linear_cases(std::vector<Case>& cases) {
  struct Size {
    int64_t rows, in, out;
  };
  for (const auto [rows, in, out] : {Size{1, 320, 1280}, Size{1, 33, 51}, Size{7, 5, 3}, Size{77, 768, 320},
                                     Size{64, 1280, 640}, Size{256, 64, 512}, Size{3, 1, 1}}) {
    cases.push_back({fmt::format("linear {}x{}x{}", rows, in, out), [=](Graph& g, int64_t batch) {
                       g.output("y", g.linear(g.input("x", Shape{batch, rows, in}), kTop / "fc", out));
                     }});
  }
  cases.push_back({"linear without bias on vectors", [](Graph& g, int64_t batch) {
                     g.output("y", g.linear(g.input("x", Shape{batch, 40}), kTop / "fc", 24, false));
                   }});
}

void add_int8_cases(std::vector<Case>& cases) {
  const auto add = [&](std::string name, auto describe, double tolerance_bf16 = 0x1p-8) {
    cases.push_back({.name = std::move(name),
                     .describe = std::move(describe),
                     .tolerance_bf16 = tolerance_bf16,
                     .int8 = true});
  };
  struct Size {
    int64_t rows, in, out;
  };
  for (const auto [rows, in, out] : {Size{1, 320, 1280}, Size{1, 33, 51}, Size{7, 5, 3}, Size{77, 768, 320},
                                     Size{256, 64, 512}, Size{3, 1, 1}, Size{200, 130, 97}}) {
    add(fmt::format("int8 linear {}x{}x{}", rows, in, out), [=](Graph& g, int64_t batch) {
      g.output("y", g.linear(g.input("x", Shape{batch, rows, in}), kTop / "fc", out));
    });
  }
  add("int8 conv 1x1", [](Graph& g, int64_t batch) {
    g.output("y", g.conv2d(picture(g, batch, 6, 5, 33), kTop / "conv", {.out = 65, .kernel = 1}));
  });
  // One operand for three maps, one of which adds onto another value.
  add(
      "int8 q, k, v and a residual",
      [](Graph& g, int64_t batch) {
        const Value x = g.input("x", Shape{batch, 9, 48});
        g.output("q", g.linear(x, kTop / "q", 40, false));
        g.output("k", g.relu(g.linear(x, kTop / "k", 24)));
        g.output("sum", g.add(g.linear(x, kTop / "v", 48), x));
        // The same values in rows of another length.
        g.output("halves", g.linear(g.reshape(x, Shape{batch, 18, 24}), kTop / "half", 16));
      },
      0x1p-7);
}

/// One convolution by Winograd's method has a root mean square error of 0.0045; the worst of tens of
/// thousands of values lies four and a half times as far out.
constexpr double kWinogradTolerance = 0.02;

void add_convolution_cases(std::vector<Case>& cases) {
  struct Size {
    int64_t height, width, in, out, kernel, stride;
  };
  for (const auto [height, width, in, out, kernel, stride] :
       {Size{8, 8, 4, 320, 3, 1}, Size{16, 16, 64, 64, 3, 1}, Size{9, 7, 20, 24, 3, 1},
        Size{8, 8, 320, 320, 3, 1}, Size{16, 12, 320, 320, 3, 2}, Size{11, 13, 48, 17, 3, 2},
        Size{32, 32, 32, 3, 3, 1}, Size{6, 5, 33, 65, 1, 1}, Size{12, 12, 16, 16, 1, 2},
        Size{15, 15, 3, 8, 7, 1}, Size{16, 16, 3, 24, 8, 8}, Size{24, 40, 8, 8, 5, 1},
        Size{2, 2, 640, 320, 3, 1}, Size{1, 1, 16, 16, 3, 1}}) {
    const std::string name = fmt::format("conv {}x{} {}->{} k{} s{}", height, width, in, out, kernel, stride);
    cases.push_back({name,
                     [=](Graph& g, int64_t batch) {
                       const Conv2dOptions options{.out = out, .kernel = kernel, .stride = stride};
                       g.output("y", g.conv2d(picture(g, batch, height, width, in), kTop / "conv", options));
                     },
                     {},
                     0x1p-8,
                     kWinogradTolerance});
  }
  const auto padded = [](Graph& g, int64_t batch) {
    const Conv2dOptions options{.out = 24, .stride = 2, .pad = {{0, 0, 1, 1}}, .bias = false};
    g.output("y", g.conv2d(picture(g, batch, 12, 10, 16), kTop / "conv", options));
  };
  cases.push_back({"conv padded below and right", padded});
  for (const auto& [x, y] : {std::pair{true, false}, {false, true}, {true, true}}) {
    cases.push_back(
        {fmt::format("conv wrapping x {} y {}", x, y),
         [](Graph& g, int64_t batch) {
           g.output("y", g.conv2d(picture(g, batch, 7, 9, 16), kTop / "conv", {.out = 32, .kernel = 5}));
         },
         GraphOptions{x, y}});
    cases.push_back({fmt::format("conv 3x3 wrapping x {} y {}", x, y),
                     [](Graph& g, int64_t batch) {
                       g.output("y", g.conv2d(picture(g, batch, 7, 9, 32), kTop / "conv", {.out = 40}));
                     },
                     GraphOptions{x, y}, 0x1p-8, kWinogradTolerance});
  }
  cases.push_back({"conv 3x3 onto its input, then silu",
                   [](Graph& g, int64_t batch) {
                     const Value x = g.affine(picture(g, batch, 9, 8, 64), 0.5f);
                     g.output("y", g.silu(g.add(g.conv2d(x, kTop / "conv", {.out = 64}), x)));
                   },
                   {},
                   // The input is rounded to bf16 before it is added.
                   0x1p-7,
                   kWinogradTolerance});
}

void add_norm_cases(std::vector<Case>& cases) {
  struct Size {
    int64_t height, width, channels, groups;
  };
  for (const auto [height, width, channels, groups] :
       {Size{8, 8, 320, 32}, Size{5, 7, 32, 32}, Size{9, 3, 48, 4}, Size{1, 1, 64, 8}, Size{40, 40, 12, 1},
        Size{4, 4, 960, 32}}) {
    cases.push_back({fmt::format("group_norm {}x{}x{} in {}", height, width, channels, groups),
                     [=](Graph& g, int64_t batch) {
                       g.output("y", g.group_norm(picture(g, batch, height, width, channels), kTop / "norm",
                                                  groups, 1e-5f));
                     }});
  }
  cases.push_back({"group_norm and silu", [](Graph& g, int64_t batch) {
                     g.output("y",
                              g.silu(g.group_norm(picture(g, batch, 6, 6, 64), kTop / "norm", 32, 1e-6f)));
                   }});
  for (const int64_t width : {320, 1, 7, 768, 1280}) {
    cases.push_back(
        {fmt::format("layer_norm {}", width), [=](Graph& g, int64_t batch) {
           g.output("y", g.layer_norm(g.input("x", Shape{batch, 5, width}), kTop / "norm", 1e-5f));
         }});
  }
}

void add_attention_cases(std::vector<Case>& cases) {
  struct Size {
    int64_t heads, width, queries, keys;
    bool causal;
  };
  for (const auto [heads, width, queries, keys, causal] :
       {Size{8, 40, 64, 64, false}, Size{8, 40, 64, 77, false}, Size{12, 64, 77, 77, true},
        Size{2, 80, 33, 33, false}, Size{1, 160, 16, 16, false}, Size{3, 8, 5, 9, false},
        Size{2, 16, 100, 1, false}, Size{2, 48, 17, 17, true}, Size{1, 512, 36, 36, false},
        Size{4, 40, 256, 256, false}, Size{1, 64, 1, 1, true}}) {
    const std::string name =
        fmt::format("attention {}x{} {} to {}{}", heads, width, queries, keys, causal ? " causal" : "");
    cases.push_back({name,
                     [=](Graph& g, int64_t batch) {
                       const Value q = g.input("q", Shape{batch, queries, heads * width});
                       const Value k = g.input("k", Shape{batch, keys, heads * width});
                       const Value v = g.input("v", Shape{batch, keys, heads * width});
                       g.output("y", g.attention(q, k, v, heads, causal));
                     },
                     {},
                     // The probabilities are rounded once more, and sums of them cancel: twice one rounding.
                     0x1p-7});
  }
  cases.push_back({"attention to itself, scaled",
                   [](Graph& g, int64_t batch) {
                     const Value x = g.input("x", Shape{batch, 10, 32});
                     g.output("y", g.attention(x, x, x, 4, false, 0.5f));
                   },
                   {},
                   0x1p-7});
}

void add_elementwise_cases(std::vector<Case>& cases) {
  using enum op::Activation;
  for (const op::Activation kind :
       {silu, gelu, gelu_tanh, quick_gelu, relu, leaky_relu, op::Activation::tanh, sigmoid, soft_clip}) {
    const float parameter = kind == leaky_relu ? 0.2f : 3.0f;
    cases.push_back({fmt::format("activation {}", static_cast<int>(kind)), [=](Graph& g, int64_t batch) {
                       g.output("y", g.activation(g.input("x", Shape{batch, 37, 5}), kind, parameter));
                     }});
    cases.push_back(
        {fmt::format("activation {} after linear", static_cast<int>(kind)), [=](Graph& g, int64_t batch) {
           const Value x = g.input("x", Shape{batch, 9, 24});
           g.output("y", g.activation(g.linear(x, kTop / "fc", 35), kind, parameter));
         }});
  }
  cases.push_back({"prelu", [](Graph& g, int64_t batch) {
                     g.output("y", g.prelu(picture(g, batch, 3, 5, 21), kTop / "act"));
                   }});
  cases.push_back({"geglu", [](Graph& g, int64_t batch) {
                     g.output("y", g.geglu(g.input("x", Shape{batch, 11, 74})));
                   }});
  cases.push_back({"affine", [](Graph& g, int64_t batch) {
                     // Powers of two: bf16 rounds the product and the sum apart, which here loses nothing.
                     g.output("y", g.affine(g.input("x", Shape{batch, 13, 7}), 0.5f, 0.25f));
                   }});
  struct Pair {
    Shape a, b;
  };
  for (const auto& [a, b] :
       {Pair{{1, 4, 5, 24}, {1, 4, 5, 24}}, Pair{{1, 4, 5, 24}, {1, 1, 1, 24}}, Pair{{1, 6, 10}, {1, 6, 1}},
        Pair{{1, 6, 10}, {1, 1, 1}}, Pair{{1, 9}, {1, 9}}}) {
    for (const bool product : {false, true}) {
      cases.push_back({fmt::format("{} {} {}", product ? "mul" : "add", a.text(), b.text()),
                       [a = a, b = b, product](Graph& g, int64_t batch) {
                         Shape left = a, right = b;
                         left[0] = right[0] = batch;
                         const Value x = g.input("a", left), y = g.input("b", right);
                         g.output("y", product ? g.mul(x, y) : g.add(x, y));
                       }});
    }
  }
  cases.push_back({"add a constant", [](Graph& g, int64_t batch) {
                     const Value table = g.constant("table.weight", Shape{7, 16}, Shape{1, 7, 16});
                     g.output("y", g.add(g.input("x", Shape{batch, 7, 16}), table));
                   }});
  cases.push_back({"a value added to itself", [](Graph& g, int64_t batch) {
                     const Value x = g.affine(g.input("x", Shape{batch, 8}), 2);
                     g.output("y", g.add(x, x));
                   }});
}

void add_rearranging_cases(std::vector<Case>& cases) {
  cases.push_back({"concat", [](Graph& g, int64_t batch) {
                     const Value a = picture(g, batch, 3, 4, 5);
                     const Value b = g.input("b", Shape{batch, 3, 4, 16});
                     g.output("y", g.concat({a, b, a}));
                   }});
  cases.push_back(
      {"slice", [](Graph& g, int64_t batch) { g.output("y", g.slice(picture(g, batch, 3, 4, 15), 7, 5)); }});
  for (const auto& [height, width] : {std::pair{10, 14}, {7, 9}, {5, 7}, {3, 20}}) {
    cases.push_back({fmt::format("upsample_nearest to {}x{}", height, width),
                     [height = height, width = width](Graph& g, int64_t batch) {
                       g.output("y", g.upsample_nearest(picture(g, batch, 5, 7, 12), height, width));
                     }});
  }
  cases.push_back({"pixel_shuffle", [](Graph& g, int64_t batch) {
                     g.output("y", g.pixel_shuffle(picture(g, batch, 3, 5, 27), 3));
                   }});
  cases.push_back({"pixel_unshuffle", [](Graph& g, int64_t batch) {
                     g.output("y", g.pixel_unshuffle(picture(g, batch, 6, 4, 5), 2));
                   }});
  cases.push_back({"embedding and take_row", [](Graph& g, int64_t batch) {
                     const Value ids = g.input_ids("ids", Shape{batch, 9});
                     const Value tokens = g.embedding(ids, kTop / "table", 50, 24);
                     g.output("tokens", tokens);
                     g.output("row", g.take_row(tokens, g.input_ids("row", Shape{batch})));
                   }});
  for (const bool flip : {false, true}) {
    cases.push_back({fmt::format("sinusoid_embedding flip {}", flip), [=](Graph& g, int64_t batch) {
                       const op::SinusoidEmbedding options{
                           .width = 32, .flip_sin_to_cos = flip, .shift = flip ? 0.f : 1.f, .scale = 1000};
                       g.output("y", g.sinusoid_embedding(g.input("t", Shape{batch, 3}), options));
                     }});
  }
  cases.push_back({"reshape", [](Graph& g, int64_t batch) {
                     const Value flat = g.reshape(picture(g, batch, 4, 6, 8), Shape{batch, 24, 8});
                     g.output("flat", flat);
                     g.output("back", g.reshape(g.silu(flat), Shape{batch, 4, 6, 8}));
                   }});
  cases.push_back({"an input as an output", [](Graph& g, int64_t batch) {
                     g.output("y", g.input("x", Shape{batch, 5}));
                   }});
}

}  // namespace

std::vector<Case> operator_cases() {
  std::vector<Case> cases;
  add_linear_cases(cases);
  add_int8_cases(cases);
  add_convolution_cases(cases);
  add_norm_cases(cases);
  add_attention_cases(cases);
  add_elementwise_cases(cases);
  add_rearranging_cases(cases);
  return cases;
}

}  // namespace limner::conformance
