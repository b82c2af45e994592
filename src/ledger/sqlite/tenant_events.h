#pragma once
// Changes of tenants and keys, as the audit log has them: what changed, and no name.

#include "audit/audit_event.h"
#include "ledger/tenants.h"

namespace limner::sqlite {

AuditEvent tenant_made(const Tenant& tenant, const AuditParty& by);
/// Details are the members that differ, each [before, after]; of a secret, that it changed.
AuditEvent tenant_changed(const Tenant& before, const Tenant& after, const AuditParty& by);

AuditEvent key_made(const ApiKey& key, const AuditParty& by);
/// "key.revoke" if that is what happened, else "key.change".
AuditEvent key_changed(const ApiKey& before, const ApiKey& after, const AuditParty& by);
AuditEvent key_rotated(std::string_view old_id, const ApiKey& fresh, TimeUs old_expires,
                       const AuditParty& by);

}  // namespace limner::sqlite
