#include "ledger/sqlite/legal_hold.h"

namespace limner::sqlite {

Result<void> check_no_hold(Connection& db, std::string_view tenant) {
  const int64_t held = TRY(db.integer("SELECT legal_hold FROM tenants WHERE id = ?", {tenant}));
  if (held)
    return Error{Code::conflict, "legal_hold", "the tenant is under a legal hold: nothing of it is deleted",
                 "limner tenant set NAME --legal-hold off"};
  return {};
}

}  // namespace limner::sqlite
