#pragma once
// The Merkle tree of RFC 9162 section 2.1 (RFC 6962 section 2.1): hashes of 32 bytes each.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace limner {

inline constexpr size_t kTreeHashBytes = 32;

/// SHA-256 of 0x00 and the leaf: no node can pass for a leaf, nor a leaf for a node.
std::string leaf_hash(std::string_view leaf);
/// SHA-256 of 0x01, `left` and `right`.
std::string node_hash(std::string_view left, std::string_view right);

/// A tree that only grows, as little of it as its root needs: the roots of its perfect subtrees, one for each
/// bit of its size. Appending costs at most one hash a level.
class MerkleFrontier {
 public:
  /// `hash` is a leaf_hash().
  void append(std::string hash);
  uint64_t size() const { return size_; }
  /// The tree's root hash; of no leaves, SHA-256 of nothing.
  std::string root() const;
  /// The subtree roots, the largest first, to go on from.
  std::string bytes() const;
  /// `data_loss` unless `bytes` has a hash for each bit of `size`.
  static Result<MerkleFrontier> from_bytes(uint64_t size, std::string_view bytes);

 private:
  uint64_t size_ = 0;
  std::vector<std::string> roots_;
};

/// The root hash of the tree of these leaf hashes.
std::string tree_root(std::span<const std::string> leaves);

}  // namespace limner
