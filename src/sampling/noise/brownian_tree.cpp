#include "sampling/noise/brownian_tree.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/check.h"
#include "sampling/noise/seed_sequence.h"
#include "sampling/noise/torch.h"

namespace limner {
namespace {

constexpr int kDepthMax = 64;

/// Python's round(value, 6): the decimal nearest to the double's exact value, then the double nearest to
/// that.
double rounded(double value) {
  std::array<char, 64> text;  // levels are floats, below 2^128, which is 39 digits before the point
  const auto written =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, 6);
  std::from_chars(text.data(), written.ptr, value);
  return value;
}

/// How often an interval can be split until it is as short as the rounding, which may lengthen a half by one
/// place.
int depth_bound(double length) {
  const int depth = static_cast<int>(std::ceil(std::log2(length * 1e6 + 1))) + 2;
  LIMNER_CHECK(depth <= kDepthMax, "noise levels are below 2^40");
  return depth;
}

}  // namespace

double BrownianTree::Node::middle() const { return rounded(0.5 * (end + start)); }

BrownianTree::Node BrownianTree::Node::half(bool left) const {
  if (left) return {start, middle(), 2 * key, depth + 1};
  return {middle(), end, 2 * key + 1, depth + 1};
}

BrownianTree::BrownianTree(uint64_t seed, float low, float high, size_t size)
    : seed_(seed),
      size_(size),
      root_{rounded(low), rounded(high)},
      total_(size),
      increment_(size),
      normals_(size) {
  LIMNER_CHECK(low < high, "a path runs over an interval");
  const double length = double{high} - double{low};
  const auto depth = static_cast<size_t>(depth_bound(length));
  for (Way* way : {&to_start_, &to_end_}) {
    way->keys.resize(depth);
    way->goes_left.resize(depth);
    way->left.resize(depth * size);
  }
  TorchStream(seed_sequence_word(seed_, {})).normal(total_);
  const float deviation = static_cast<float>(std::sqrt(length));
  for (float& value : total_) value *= deviation;
}

void BrownianTree::noise(float from, float to, std::span<float> out) {
  LIMNER_CHECK(out.size() == size_, "one element of noise for each of the latent");
  const auto inside = [&](double level) { return rounded(std::clamp(level, root_.start, root_.end)); };
  const Interval query{inside(std::min(from, to)), inside(std::max(from, to))};
  if (query.start >= query.end) {
    std::ranges::fill(out, 0.0f);
    return;
  }
  // A step begins where the one before ended: going down in noise, its upper end was the lower one.
  if (to_start_.level == query.end) std::swap(to_start_, to_end_);
  walk(to_start_, query, true);
  walk(to_end_, query, false);
  sum(to_start_, to_end_, out);
  const float sign = from < to ? 1.0f : -1.0f;
  const float deviation = std::sqrt(std::abs(to - from));
  for (float& value : out) value = value * sign / deviation;
}

// Goes down to the largest node inside the query that begins (or ends) where the query does.
void BrownianTree::walk(Way& way, const Interval& query, bool to_start) {
  way.level = to_start ? query.start : query.end;
  std::ranges::copy(total_, increment_.begin());
  Node node = root_;
  while (node.start < query.start || node.end > query.end) {
    const auto depth = static_cast<size_t>(node.depth);
    LIMNER_CHECK(depth < way.keys.size(), "the tree is no deeper than its rounding allows");
    const std::span<float> left(way.left.data() + depth * size_, size_);
    if (node.depth >= way.known || way.keys[depth] != node.key) {
      draw_left(node, left);
      way.keys[depth] = node.key;
      way.known = node.depth + 1;
    }
    const double middle = node.middle();
    const bool go_left = to_start ? query.start < middle : query.end <= middle;
    way.goes_left[depth] = go_left;
    for (size_t i = 0; i < size_; ++i) increment_[i] = go_left ? left[i] : increment_[i] - left[i];
    node = node.half(go_left);
  }
  way.length = node.depth;
}

// The Brownian bridge: given the node's increment, its left half's is normal about its share of it, with
// variance left * right / whole.
void BrownianTree::draw_left(const Node& node, std::span<float> out) {
  const double left = node.middle() - node.start, right = node.end - node.middle();
  const double per_length = 1 / (node.end - node.start);
  const float share = static_cast<float>(left), scale = static_cast<float>(per_length);
  const float deviation = static_cast<float>(std::sqrt(left * right * per_length));
  const uint64_t spawn_key[] = {node.key, static_cast<uint64_t>(node.depth)};
  TorchStream(seed_sequence_word(seed_, spawn_key)).normal(normals_);
  for (size_t i = 0; i < size_; ++i) out[i] = share * increment_[i] * scale + deviation * normals_[i];
}

// Adds up the fewest nodes that make up the query, from left to right as torchsde does. Above the split that
// parts the two ways they are one; below it, the way to the start leaves right halves to be added, the way to
// the end left ones.
void BrownianTree::sum(const Way& start, const Way& end, std::span<float> out) const {
  int split = 0;
  while (split < start.length && split < end.length && start.goes_left[split] == end.goes_left[split])
    ++split;
  std::array<float, kDepthMax + 1> node;
  for (size_t i = 0; i < size_; ++i) {
    const auto left = [&](const Way& way, int depth) {
      return way.left[static_cast<size_t>(depth) * size_ + i];
    };
    node[0] = total_[i];
    for (int d = 0; d < start.length; ++d)
      node[d + 1] = start.goes_left[d] ? left(start, d) : node[d] - left(start, d);
    float total = node[start.length];
    for (int d = start.length - 1; d > split; --d)
      if (start.goes_left[d]) total += node[d] - left(start, d);
    if (split < end.length) {
      float rest = node[split] - left(end, split);
      for (int d = split + 1; d < end.length; ++d) {
        if (!end.goes_left[d]) total += left(end, d);
        rest = end.goes_left[d] ? left(end, d) : rest - left(end, d);
      }
      total += rest;
    }
    out[i] = total;
  }
}

}  // namespace limner
