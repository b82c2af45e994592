// limner tenant: for whom a server draws, and how much.

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/data_command.h"
#include "cli/limit_flags.h"
#include "cli/printable.h"

namespace limner {
namespace {

struct TenantFlags {
  std::filesystem::path data;
  std::string name, retention_days, legal_hold, disabled;
  std::optional<double> weight;
  LimitFlags limits;
  bool json = false;
};

constexpr size_t kTenantNameBytesMax = 100;

Result<std::optional<int>> days_of(const std::string& text) {
  if (text == "none") return std::optional<int>();
  int days = 0;
  if (!CLI::detail::lexical_cast(text, days) || days < 0 || days > 36'500)
    return invalid("retention-days", fmt::format("'{}' is neither none nor within 0 to 36500", text));
  return std::optional<int>(days);
}

Result<void> apply(const TenantFlags& flags, Tenant& tenant) {
  tenant.limits = TRY(flags.limits.apply(tenant.limits));
  if (!flags.retention_days.empty()) tenant.retention_days = TRY(days_of(flags.retention_days));
  if (!flags.legal_hold.empty()) tenant.legal_hold = flags.legal_hold == "on";
  if (!flags.disabled.empty()) tenant.disabled = flags.disabled == "on";
  if (flags.weight) tenant.weight = *flags.weight;
  return {};
}

Json tenant_json(const Tenant& tenant) {
  Json json = {{"id", tenant.id},
               {"name", tenant.name},
               {"created", time_text(tenant.created)},
               {"disabled", tenant.disabled},
               {"weight", tenant.weight},
               {"limits", limits_to_json(tenant.limits)},
               {"retention_days", nullptr},
               {"legal_hold", tenant.legal_hold}};
  if (tenant.retention_days) json["retention_days"] = *tenant.retention_days;
  return json;
}

void print_tenant(const Tenant& tenant) {
  fmt::print("{}  {:<16} weight {:g}{}{}{}  limits {}\n", tenant.id, printable(tenant.name), tenant.weight,
             tenant.disabled ? "  disabled" : "", tenant.legal_hold ? "  legal hold" : "",
             tenant.retention_days ? fmt::format("  kept {} days", *tenant.retention_days) : "",
             json_text(limits_to_json(tenant.limits), kOneLine));
}

int show_tenant(const Tenant& tenant, bool json) {
  if (json)
    fmt::print("{}\n", json_text(tenant_json(tenant)));
  else
    print_tenant(tenant);
  return 0;
}

Result<int> create_tenant(const TenantFlags& flags) {
  const SystemClock clock;
  if (flags.name.empty() || flags.name.size() > kTenantNameBytesMax)
    return invalid("name", fmt::format("must have 1 to {} bytes", kTenantNameBytesMax));
  Tenant tenant;
  tenant.name = flags.name;
  tenant.created = clock.now();
  TRY(apply(flags, tenant));
  const std::unique_ptr<Ledger> ledger = TRY(open_data_ledger(flags.data, true, clock));
  const Tenant made = TRY(ledger->tenants().create(tenant, this_person()));
  return show_tenant(made, flags.json);
}

Result<int> set(const TenantFlags& flags) {
  const SystemClock clock;
  const std::unique_ptr<Ledger> ledger = TRY(open_data_ledger(flags.data, false, clock));
  Tenant tenant = TRY(ledger->tenants().find_by_name(flags.name));
  TRY(apply(flags, tenant));
  TRY(ledger->tenants().update(tenant, this_person()));
  return show_tenant(tenant, flags.json);
}

Result<int> list_tenants(const TenantFlags& flags) {
  const SystemClock clock;
  const std::unique_ptr<Ledger> ledger = TRY(open_data_ledger(flags.data, false, clock));
  const std::vector<Tenant> tenants = TRY(ledger->tenants().list());
  Json all = Json::array();
  for (const Tenant& tenant : tenants) {
    if (!flags.json) print_tenant(tenant);
    all.push_back(tenant_json(tenant));
  }
  if (flags.json) fmt::print("{}\n", json_text(all));
  return 0;
}

void add_properties(CLI::App& command, TenantFlags& flags) {
  const CLI::IsMember on_or_off({"on", "off"});
  command.add_option("name", flags.name, "Its name")->required();
  command.add_option("--weight", flags.weight, "Share of the machine beside other tenants")
      ->check(CLI::Range(0.001, 1000.0));
  command.add_option("--retention-days", flags.retention_days,
                     "Days after which its pictures and files are deleted; none: they are kept");
  command.add_option("--legal-hold", flags.legal_hold, "on: nothing of it is deleted")->check(on_or_off);
  command.add_option("--disabled", flags.disabled, "on: its keys are refused")->check(on_or_off);
  flags.limits.add_to(command);
}

}  // namespace

void add_tenant(CLI::App& app, CommandSlot& slot) {
  auto flags = std::make_shared<TenantFlags>();
  CLI::App* command = app.add_subcommand("tenant", "Make, list and change the tenants of a server");
  command->require_subcommand(1);
  add_properties(*add_data_command(*command, slot, "create", "Make a tenant", create_tenant, flags), *flags);
  add_properties(*add_data_command(*command, slot, "set", "Change a tenant", set, flags), *flags);
  add_data_command(*command, slot, "list", "The tenants", list_tenants, flags);
}

}  // namespace limner
