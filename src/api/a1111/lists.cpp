// What there is to draw with, as A1111's clients ask for it.

#include <fmt/format.h>

#include <functional>

#include "api/a1111/caller_options.h"
#include "api/a1111/handler.h"
#include "api/route_groups.h"
#include "base/memory.h"
#include "engine/upscale_factor.h"
#include "jobs/rights.h"

namespace limner {
namespace {

// Paths are nobody's business: where A1111 tells a file's, the name stands in its place.
std::string file_name(const std::string& name) { return name + ".safetensors"; }

Json named_list(const std::vector<std::string>& names) {
  Json list = Json::array();
  for (const std::string& name : names) list.push_back({{"name", name}});
  return list;
}

Result<Json> samplers(Services&, const Request&) {
  Json list = Json::array();
  for (const ListedName& row : list_samplers())
    list.push_back({{"name", row.title}, {"aliases", {row.name}}, {"options", Json::object()}});
  return list;
}

Result<Json> schedulers(Services&, const Request&) {
  Json list = Json::array({{{"name", "automatic"},
                            {"label", "Automatic"},
                            {"aliases", Json::array()},
                            {"default_rho", -1},
                            {"need_inner_model", false}}});
  for (const ListedName& row : list_schedules())
    list.push_back({{"name", row.name},
                    {"label", row.title},
                    {"aliases", Json::array()},
                    {"default_rho", -1},
                    {"need_inner_model", false}});
  return list;
}

// Those that the caller may draw with.
Result<Json> models(Services& services, const Request& request) {
  Json list = Json::array();
  for (const ModelEntry& entry : services.catalogue.list())
    if (check_model_allowed(*request.caller, entry))
      list.push_back({{"title", model_title(entry)},
                      {"model_name", entry.name},
                      {"hash", entry.sha256.empty() ? Json(nullptr) : Json(entry.sha256.substr(0, 10))},
                      {"sha256", entry.sha256.empty() ? Json(nullptr) : Json(entry.sha256)},
                      {"filename", file_name(entry.name)},
                      {"config", nullptr}});
  return list;
}

Result<Json> vaes(Services& services, const Request&) {
  Json list = Json::array();
  for (const AdapterEntry& entry : services.catalogue.list_adapters(AdapterKind::vae))
    list.push_back({{"model_name", entry.name}, {"filename", file_name(entry.name)}});
  return list;
}

Result<Json> upscalers(Services& services, const Request&) {
  Json list = Json::array({{{"name", "None"},
                            {"model_name", nullptr},
                            {"model_path", nullptr},
                            {"model_url", nullptr},
                            {"scale", 4}}});
  for (const AdapterEntry& entry : services.catalogue.list_adapters(AdapterKind::upscaler)) {
    const Result<int> factor = upscale_factor(entry.path);
    list.push_back({{"name", entry.name},
                    {"model_name", entry.name},
                    {"model_path", file_name(entry.name)},
                    {"model_url", nullptr},
                    {"scale", factor ? *factor : 4}});
  }
  return list;
}

Result<Json> latent_modes(Services&, const Request&) { return named_list({"Latent", "Latent (nearest)"}); }

Result<Json> loras(Services& services, const Request&) {
  Json list = Json::array();
  for (const AdapterEntry& entry : services.catalogue.list_adapters(AdapterKind::lora))
    list.push_back({{"name", entry.name},
                    {"alias", entry.name},
                    {"path", file_name(entry.name)},
                    {"metadata", Json::object()}});
  return list;
}

Result<Json> embeddings(Services& services, const Request&) {
  Json loaded = Json::object();
  for (const AdapterEntry& entry : services.catalogue.list_adapters(AdapterKind::embedding))
    loaded[entry.name] = {{"step", nullptr},
                          {"sd_checkpoint", nullptr},
                          {"sd_checkpoint_name", nullptr},
                          {"shape", nullptr},
                          {"vectors", nullptr}};
  return Json{{"loaded", std::move(loaded)}, {"skipped", Json::object()}};
}

Result<Json> control_models(Services& services, const Request&) {
  Json list = Json::array();
  for (const AdapterEntry& entry : services.catalogue.list_adapters(AdapterKind::controlnet))
    list.push_back(entry.name);
  return Json{{"model_list", std::move(list)}};
}

Result<Json> nothing(Services&, const Request&) { return Json::array(); }
Result<Json> done(Services&, const Request&) { return Json::object(); }
Result<Json> no_scripts(Services&, const Request&) {
  return Json{{"txt2img", {"controlnet"}}, {"img2img", {"controlnet"}}};
}
Result<Json> command_flags(Services&, const Request&) { return Json{{"api", true}, {"nowebui", true}}; }

Result<Json> refresh(Services& services, const Request&) {
  services.catalogue.refresh();
  return Json::object();
}

Result<Json> memory(Services& services, const Request&) {
  const size_t used = services.pool.bytes_loaded(), free = available_memory_bytes();
  return Json{{"ram", {{"free", free}, {"used", used}, {"total", free + used}}},
              {"cuda", {{"error", "pictures are drawn by the processor"}}}};
}

Result<Json> options(Services& services, const Request& request) {
  const CallerOptions options = TRY(read_caller_options(services, *request.caller));
  return options_json(options, services.catalogue);
}

constexpr const char* kModelOption = "sd_model_checkpoint";

// Loading begins now; a request that comes before it is done waits for it.
Result<Json> set_caller_options(Services& services, const Request& request) {
  const Json body = TRY(request.json_object());
  CallerOptions options = TRY(read_caller_options(services, *request.caller));
  TRY(set_options(options, body, services.catalogue));
  const ModelEntry entry = TRY(services.catalogue.find(options.model));
  const Result<void> allowed = check_model_allowed(*request.caller, entry);
  if (!allowed && body.contains(kModelOption)) {
    Error error = allowed.error();
    error.field = kModelOption;
    return error;
  }
  TRY(write_caller_options(services, *request.caller, options));
  // Other options may be set by whoever has to name a model each time.
  if (allowed && !entry.provider) services.pool.get({.model = entry.name});
  return Json::object();
}

constexpr size_t kListsBodyMax = 256u << 10;

struct ListRow {
  std::string_view method, path;
  Access access;
  std::string_view summary;
  void (*handle)(Services&, const Request&, const Reply&);
  bool list = true;  ///< answers with an array; else an object
};

constexpr ListRow kRows[] = {
    {"GET", "/sdapi/v1/samplers", Access::read, "Samplers", answer_a1111<samplers>},
    {"GET", "/sdapi/v1/schedulers", Access::read, "Noise schedules", answer_a1111<schedulers>},
    {"GET", "/sdapi/v1/sd-models", Access::read, "Models", answer_a1111<models>},
    {"GET", "/sdapi/v1/sd-vae", Access::read, "Autoencoders that may replace a model's own",
     answer_a1111<vaes>},
    {"GET", "/sdapi/v1/sd-modules", Access::read, "The same, as Forge calls it", answer_a1111<vaes>},
    {"GET", "/sdapi/v1/upscalers", Access::read, "Upscalers", answer_a1111<upscalers>},
    {"GET", "/sdapi/v1/latent-upscale-modes", Access::read, "Ways to enlarge latents",
     answer_a1111<latent_modes>},
    {"GET", "/sdapi/v1/loras", Access::read, "LoRAs", answer_a1111<loras>},
    {"GET", "/sdapi/v1/embeddings", Access::read, "Textual inversions", answer_a1111<embeddings>, false},
    {"GET", "/controlnet/model_list", Access::read, "ControlNets", answer_a1111<control_models>, false},
    {"GET", "/sdapi/v1/hypernetworks", Access::read, "Hypernetworks: none", answer_a1111<nothing>},
    {"GET", "/sdapi/v1/face-restorers", Access::read, "Face restorers: none", answer_a1111<nothing>},
    {"GET", "/sdapi/v1/realesrgan-models", Access::read, "See /upscalers", answer_a1111<nothing>},
    {"GET", "/sdapi/v1/prompt-styles", Access::read, "Prompt styles: none", answer_a1111<nothing>},
    {"GET", "/sdapi/v1/extensions", Access::read, "Extensions: none", answer_a1111<nothing>},
    {"GET", "/sdapi/v1/script-info", Access::read, "Scripts: none", answer_a1111<nothing>},
    {"GET", "/sdapi/v1/scripts", Access::read, "Names of scripts", answer_a1111<no_scripts>, false},
    {"GET", "/sdapi/v1/cmd-flags", Access::read, "How A1111 would have been started",
     answer_a1111<command_flags>, false},
    {"GET", "/sdapi/v1/memory", Access::read, "Memory", answer_a1111<memory>, false},
    {"GET", "/sdapi/v1/options", Access::read, "The caller's options", answer_a1111<options>, false},
    {"POST", "/sdapi/v1/options", Access::draw, "Set some of the caller's options",
     answer_a1111<set_caller_options>, false},
    {"POST", "/sdapi/v1/refresh-checkpoints", Access::draw, "Look for new models", answer_a1111<refresh>,
     false},
    {"POST", "/sdapi/v1/refresh-vae", Access::draw, "Look for new autoencoders", answer_a1111<refresh>,
     false},
    {"POST", "/sdapi/v1/refresh-loras", Access::draw, "Look for new LoRAs", answer_a1111<refresh>, false},
    {"POST", "/sdapi/v1/refresh-embeddings", Access::draw, "Look for new embeddings", answer_a1111<refresh>,
     false},
    // Which models stay loaded is for the server to decide, not for one of its clients.
    {"POST", "/sdapi/v1/unload-checkpoint", Access::draw, "Answered, and nothing else", answer_a1111<done>,
     false},
    {"POST", "/sdapi/v1/reload-checkpoint", Access::draw, "Answered, and nothing else", answer_a1111<done>,
     false},
};

std::vector<Route> make_routes() {
  std::vector<Route> routes;
  for (const ListRow& row : kRows) {
    Route route{.method = row.method,
                .path = row.path,
                .access = row.access,
                .dialect = Dialect::a1111,
                .body_bytes_max = row.method == "GET" ? 0 : kListsBodyMax,
                .summary = row.summary,
                .handle = row.handle,
                .ok_schema = row.list ? R"({"type":"array"})" : R"({"type":"object"})"};
    if (row.path == "/sdapi/v1/options" && row.method == "POST") route.body_schema = R"({"type":"object"})";
    routes.push_back(route);
  }
  return routes;
}

const std::vector<Route> kA1111ListRoutes = make_routes();

}  // namespace

std::span<const Route> a1111_list_routes() { return kA1111ListRoutes; }

}  // namespace limner
