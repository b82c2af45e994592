#pragma once
// The configuration of `limner serve`: one TOML file, every key also by environment, the common ones by flag.

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "api/http_server.h"
#include "api/services.h"
#include "api/verification_desk.h"
#include "base/json.h"
#include "base/log.h"
#include "jobs/housekeeper.h"
#include "jobs/job_service.h"
#include "jobs/picture_marker.h"
#include "jobs/review_desk.h"
#include "jobs/worker.h"
#include "ledger/ledger.h"
#include "meter/prices.h"
#include "registry/catalogue.h"
#include "registry/model_pool.h"
#include "store/store.h"

namespace limner {

/// Everything that `limner serve` is told, a struct a part as that part takes it.
struct ServeConfig {
  std::filesystem::path data;  ///< ledger, spilled pictures, the local store
  HttpConfig http;
  ServiceConfig service;
  LedgerConfig ledger;
  StoreConfig store;
  CatalogueConfig catalogue;
  std::filesystem::path trusted_signers;  ///< PEM file of whose models are used; empty: not looked at
  PoolConfig pool;
  WorkerConfig worker;
  JobServiceConfig jobs;
  PriceTable prices;
  HousekeeperConfig housekeeping;
  UploadLimits uploads;
  std::filesystem::path master_key;     ///< file that files are encrypted by; empty: they are not
  std::filesystem::path policy_folder;  ///< of *.toml files; empty: the built-in policy
  ReviewLimits review;
  MarkingConfig marking;
  VerificationConfig verification;
  std::string log_level = "info";
  bool log_prompts = false;
  std::string otlp_endpoint;  ///< "http://collector:4318"; empty: spans go nowhere
  std::string otlp_headers;   ///< "name=value,name=value", as OTEL_EXPORTER_OTLP_HEADERS
  double drain_seconds = 30;  ///< that running jobs get after SIGTERM
};

/// A number of bytes that is written in MiB.
struct Mebibytes {
  size_t* bytes;
};
/// Money in the currency's units, kept in millionths.
struct Money {
  int64_t* micros;
};
/// Where a setting lives.
using SettingPlace = std::variant<bool*, int*, int64_t*, size_t*, double*, std::string*,
                                  std::filesystem::path*, Mebibytes, Money, Durability*>;

/// One row: how a setting is called in the file ("server.port") and by environment (LIMNER_SERVER_PORT), and
/// where it lives.
struct Setting {
  std::string_view name, doc;
  SettingPlace (*place)(ServeConfig&);
  double minimum = 0, maximum = 1e15;
  std::string_view words = {};  ///< of a text: what it may be, separated by '|'; empty: any text
  bool secret = false;          ///< `limner config show` does not show it
};
std::span<const Setting> serve_settings();

/// What the command line says; absent: not said.
struct ServeFlags {
  std::filesystem::path config, data;
  std::string listen;
};

/// File, then environment, then flags; each later one wins. Errors name the key, where it was said, and what
/// is allowed.
Result<ServeConfig> read_serve_config(const ServeFlags& flags);

/// Every setting as it is in force; secrets as "(set)".
Json serve_config_json(ServeConfig& config);

/// Where a data folder keeps what: for every command that works on one.
std::filesystem::path ledger_path(const std::filesystem::path& data);
/// $XDG_DATA_HOME/limner/server, or ~/.local/share/limner/server.
std::filesystem::path default_data_folder();

}  // namespace limner
