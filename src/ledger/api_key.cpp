// Keys: how they are made, what they allow.

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/ids.h"
#include "ledger/tenants.h"

namespace limner {
namespace {

constexpr std::pair<Scope, const char*> kScopes[] = {
    {Scope::draw, "draw"}, {Scope::read, "read"}, {Scope::review, "review"}, {Scope::admin, "admin"}};

}  // namespace

const char* scope_name(Scope scope) {
  for (const auto& [value, name] : kScopes)
    if (value == scope) return name;
  return "";
}

Result<Scope> scope_from_name(std::string_view name) {
  for (const auto& [value, known] : kScopes)
    if (name == known) return value;
  return invalid("scope", fmt::format("'{}' is not one of draw, read, review, admin", name.substr(0, 40)));
}

bool ApiKey::allows(Scope scope) const {
  return (scopes & (static_cast<Scopes>(scope) | static_cast<Scopes>(Scope::admin))) != 0;
}

bool ApiKey::valid_at(TimeUs now) const {
  return (revoked == 0 || now < revoked) && (expires == 0 || now < expires);
}

NewKey make_key(std::string_view tenant, std::string_view name, Scopes scopes, TimeUs now, TimeUs expires) {
  NewKey made;
  made.text = "lim_" + to_base64url(random_bytes(32));
  made.key.id = new_id("key");
  made.key.tenant = tenant;
  made.key.name = name;
  made.key.secret_sha256 = secret_sha256(made.text);
  made.key.scopes = scopes;
  made.key.created = now;
  made.key.expires = expires;
  return made;
}

std::string secret_sha256(std::string_view key_text) { return to_hex(sha256_bytes(key_text)); }

}  // namespace limner
