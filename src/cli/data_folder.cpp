#include "cli/data_folder.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include "cli/serve_config.h"

namespace limner {
namespace {

Result<void> make_private_folder(const std::filesystem::path& path) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(path, error);
  if (!error && made) std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  if (error)
    return Error{Code::unavailable, path.string(), "cannot be made: " + error.message(), "--data DIR"};
  return {};
}

}  // namespace

void add_data_option(CLI::App& command, std::filesystem::path& data) {
  data = default_data_folder();
  command.add_option("--data", data, "Folder of the server")->capture_default_str();
}

Result<std::unique_ptr<Ledger>> open_data_ledger(const std::filesystem::path& data, bool make,
                                                 const Clock& clock, TextKeys* text_keys) {
  const std::filesystem::path path = ledger_path(data);
  std::error_code ignored;
  if (make)
    TRY(make_private_folder(data));
  else if (!std::filesystem::exists(path, ignored))
    return not_found(path.string(), "there is no ledger", "--data DIR names the folder of the server");
  LedgerConfig config{path, Durability::power};
  config.text_keys = text_keys;
  return open_ledger(config, clock);
}

std::filesystem::path default_watermark_key_path() {
  return default_data_folder().parent_path() / "watermark.key";
}

AuditParty this_person() {
  const uid_t user = ::getuid();
  // A name may change hands; without one the number must do.
  const passwd* entry = ::getpwuid(user);
  return {"person", entry ? fmt::format("{} ({})", entry->pw_name, user) : fmt::format("uid {}", user)};
}

std::string time_text(TimeUs time) {
  if (time == 0) return "-";
  return fmt::format("{:%FT%TZ}", fmt::gmtime(static_cast<std::time_t>(time / kSecondUs)));
}

}  // namespace limner
