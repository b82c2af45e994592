#pragma once
// The audit log against itself, its key and its witnesses.

#include <filesystem>
#include <vector>

#include "ledger/ledger.h"
#include "ledger/sqlite/connection.h"

namespace limner::sqlite {

/// Within a snapshot. Adds what does not agree to `found`.
Result<AuditReport> check_audit(Connection& db, const std::filesystem::path& key_path,
                                const AuditWitness& witness, std::vector<Disagreement>& found);

}  // namespace limner::sqlite
