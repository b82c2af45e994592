#include "audit/merkle_proof.h"

#include <gtest/gtest.h>

#include "audit/merkle_tree.h"
#include "base/crypto.h"

namespace limner {
namespace {

// The eight leaves and roots that Certificate Transparency's implementations are tested with.
struct Known {
  std::string leaf;
  const char* root;
};
const Known kKnown[] = {
    {"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
    {std::string(1, '\0'), "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
    {"\x10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
    {"\x20\x21", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
    {"\x30\x31", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
    {"\x40\x41\x42\x43", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
    {"\x50\x51\x52\x53\x54\x55\x56\x57", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
    {"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
     "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"}};

std::vector<std::string> leaves_of(size_t count) {
  std::vector<std::string> leaves;
  for (size_t i = 0; i < count; ++i) leaves.push_back(leaf_hash("leaf " + std::to_string(i)));
  return leaves;
}

// The RFC's definition of the root, word by word.
std::string defined_root(std::span<const std::string> leaves) {
  if (leaves.empty()) return sha256_bytes("");
  if (leaves.size() == 1) return leaves[0];
  size_t k = 1;
  while (2 * k < leaves.size()) k *= 2;
  return node_hash(defined_root(leaves.first(k)), defined_root(leaves.subspan(k)));
}

TEST(MerkleTree, HasTheKnownRoots) {
  MerkleFrontier tree;
  EXPECT_EQ(to_hex(tree.root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  for (const Known& known : kKnown) {
    tree.append(leaf_hash(known.leaf));
    EXPECT_EQ(to_hex(tree.root()), known.root) << tree.size();
  }
}

TEST(MerkleTree, HasTheRootOfItsDefinitionAndGoesOnFromItsFrontier) {
  const std::vector<std::string> leaves = leaves_of(130);
  MerkleFrontier tree;
  for (size_t size = 0; size <= leaves.size(); ++size) {
    EXPECT_EQ(tree.root(), defined_root(std::span(leaves).first(size))) << size;
    tree = MerkleFrontier::from_bytes(size, tree.bytes()).value();
    if (size < leaves.size()) tree.append(leaves[size]);
  }
  EXPECT_EQ(MerkleFrontier::from_bytes(3, std::string(32, 'x')).error().code, Code::data_loss);
}

TEST(MerkleProof, ProvesEveryLeafOfEverySmallTreeAndNothingElse) {
  for (size_t size = 1; size <= 33; ++size) {
    const std::vector<std::string> leaves = leaves_of(size);
    const std::string root = tree_root(leaves);
    for (size_t index = 0; index < size; ++index) {
      std::vector<std::string> path = inclusion_path(leaves, index).value();
      EXPECT_TRUE(proves_inclusion(leaves[index], index, size, path, root)) << size << ' ' << index;
      for (size_t other = 0; other < size; ++other)
        EXPECT_FALSE(other != index && proves_inclusion(leaves[index], other, size, path, root))
            << size << ' ' << index << ' ' << other;
      EXPECT_FALSE(proves_inclusion(leaf_hash("another"), index, size, path, root));
      EXPECT_FALSE(proves_inclusion(leaves[index], index, size, path, leaf_hash("another")));
      EXPECT_FALSE(proves_inclusion(leaves[index], size, size, path, root));
      for (std::string& hash : path) {
        hash[5] = static_cast<char>(hash[5] ^ 1);
        EXPECT_FALSE(proves_inclusion(leaves[index], index, size, path, root));
        hash[5] = static_cast<char>(hash[5] ^ 1);
      }
      path.push_back(root);
      EXPECT_FALSE(proves_inclusion(leaves[index], index, size, path, root));
      path.pop_back();
      if (!path.empty()) {
        path.pop_back();
        EXPECT_FALSE(proves_inclusion(leaves[index], index, size, path, root));
      }
    }
    EXPECT_EQ(inclusion_path(leaves, size).error().code, Code::invalid);
  }
}

TEST(MerkleProof, ProvesThatEverySmallTreeGrewFromEverySmallerOne) {
  for (size_t size = 1; size <= 33; ++size) {
    const std::vector<std::string> leaves = leaves_of(size);
    const std::string root = tree_root(leaves);
    for (size_t old_size = 1; old_size <= size; ++old_size) {
      const std::string old_root = tree_root(std::span(leaves).first(old_size));
      std::vector<std::string> path = consistency_path(leaves, old_size).value();
      EXPECT_TRUE(proves_consistency(old_size, old_root, size, root, path)) << old_size << ' ' << size;
      EXPECT_FALSE(proves_consistency(old_size, leaf_hash("another"), size, root, path));
      EXPECT_FALSE(proves_consistency(old_size, old_root, size, leaf_hash("another"), path));
      EXPECT_FALSE(proves_consistency(old_size, old_root, old_size - 1, root, path));
      for (std::string& hash : path) {
        hash[31] = static_cast<char>(hash[31] ^ 128);
        EXPECT_FALSE(proves_consistency(old_size, old_root, size, root, path)) << old_size << ' ' << size;
        hash[31] = static_cast<char>(hash[31] ^ 128);
      }
      path.push_back(root);
      EXPECT_FALSE(proves_consistency(old_size, old_root, size, root, path)) << old_size << ' ' << size;
    }
    EXPECT_EQ(consistency_path(leaves, 0).error().code, Code::invalid);
    EXPECT_EQ(consistency_path(leaves, size + 1).error().code, Code::invalid);
  }
}

TEST(MerkleProof, FindsAHistoryThatWasRewritten) {
  std::vector<std::string> leaves = leaves_of(20);
  const std::string old_root = tree_root(std::span(leaves).first(13));
  leaves[4] = leaf_hash("what is said now");
  const std::vector<std::string> path = consistency_path(leaves, 13).value();
  EXPECT_FALSE(proves_consistency(13, old_root, 20, tree_root(leaves), path));
}

}  // namespace
}  // namespace limner
