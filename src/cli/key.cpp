// limner key: who may ask a server for pictures.

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/data_command.h"
#include "cli/limit_flags.h"
#include "cli/printable.h"

namespace limner {
namespace {

struct KeyFlags {
  std::filesystem::path data;
  std::string name, tenant = "default", id;
  std::vector<std::string> scopes = {"draw", "read"};
  int expires_days = 0;
  double overlap_hours = 24;
  LimitFlags limits;
  bool json = false;
};

Result<Scopes> scopes_of(const std::vector<std::string>& names) {
  Scopes scopes = 0;
  for (const std::string& name : names) {
    const Scope scope = TRY(scope_from_name(name));
    scopes |= static_cast<Scopes>(scope);
  }
  return scopes;
}

Json scope_names(Scopes scopes) {
  Json names = Json::array();
  for (const Scope scope : {Scope::draw, Scope::read, Scope::review, Scope::admin})
    if (scopes & static_cast<Scopes>(scope)) names.push_back(scope_name(scope));
  return names;
}

Result<Tenant> find_or_make_tenant(Ledger& ledger, const std::string& name, TimeUs now) {
  Result<Tenant> found = ledger.tenants().find_by_name(name);
  if (found || found.error().code != Code::not_found) return found;
  Tenant tenant;
  tenant.name = name;
  tenant.created = now;
  return ledger.tenants().create(tenant, this_person());
}

// The key alone on standard output, so that a script can take it from there. It cannot be shown again.
int show_once(const NewKey& made, const std::string& tenant, bool json) {
  if (json)
    fmt::print("{}\n", json_text({{"id", made.key.id},
                                  {"key", made.text},
                                  {"name", made.key.name},
                                  {"tenant", tenant},
                                  {"scopes", scope_names(made.key.scopes)},
                                  {"expires", time_text(made.key.expires)}},
                                 kOneLine));
  else
    fmt::print("{}\n", made.text);
  return 0;
}

Result<int> create_key(const KeyFlags& flags) {
  const SystemClock clock;
  const Scopes scopes = TRY(scopes_of(flags.scopes));
  const Limits limits = TRY(flags.limits.apply({}));
  const std::unique_ptr<Ledger> ledger = TRY(open_data_ledger(flags.data, true, clock));
  const TimeUs now = clock.now();
  const Tenant tenant = TRY(find_or_make_tenant(*ledger, flags.tenant, now));
  const TimeUs expires = flags.expires_days ? now + flags.expires_days * kDayUs : 0;
  NewKey made = make_key(tenant.id, flags.name, scopes, now, expires);
  made.key.limits = limits;
  TRY(ledger->tenants().create_key(made.key, this_person()));
  return show_once(made, tenant.name, flags.json);
}

const char* standing(const ApiKey& key, TimeUs now) {
  if (key.revoked) return "revoked";
  return key.valid_at(now) ? "valid" : "expired";
}

Json key_json(const ApiKey& key, const Tenant& tenant, TimeUs now) {
  return {{"id", key.id},
          {"name", key.name},
          {"tenant", tenant.name},
          {"state", standing(key, now)},
          {"scopes", scope_names(key.scopes)},
          {"created", time_text(key.created)},
          {"expires", time_text(key.expires)},
          {"used", time_text(key.used)},
          {"limits", limits_to_json(key.limits)}};
}

void print_key(const ApiKey& key, const Tenant& tenant, TimeUs now) {
  std::string scopes;
  for (const Json& name : scope_names(key.scopes))
    scopes += (scopes.empty() ? "" : ",") + name.get<std::string>();
  fmt::print("{}  {:<8} {:<12} {:<16} {:<22} expires {:<20}  used {}\n", key.id, standing(key, now),
             printable(tenant.name), printable(key.name), scopes, time_text(key.expires),
             time_text(key.used));
}

Result<int> list_keys(const KeyFlags& flags) {
  const SystemClock clock;
  const std::unique_ptr<Ledger> ledger = TRY(open_data_ledger(flags.data, false, clock));
  const TimeUs now = clock.now();
  Json all = Json::array();
  const std::vector<Tenant> tenants = TRY(ledger->tenants().list());
  for (const Tenant& tenant : tenants) {
    const std::vector<ApiKey> keys = TRY(ledger->tenants().list_keys(tenant.id));
    for (const ApiKey& key : keys) {
      if (!flags.json) print_key(key, tenant, now);
      all.push_back(key_json(key, tenant, now));
    }
  }
  if (flags.json) fmt::print("{}\n", json_text(all));
  return 0;
}

Result<int> revoke(const KeyFlags& flags) {
  const SystemClock clock;
  const std::unique_ptr<Ledger> ledger = TRY(open_data_ledger(flags.data, false, clock));
  ApiKey key = TRY(ledger->tenants().find_key(flags.id));
  if (!key.revoked) key.revoked = clock.now();
  TRY(ledger->tenants().update_key(key, this_person()));
  return 0;
}

Result<int> rotate(const KeyFlags& flags) {
  const SystemClock clock;
  const std::unique_ptr<Ledger> ledger = TRY(open_data_ledger(flags.data, false, clock));
  const ApiKey old = TRY(ledger->tenants().find_key(flags.id));
  const Tenant tenant = TRY(ledger->tenants().find(old.tenant));
  const TimeUs now = clock.now();
  if (!old.valid_at(now))
    return Error{Code::conflict, "id", fmt::format("the key {} is {}", old.id, standing(old, now)),
                 "limner key create makes a new one"};
  NewKey made = make_key(old.tenant, old.name, old.scopes, now, old.expires);
  made.key.limits = old.limits;
  const TimeUs old_expires = now + static_cast<TimeUs>(flags.overlap_hours * 3600 * kSecondUs);
  TRY(ledger->tenants().rotate_key(old.id, made.key, old_expires, this_person()));
  return show_once(made, tenant.name, flags.json);
}

}  // namespace

void add_key(CLI::App& app, CommandSlot& slot) {
  auto flags = std::make_shared<KeyFlags>();
  CLI::App* command = app.add_subcommand("key", "Make, list and take back the keys of a server");
  command->require_subcommand(1);
  CLI::App* made =
      add_data_command(*command, slot, "create", "Make a key and print it, once", create_key, flags);
  made->add_option("--name", flags->name, "What it is for")->required();
  made->add_option("--scope", flags->scopes, "What it allows: draw, read, review or admin; may be repeated")
      ->capture_default_str();
  made->add_option("--tenant", flags->tenant, "Whose it is; made if there is none of this name")
      ->capture_default_str();
  made->add_option("--expires-days", flags->expires_days, "Days until it expires (default: never)")
      ->check(CLI::Range(1, 36'500));
  flags->limits.add_to(*made);
  add_data_command(*command, slot, "list", "The keys, without their secrets", list_keys, flags);
  add_data_command(*command, slot, "revoke", "End a key; a running server notices within two seconds", revoke,
                   flags)
      ->add_option("id", flags->id, "Its id, key_...")
      ->required();
  CLI::App* rotated =
      add_data_command(*command, slot, "rotate", "Make a key's successor and print it, once", rotate, flags);
  rotated->add_option("id", flags->id, "The id of the old key, key_...")->required();
  rotated->add_option("--overlap-hours", flags->overlap_hours, "How long the old key still works")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 8760.0));
}

}  // namespace limner
