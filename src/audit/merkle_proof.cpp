#include "audit/merkle_proof.h"

#include <fmt/format.h>

#include <bit>

#include "audit/merkle_tree.h"

namespace limner {
namespace {

using Leaves = std::span<const std::string>;
using Path = std::vector<std::string>;

// The RFC's k: the largest power of two below n; n is at least 2.
size_t left_size(size_t n) { return std::bit_floor(n - 1); }

// PATH of RFC 9162 2.1.3.1.
void walk_to_leaf(Leaves leaves, size_t index, Path& path) {
  if (leaves.size() <= 1) return;
  const size_t left = left_size(leaves.size());
  if (index < left) {
    walk_to_leaf(leaves.first(left), index, path);
    path.push_back(tree_root(leaves.subspan(left)));
  } else {
    walk_to_leaf(leaves.subspan(left), index - left, path);
    path.push_back(tree_root(leaves.first(left)));
  }
}

// SUBPROOF of RFC 9162 2.1.4.1. `known`: the verifier has the root of these leaves as the old root.
void walk_to_old(Leaves leaves, size_t old_size, bool known, Path& path) {
  if (old_size == leaves.size()) {
    if (!known) path.push_back(tree_root(leaves));
    return;
  }
  const size_t left = left_size(leaves.size());
  if (old_size <= left) {
    walk_to_old(leaves.first(left), old_size, known, path);
    path.push_back(tree_root(leaves.subspan(left)));
  } else {
    walk_to_old(leaves.subspan(left), old_size - left, false, path);
    path.push_back(tree_root(leaves.first(left)));
  }
}

}  // namespace

Result<std::vector<std::string>> inclusion_path(Leaves leaves, uint64_t index) {
  if (index >= leaves.size())
    return invalid("index", fmt::format("{} is not within a tree of {}", index, leaves.size()));
  Path path;
  walk_to_leaf(leaves, index, path);
  return path;
}

Result<std::vector<std::string>> consistency_path(Leaves leaves, uint64_t old_size) {
  if (old_size == 0 || old_size > leaves.size())
    return invalid("old_size", fmt::format("{} is not within 1 to {}", old_size, leaves.size()));
  Path path;
  walk_to_old(leaves, old_size, true, path);
  return path;
}

bool proves_inclusion(std::string_view leaf_hash, uint64_t index, uint64_t size, Leaves path,
                      std::string_view root) {
  if (index >= size) return false;
  uint64_t node = index, last = size - 1;
  std::string hash(leaf_hash);
  for (const std::string& sibling : path) {
    if (last == 0) return false;
    if ((node & 1) || node == last) {
      hash = node_hash(sibling, hash);
      // A last node without a sibling moves up by itself.
      while (!(node & 1) && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      hash = node_hash(hash, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && hash == root;
}

bool proves_consistency(uint64_t old_size, std::string_view old_root, uint64_t size, std::string_view root,
                        Leaves path) {
  if (old_size == 0 || old_size > size) return false;
  if (old_size == size) return path.empty() && old_root == root;
  // A perfect old tree is a node of the new one: its root is where the walk begins.
  const bool perfect = std::has_single_bit(old_size);
  if (path.empty() && !perfect) return false;
  std::string old_hash(perfect ? old_root : std::string_view(path[0]));
  std::string new_hash = old_hash;
  uint64_t node = old_size - 1, last = size - 1;
  while (node & 1) {
    node >>= 1;
    last >>= 1;
  }
  for (const std::string& sibling : path.subspan(perfect ? 0 : 1)) {
    if (last == 0) return false;
    if ((node & 1) || node == last) {
      old_hash = node_hash(sibling, old_hash);
      new_hash = node_hash(sibling, new_hash);
      while (!(node & 1) && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      new_hash = node_hash(new_hash, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && old_hash == old_root && new_hash == root;
}

}  // namespace limner
