#include "audit/merkle_tree.h"

#include <bit>

#include "base/crypto.h"

namespace limner {

std::string leaf_hash(std::string_view leaf) { return sha256_bytes(std::string(1, '\0').append(leaf)); }

std::string node_hash(std::string_view left, std::string_view right) {
  return sha256_bytes(std::string(1, '\1').append(left).append(right));
}

void MerkleFrontier::append(std::string hash) {
  // As in binary counting: each trailing one of the size is a perfect subtree that the new one completes.
  for (uint64_t bits = size_; bits & 1; bits >>= 1) {
    hash = node_hash(roots_.back(), hash);
    roots_.pop_back();
  }
  roots_.push_back(std::move(hash));
  ++size_;
}

std::string MerkleFrontier::root() const {
  if (roots_.empty()) return sha256_bytes("");
  std::string root = roots_.back();
  for (size_t i = roots_.size() - 1; i-- > 0;) root = node_hash(roots_[i], root);
  return root;
}

std::string MerkleFrontier::bytes() const {
  std::string all;
  for (const std::string& root : roots_) all += root;
  return all;
}

Result<MerkleFrontier> MerkleFrontier::from_bytes(uint64_t size, std::string_view bytes) {
  if (bytes.size() != static_cast<size_t>(std::popcount(size)) * kTreeHashBytes)
    return Error{Code::data_loss, "frontier", "has not a hash for each bit of the tree's size", {}};
  MerkleFrontier frontier;
  frontier.size_ = size;
  for (; !bytes.empty(); bytes.remove_prefix(kTreeHashBytes))
    frontier.roots_.emplace_back(bytes.substr(0, kTreeHashBytes));
  return frontier;
}

std::string tree_root(std::span<const std::string> leaves) {
  MerkleFrontier frontier;
  for (const std::string& leaf : leaves) frontier.append(leaf);
  return frontier.root();
}

}  // namespace limner
