#include "api/http/authentication.h"

#include "api/http/header_text.h"
#include "base/crypto.h"

namespace limner {
namespace {

// Where a request without a key is remembered: no SHA-256 looks like this.
const std::string kAnonymous = "anonymous";
constexpr size_t kApiKeyBytesMax = 512;

Error unauthenticated(std::string message, std::string hint) {
  return {Code::unauthenticated, "Authorization", std::move(message), std::move(hint)};
}

}  // namespace

Result<std::optional<std::string>> key_in_authorization(std::string_view header) {
  if (header.empty()) return std::optional<std::string>();
  const size_t space = std::min(header.find(' '), header.size());
  const std::string scheme = lower_case(header.substr(0, space));
  const std::string_view given = trimmed(header.substr(space));
  const char* hint = "send Authorization: Bearer KEY, or Basic with the key as password";
  if (scheme == "bearer" && !given.empty() && given.size() <= kApiKeyBytesMax)
    return std::optional<std::string>(given);
  if (scheme == "basic") {
    const Result<std::string> pair = from_base64(given, "Authorization", kApiKeyBytesMax);
    const size_t colon = pair ? pair.value().find(':') : std::string::npos;
    if (colon == std::string::npos) return unauthenticated("not Basic's base64 of USER:PASSWORD", hint);
    return std::optional<std::string>(pair.value().substr(colon + 1));
  }
  return unauthenticated("neither a Bearer nor a Basic credential", hint);
}

std::optional<Authenticator::Entry> Authenticator::entry(const std::string& secret_sha256) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(secret_sha256);
  if (found == entries_.end()) return std::nullopt;
  return found->second;
}

std::shared_ptr<const KeyHolder> Authenticator::fresh(const std::string& secret_sha256) const {
  const std::optional<Entry> found = entry(secret_sha256);
  if (!found || clock_.steady() - found->asked >= kFreshUs) return nullptr;
  return found->holder;
}

bool Authenticator::known(const std::string& secret_sha256) const {
  const std::optional<Entry> found = entry(secret_sha256);
  return found && clock_.steady() - found->asked < kKnownUs;
}

void Authenticator::remember(const std::string& secret_sha256, std::shared_ptr<const KeyHolder> holder) {
  const TimeUs now = clock_.steady();
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= kRememberedMax)
    std::erase_if(entries_, [&](const auto& item) { return now - item.second.asked >= kFreshUs; });
  if (entries_.size() >= kRememberedMax) entries_.clear();
  entries_[secret_sha256] = {std::move(holder), now};
}

Result<std::shared_ptr<const KeyHolder>> Authenticator::look_up(const std::string& secret_sha256) {
  if (auto holder = fresh(secret_sha256)) return holder;
  Result<ApiKey> key = ledger_.tenants().find_key_by_secret(secret_sha256);
  if (!key && key.error().code == Code::not_found)
    return unauthenticated("no such key", "check the key, or ask the operator for a new one");
  if (!key) return std::move(key).error();
  Tenant tenant = TRY(ledger_.tenants().find(key.value().tenant));
  auto holder = std::make_shared<const KeyHolder>(KeyHolder{std::move(key).value(), std::move(tenant)});
  remember(secret_sha256, holder);
  if (check(*holder)) ledger_.tenants().touch_key(holder->key.id, clock_.now());
  return std::shared_ptr<const KeyHolder>(holder);
}

std::shared_ptr<const KeyHolder> Authenticator::fresh_anonymous() const { return fresh(kAnonymous); }

Result<ApiKey> Authenticator::anonymous_key(const Tenant& tenant) {
  const std::lock_guard lock(making_anonymous_);
  const std::vector<ApiKey> keys = TRY(ledger_.tenants().list_keys(tenant.id));
  for (const ApiKey& key : keys)
    if (key.name == kAnonymous) return key;
  const Scopes scopes = static_cast<Scopes>(Scope::draw) | static_cast<Scopes>(Scope::read);
  const NewKey fresh = make_key(tenant.id, kAnonymous, scopes, clock_.now(), 0);
  TRY(ledger_.tenants().create_key(fresh.key));
  return fresh.key;
}

Result<std::shared_ptr<const KeyHolder>> Authenticator::anonymous() {
  if (auto holder = fresh_anonymous()) return holder;
  Result<Tenant> tenant = ledger_.tenants().find_by_name("default");
  if (!tenant && tenant.error().code == Code::not_found)
    return unauthenticated("a key is needed", "there is no tenant \"default\" to act as");
  if (!tenant) return std::move(tenant).error();
  ApiKey key = TRY(anonymous_key(tenant.value()));
  auto holder = std::make_shared<const KeyHolder>(KeyHolder{std::move(key), std::move(tenant).value()});
  remember(kAnonymous, holder);
  return std::shared_ptr<const KeyHolder>(holder);
}

Result<void> Authenticator::check(const KeyHolder& holder) const {
  const TimeUs now = clock_.now();
  if (holder.key.revoked != 0)
    return unauthenticated("this key was revoked", "ask the operator for a new one");
  if (holder.key.expires != 0 && holder.key.expires <= now)
    return unauthenticated("this key has expired", "ask the operator for a new one");
  if (holder.tenant.disabled)
    return Error{Code::forbidden, "tenant", "this tenant is disabled", "ask the operator"};
  return {};
}

}  // namespace limner
