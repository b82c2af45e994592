#pragma once
// A1111's options, each caller's own: what one client sets is nobody else's business.

#include <string>
#include <string_view>

#include "api/request.h"
#include "api/services.h"
#include "base/json.h"
#include "base/result.h"

namespace limner {

/// What a caller's later requests take when they do not say it themselves.
struct CallerOptions {
  std::string model;  ///< name; empty: the server's default
  std::string vae = "Automatic";
  int clip_skip = 1;
  std::string format = "png";   ///< png, jpeg ("jpg"), webp
  std::string noise = "torch";  ///< randn_source: "CPU" is torch, "GPU" and "NV" are philox
};

Result<CallerOptions> read_caller_options(Services& services, const Caller& caller);
Result<void> write_caller_options(Services& services, const Caller& caller, const CallerOptions& options);

/// As GET /sdapi/v1/options shows them.
Json options_json(const CallerOptions& options, const Catalogue& catalogue);

/// Sets what `json` says: POST /sdapi/v1/options and override_settings. An option that has no effect here is
/// refused by name unless it is at its neutral value.
Result<void> set_options(CallerOptions& options, const Json& json, const Catalogue& catalogue);

/// The title by which A1111's clients know a model, and back: "NAME", "NAME.safetensors", "NAME [HASH]".
std::string model_title(const ModelEntry& entry);
Result<ModelEntry> model_of_title(const Catalogue& catalogue, std::string_view title);

/// Off, 0, empty, null, "None", "Automatic": what clients send for everything they do not use.
bool is_neutral(const Json& value);

}  // namespace limner
