#include "audit/merkle_tree.h"
#include "base/crypto.h"
#include "ledger/audit.h"

namespace limner {

Json sealed_values_json(const std::vector<SealedValue>& sealed) {
  Json values = Json::object();
  for (const SealedValue& value : sealed)
    values[value.name] = {{"salt", to_base64(value.salt)}, {"value", value.value}};
  return values;
}

Json audit_proof_json(const AuditProof& proof) {
  Json path = Json::array();
  for (const std::string& hash : proof.path) path.push_back(to_base64(hash));
  return {{"seq", proof.record.seq},
          {"leaf", proof.record.leaf},
          {"leaf_hash", to_base64(leaf_hash(proof.record.leaf))},
          {"size", proof.size},
          {"path", std::move(path)},
          {"checkpoint", proof.checkpoint},
          {"sealed", sealed_values_json(proof.record.sealed)}};
}

}  // namespace limner
