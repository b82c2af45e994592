#pragma once
// What may not be deleted while its tenant is under a legal hold.

#include "base/result.h"
#include "ledger/sqlite/connection.h"

namespace limner::sqlite {

/// `conflict` if nothing of this tenant may be deleted.
Result<void> check_no_hold(Connection& db, std::string_view tenant);

}  // namespace limner::sqlite
