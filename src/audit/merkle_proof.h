#pragma once
// Proofs about a Merkle tree that need a few hashes of it, and their verification by who has not the tree.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace limner {

/// The hashes that lead from leaf `index` to the root of `leaves` (RFC 9162 section 2.1.3.1). `invalid` if
/// there is no such leaf. Takes a hash for each leaf.
Result<std::vector<std::string>> inclusion_path(std::span<const std::string> leaves, uint64_t index);

/// The hashes that show that the tree of `leaves` grew from that of its first `old_size` (RFC 9162 section
/// 2.1.4.1). `invalid` unless 0 < old_size <= the number of leaves.
Result<std::vector<std::string>> consistency_path(std::span<const std::string> leaves, uint64_t old_size);

/// Whether a leaf of this hash is number `index` of the tree of `size` leaves with this root (2.1.3.2).
bool proves_inclusion(std::string_view leaf_hash, uint64_t index, uint64_t size,
                      std::span<const std::string> path, std::string_view root);

/// Whether the tree of `size` leaves holds that of `old_size` unchanged (2.1.4.2).
bool proves_consistency(uint64_t old_size, std::string_view old_root, uint64_t size, std::string_view root,
                        std::span<const std::string> path);

}  // namespace limner
