#pragma once
// The audit log: who did what to whom and when, in an append-only Merkle tree with signed checkpoints.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/audit_event.h"
#include "base/json.h"
#include "base/result.h"

namespace limner {

/// A leaf as it is kept.
struct AuditRecord {
  uint64_t seq = 0;
  std::string leaf;                 ///< canonical JSON: audit/audit_event.h
  std::vector<SealedValue> sealed;  ///< those that were not erased
};

struct AuditQuery {
  std::string action;              ///< empty: all
  std::string about;               ///< id of what it is about or who did it; empty: all
  std::optional<uint64_t> before;  ///< older than this leaf
  int limit = 50;                  ///< 1 to 500
};

/// Shows that a leaf is in the log to who has no more than a checkpoint.
struct AuditProof {
  AuditRecord record;
  uint64_t size = 0;              ///< of the tree
  std::vector<std::string> path;  ///< hashes of 32 bytes, from the leaf to the root
  std::string checkpoint;         ///< signed
};

/// {"seq", "leaf", "leaf_hash", "size", "path", "checkpoint", "sealed"}: hashes in base64, as checkpoints
/// have them.
Json audit_proof_json(const AuditProof& proof);
/// {NAME: {"salt", "value"}}: what shows that a hash in the leaf is that of a value.
Json sealed_values_json(const std::vector<SealedValue>& sealed);

/// Changes of tenants, keys and settings, and deletions, are recorded by the methods that make them, in the
/// same transaction: what cannot be recorded is not done. This is for the rest.
class AuditTable {
 public:
  virtual ~AuditTable() = default;
  /// The leaf's number.
  virtual Result<uint64_t> record(const AuditEvent& event) = 0;
  /// Newest first.
  virtual Result<std::vector<AuditRecord>> list(const AuditQuery& query) = 0;
  /// From leaf `from` on, oldest first.
  virtual Result<std::vector<AuditRecord>> read(uint64_t from, int limit) = 0;
  /// A checkpoint of all that is in the log, made now if there is none yet; empty for an empty log.
  /// `data_loss` if the log does not agree with its last checkpoint or seals: that is not signed.
  virtual Result<std::string> checkpoint() = 0;
  /// `not_found` if there is no such leaf.
  virtual Result<AuditProof> prove(uint64_t seq) = 0;
  /// Forgets every sealed value that is `value`, and records that; how many there were.
  virtual Result<int> erase(std::string_view value, const AuditParty& by) = 0;
};

/// What is known of a log from outside its folder.
struct AuditWitness {
  std::string public_key;                ///< the log's, as a verifier key; empty: not known
  std::vector<std::string> checkpoints;  ///< that it signed before
};

struct AuditReport {
  uint64_t size = 0;     ///< leaves
  uint64_t covered = 0;  ///< by the last checkpoint
  int checkpoints = 0;
  int keys = 0;            ///< one after the other
  std::string public_key;  ///< the last
  std::string root;        ///< of the whole tree, as computed; 32 bytes
};

}  // namespace limner
