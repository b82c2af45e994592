#include "audit/row_seal.h"

#include <fmt/format.h>

#include "audit/merkle_tree.h"
#include "base/crypto.h"

namespace limner {

RowSealer::RowSealer(const NoteSigner& signer) : key_(signer.derive("limner audit seal v1")) {}

std::string RowSealer::row(std::string_view before, uint64_t seq, std::string_view leaf) const {
  return to_hex(hmac_sha256(key_, fmt::format("row\n{}\n{}\n{}", before, seq, to_hex(leaf_hash(leaf)))));
}

std::string RowSealer::head(uint64_t size, std::string_view last) const {
  return to_hex(hmac_sha256(key_, fmt::format("head\n{}\n{}", size, last)));
}

}  // namespace limner
