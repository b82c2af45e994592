// Pieces of real networks: what fusion, reuse of memory and aliases can get wrong that no single operator
// can.

#include "backend/conformance.h"

namespace limner::conformance {
namespace {

/// A residual block of a U-Net: norm, convolution, time embedding, norm, convolution, shortcut.
Value residual_block(Graph& g, Value x, Value time, const Scope& w, int64_t out) {
  const int64_t batch = g.shape(x)[0];
  Value h = g.conv2d(g.silu(g.group_norm(x, w / "norm1", 8, 1e-5f)), w / "conv1", {.out = out});
  const Value shift = g.linear(g.silu(time), w / "time", out);
  h = g.add(h, g.reshape(shift, Shape{batch, 1, 1, out}));
  h = g.conv2d(g.silu(g.group_norm(h, w / "norm2", 8, 1e-5f)), w / "conv2", {.out = out});
  const bool same = g.shape(x).back() == out;
  const Value shortcut = same ? x : g.conv2d(x, w / "shortcut", {.out = out, .kernel = 1});
  return g.affine(g.add(shortcut, h), 0.5f);
}

/// Attention to itself and to a context, and a gated feed-forward layer.
Value transformer_block(Graph& g, Value picture, Value context, const Scope& w, int64_t heads) {
  const Shape shape = g.shape(picture);
  const int64_t channels = shape[3];
  Value h = g.reshape(picture, Shape{shape[0], shape[1] * shape[2], channels});
  for (const char* name : {"self", "cross"}) {
    const Scope at = w / name;
    const Value n = g.layer_norm(h, at / "norm", 1e-5f);
    const Value from = at.path.ends_with("self") ? n : context;
    const Value mixed =
        g.attention(g.linear(n, at / "q", channels, false), g.linear(from, at / "k", channels, false),
                    g.linear(from, at / "v", channels, false), heads);
    h = g.add(g.linear(mixed, at / "out", channels), h);
  }
  const Value gated = g.geglu(g.linear(g.layer_norm(h, w / "norm3", 1e-5f), w / "ff1", channels * 8));
  h = g.add(g.linear(gated, w / "ff2", channels), h);
  return g.add(g.reshape(h, shape), picture);
}

void tiny_unet(Graph& g, int64_t batch) {
  const Scope w{"unet"};
  const Value x = g.input("x", Shape{batch, 12, 8, 4});
  const Value context = g.input("context", Shape{batch, 7, 24});
  Value time = g.sinusoid_embedding(g.input("t", Shape{batch}), {.width = 32});
  time = g.linear(g.silu(g.linear(time, w / "time1", 64)), w / "time2", 64);
  std::vector<Value> skips;
  Value h = g.conv2d(x, w / "conv_in", {.out = 32});
  skips.push_back(h);
  h = residual_block(g, h, time, w / "down0", 32);
  h = transformer_block(g, h, context, w / "attention0", 4);
  skips.push_back(h);
  h = g.conv2d(h, w / "downsample", {.out = 32, .stride = 2});
  skips.push_back(h);
  h = residual_block(g, h, time, w / "down1", 64);
  h = transformer_block(g, h, context, w / "attention1", 4);
  h = residual_block(g, g.concat({h, skips[2]}), time, w / "up0", 64);
  h = g.conv2d(g.upsample_nearest(h, 12, 8), w / "upsample", {.out = 64});
  h = residual_block(g, g.concat({h, skips[1]}), time, w / "up1", 32);
  h = residual_block(g, g.concat({h, skips[0]}), time, w / "up2", 32);
  h = g.silu(g.group_norm(h, w / "norm_out", 8, 1e-5f));
  g.output("noise", g.conv2d(h, w / "conv_out", {.out = 4}));
}

void tiny_text_encoder(Graph& g, int64_t batch) {
  const Scope w{"text"};
  Value h = g.embedding(g.input_ids("ids", Shape{batch, 11}), w / "tokens", 30, 32);
  h = g.add(h, g.constant("text.positions.weight", Shape{11, 32}, Shape{1, 11, 32}));
  for (int64_t layer = 0; layer < 3; ++layer) {
    const Scope at = w / layer;
    const Value n = g.layer_norm(h, at / "norm1", 1e-5f);
    const Value mixed =
        g.attention(g.linear(n, at / "q", 32), g.linear(n, at / "k", 32), g.linear(n, at / "v", 32), 4, true);
    h = g.add(h, g.linear(mixed, at / "out", 32));
    const Value wide = g.activation(g.linear(g.layer_norm(h, at / "norm2", 1e-5f), at / "fc1", 128),
                                    op::Activation::quick_gelu);
    h = g.add(h, g.linear(wide, at / "fc2", 32));
    if (layer == 1) g.output("penultimate", h);
  }
  const Value last = g.layer_norm(h, w / "final", 1e-5f);
  g.output("last", last);
  g.output("pooled", g.take_row(last, g.input_ids("end", Shape{batch})));
}

void tiny_decoder(Graph& g, int64_t batch) {
  const Scope w{"vae"};
  const Value z = g.activation(g.input("z", Shape{batch, 6, 6, 4}), op::Activation::soft_clip, 3);
  Value h = g.relu(g.conv2d(z, w / "in", {.out = 16}));
  for (int64_t block = 0; block < 2; ++block) {
    const Scope at = w / block;
    Value b = g.relu(g.conv2d(h, at / "0", {.out = 16}));
    b = g.relu(g.conv2d(b, at / "2", {.out = 16}));
    h = g.relu(g.add(g.conv2d(b, at / "4", {.out = 16}), h));
  }
  h = g.upsample_nearest(h, 12, 12);
  // The same value as operand and as residual, and a result that is both used and given out.
  const Value same = g.add(g.conv2d(h, w / "same", {.out = 16}), h);
  g.output("features", same);
  g.output("twice", same);
  g.output("picture", g.conv2d(same, w / "out", {.out = 3}));
  g.output("residual", g.add(g.conv2d(same, w / "last", {.out = 16}), same));
}

}  // namespace

std::vector<Case> network_cases() {
  // Tens of roundings in a row: their errors add like a random walk.
  return {{"tiny unet", tiny_unet, {}, 0.06},
          {"tiny unet, tiling", tiny_unet, {true, true}, 0.06},
          {"tiny text encoder", tiny_text_encoder, {}, 0.03},
          {"tiny decoder", tiny_decoder, {}, 0.03},
          {.name = "tiny unet, int8",
           .describe = tiny_unet,
           .tolerance_bf16 = 0.2,
           .int8 = true,
           .tolerance_int8 = 0.05},
          {.name = "tiny text encoder, int8",
           .describe = tiny_text_encoder,
           .tolerance_bf16 = 0.2,
           .int8 = true,
           .tolerance_int8 = 0.05}};
}

}  // namespace limner::conformance
