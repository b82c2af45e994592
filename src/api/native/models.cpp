// What there is to draw with: models, LoRAs, upscalers, samplers, schedules.

#include <fmt/format.h>

#include <algorithm>

#include "api/answer_with.h"
#include "api/route_groups.h"
#include "engine/lineage.h"
#include "jobs/rights.h"

namespace limner {
namespace {

const char* load_state_name(LoadState state) {
  switch (state) {
    case LoadState::absent:
      return "absent";
    case LoadState::waiting:
      return "waiting";
    case LoadState::loading:
      return "loading";
    case LoadState::ready:
      return "ready";
    case LoadState::failed:
      return "failed";
  }
  return "absent";
}

// A model may be loaded in several variants: the one that is furthest speaks for it.
PoolStatus furthest_status(const std::string& model, const std::vector<PoolStatus>& pool) {
  PoolStatus best;
  const auto rank = [](LoadState state) {
    return state == LoadState::failed ? 0 : static_cast<int>(state) + 1;
  };
  for (const PoolStatus& status : pool)
    if (status.model == model && (best.model.empty() || rank(status.state) > rank(best.state))) best = status;
  return best;
}

Json model_json(Services& services, const ModelEntry& entry, const std::vector<PoolStatus>& pool) {
  const PoolStatus status = furthest_status(entry.name, pool);
  Json json = {{"id", entry.name},
               {"object", "model"},
               {"created", entry.created},
               {"owned_by", entry.provider ? "provider" : "limner"},
               {"aliases", entry.aliases},
               {"default", entry.name == services.catalogue.default_model()},
               {"remote", entry.provider.has_value()},
               {"state", entry.provider ? "ready" : load_state_name(status.state)},
               {"progress", status.state == LoadState::ready ? 1.0 : status.progress}};
  if (!status.error.empty()) json["error"] = "could not be loaded; the server's log says why";
  const Result<ModelCard> card = services.catalogue.card(entry);
  if (!card) return json;
  const ModelInfo& info = card.value().info;
  json["family"] = info.family;
  json["size"] = fmt::format("{}x{}", info.width, info.height);
  json["size_multiple"] = info.size_multiple;
  json["steps"] = info.steps;
  json["guidance"] = info.guidance;
  json["sampler"] = info.sampler;
  json["schedule"] = info.schedule;
  json["inpainting"] = info.inpainting;
  json["weight_bytes"] = card.value().weight_bytes;
  return json;
}

// What the model was made from, where its folder says so. Only remembered digests are compared: a model that
// has been loaded once has been read, and a request must not read gigabytes. A file that is none does not
// keep a model from being shown, and what it holds is nobody's error here.
void add_lineage(const ModelEntry& entry, Json& json) {
  Result<std::optional<Lineage>> lineage = read_lineage(entry.path);
  if (!lineage || !*lineage) return;
  check_lineage_weights(**lineage, entry.path, /*remembered_only=*/true);
  json["lineage"] = lineage_json(**lineage);
}

Result<Response> list_models(Services& services, const Request& request) {
  TRY(request.check_query({}));
  const std::vector<PoolStatus> pool = services.pool.status();
  Json data = Json::array();
  for (const ModelEntry& entry : services.catalogue.list())
    if (check_model_allowed(*request.caller, entry)) data.push_back(model_json(services, entry, pool));
  return json_response(200, {{"object", "list"}, {"data", std::move(data)}});
}

Result<Response> get_model(Services& services, const Request& request) {
  TRY(request.check_query({}));
  const ModelEntry entry = TRY(services.catalogue.find(request.captures[0]));
  TRY(check_model_allowed(*request.caller, entry));
  Json json = model_json(services, entry, services.pool.status());
  if (!entry.provider) add_lineage(entry, json);
  return json_response(200, json);
}

Response names_response(const std::vector<ListedName>& names) {
  Json data = Json::array();
  for (const ListedName& name : names)
    data.push_back({{"name", name.name}, {"title", name.title}, {"doc", name.doc}});
  return json_response(200, {{"object", "list"}, {"data", std::move(data)}});
}

Result<Response> get_samplers(Services&, const Request& request) {
  TRY(request.check_query({}));
  return names_response(list_samplers());
}

Result<Response> get_schedules(Services&, const Request& request) {
  TRY(request.check_query({}));
  return names_response(list_schedules());
}

template <AdapterKind kKind>
Result<Response> list_adapters(Services& services, const Request& request) {
  TRY(request.check_query({}));
  Json data = Json::array();
  for (const AdapterEntry& entry : services.catalogue.list_adapters(kKind))
    data.push_back({{"name", entry.name}});
  return json_response(200, {{"object", "list"}, {"data", std::move(data)}});
}

constexpr Route listing(std::string_view path, std::string_view summary,
                        void (*handle)(Services&, const Request&, const Reply&)) {
  return {.method = "GET",
          .path = path,
          .access = Access::read,
          .dialect = Dialect::native,
          .body_bytes_max = 0,
          .summary = summary,
          .handle = handle,
          .ok_schema = "#NameList"};
}

const Route kModelRoutes[] = {
    {.method = "GET",
     .path = "/v1/models",
     .access = Access::read,
     .dialect = Dialect::openai,
     .body_bytes_max = 0,
     .summary = "The models that this key may draw with, and whether they are loaded.",
     .handle = answer_with<list_models, Dialect::openai>,
     .ok_schema = "#ModelList"},
    {.method = "GET",
     .path = "/v1/models/{id}",
     .access = Access::read,
     .dialect = Dialect::openai,
     .body_bytes_max = 0,
     .summary = "One model, by name or alias.",
     .handle = answer_with<get_model, Dialect::openai>,
     .ok_schema = "#Model"},
    listing("/v1/samplers", "The samplers.", answer_with<get_samplers>),
    listing("/v1/schedules", "The noise schedules.", answer_with<get_schedules>),
    listing("/v1/upscalers", "The upscalers.", answer_with<list_adapters<AdapterKind::upscaler>>),
    listing("/v1/loras", "The LoRAs that lie in the model folder.",
            answer_with<list_adapters<AdapterKind::lora>>),
    listing("/v1/embeddings", "The textual inversions.", answer_with<list_adapters<AdapterKind::embedding>>),
    listing("/v1/controlnets", "The ControlNets.", answer_with<list_adapters<AdapterKind::controlnet>>),
};

}  // namespace

std::span<const Route> model_routes() { return kModelRoutes; }

}  // namespace limner
