#pragma once
// The folder of a server, for the commands that work on it from outside.

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "ledger/ledger.h"

namespace limner {

/// Adds --data, whose default is the folder that `limner serve` takes without one.
void add_data_option(CLI::App& command, std::filesystem::path& data);

/// The ledger of the folder; the server may be running. `not_found` if there is none, unless `make`. Texts
/// that are encrypted are an error unless there are keys: open_server_ledger() reads them.
Result<std::unique_ptr<Ledger>> open_data_ledger(const std::filesystem::path& data, bool make,
                                                 const Clock& clock, TextKeys* text_keys = nullptr);

/// The key of whoever runs `limner mark`: $XDG_DATA_HOME/limner/watermark.key, or in ~/.local/share.
std::filesystem::path default_watermark_key_path();

/// Who runs this command, as the audit log has them.
AuditParty this_person();

/// "2026-01-31T12:00:00Z"; "-" for 0.
std::string time_text(TimeUs time);

}  // namespace limner
