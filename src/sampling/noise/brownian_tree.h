#pragma once
// A Brownian path that two visits of the same noise levels find unchanged, whatever the steps between them
// were.

#include <cstdint>
#include <span>
#include <vector>

namespace limner {

/// torchsde 0.2.6's BrownianInterval as k-diffusion and diffusers use it (BrownianTreeNoiseSampler:
/// halfway_tree, tol 1e-6, pool_size 24), seed for seed: an increment depends on the seed, the path's ends
/// and its own two ends only.
///
/// The interval is split in halves down to 1e-6. A split draws the increment of its left half by the Brownian
/// bridge, from a PyTorch normal stream of its own, seeded by NumPy's SeedSequence(seed, spawn_key = place in
/// the tree). torchsde keeps a tree and a cache; here the splits on the ways to the last two levels are kept,
/// so that a step costs some 20 latents of random numbers for each level not visited just before, and memory
/// two latents a split (about 52). Not thread-safe: a picture owns its tree. Sources: Li et al. 2020
/// (arXiv:2001.01328), virtual Brownian tree; Kidger et al. 2021 (arXiv:2105.13493), section 4.
class BrownianTree {
 public:
  /// A path over the noise levels low < high, of `size` independent elements.
  BrownianTree(uint64_t seed, float low, float high, size_t size);

  /// out = the path's increment from level `from` to level `to`, scaled to unit variance: standard normal
  /// noise for that step. Levels outside [low, high] are moved to its ends; an interval shorter than 1e-6
  /// gives 0. Allocates nothing.
  void noise(float from, float to, std::span<float> out);

 private:
  struct Node {
    double start, end;
    uint64_t key = 0;  ///< place among the nodes of its depth, from the left
    int depth = 0;
    double middle() const;
    Node half(bool left) const;
  };
  struct Interval {
    double start, end;
  };
  /// The splits on the way from the root to the node at whose start (or end) a level lies.
  struct Way {
    double level = 0;
    int length = 0;
    std::vector<uint64_t> keys;   ///< [depth]: of the node split there
    std::vector<char> goes_left;  ///< [depth]
    std::vector<float> left;      ///< [depth, element]: increments of the left halves
    int known = 0;                ///< how many of keys and left are filled
  };

  void walk(Way& way, const Interval& query, bool to_start);
  void draw_left(const Node& node, std::span<float> left);
  void sum(const Way& start, const Way& end, std::span<float> out) const;

  uint64_t seed_;
  size_t size_;
  Node root_;
  std::vector<float> total_;      ///< the root's increment
  std::vector<float> increment_;  ///< of the node a walk has come to
  std::vector<float> normals_;
  Way to_start_, to_end_;
};

}  // namespace limner
