// /v1/batches.

#include <fmt/format.h>

#include <charconv>

#include "api/openai/batch_object.h"
#include "api/route.h"
#include "api/route_groups.h"
#include "base/ids.h"

namespace limner {
namespace {

constexpr const char* kEndpoints[] = {"/v1/images/generations", "/v1/images/edits", "/v1/images/variations"};
constexpr size_t kBatchBodyMax = 64u << 10;

Result<Json> metadata_of(const Json& json) {
  if (json.is_null()) return Json::object();
  if (!json.is_object() || json.size() > 16) return invalid("metadata", "is no object of at most 16 members");
  for (const auto& [name, value] : json.items())
    if (name.size() > 64 || !value.is_string() || value.get_ref<const std::string&>().size() > 512)
      return invalid("metadata", "has names of at most 64 bytes and texts of at most 512");
  return json;
}

// {"anchor":"created_at","seconds":N}: how long the output files are kept.
Result<int64_t> output_expiry(const Json& json) {
  if (json.is_null()) return int64_t{0};
  const bool known = json.is_object() && json.size() == 2 && json.value("anchor", Json()) == "created_at" &&
                     json.contains("seconds") && json["seconds"].is_number_integer();
  const int64_t seconds = known ? json["seconds"].get<int64_t>() : 0;
  if (seconds < 3600 || seconds > 2'592'000)
    return invalid("output_expires_after", R"(is not {"anchor":"created_at","seconds":3600 to 2592000})");
  return seconds;
}

Result<Batch> read_batch(Services& services, const Request& request) {
  const Json body = TRY(request.json_object());
  for (const auto& [name, value] : body.items())
    if (name != "input_file_id" && name != "endpoint" && name != "completion_window" && name != "metadata" &&
        name != "output_expires_after")
      return invalid(name.substr(0, 80), "is no field of this request");
  for (const char* name : {"input_file_id", "endpoint", "completion_window"})
    if (!body.contains(name) || !body[name].is_string()) return invalid(name, "is missing or no text");
  Batch batch;
  batch.endpoint = body["endpoint"].get<std::string>();
  if (std::find(std::begin(kEndpoints), std::end(kEndpoints), batch.endpoint) == std::end(kEndpoints))
    return unsupported("endpoint", fmt::format("\"{}\" cannot be batched", batch.endpoint.substr(0, 80)),
                       "/v1/images/generations, /v1/images/edits and /v1/images/variations can");
  if (body["completion_window"] != "24h") return invalid("completion_window", "is not 24h");
  batch.input_file = body["input_file_id"].get<std::string>();
  const Result<Upload> upload = services.ledger.uploads().find(batch.input_file);
  if (!upload || upload->tenant != request.caller->tenant.id)
    return not_found("input_file_id", fmt::format("no file {}", batch.input_file.substr(0, 80)));
  if (upload->purpose != "batch") return invalid("input_file_id", "was not uploaded with the purpose batch");
  batch.metadata = TRY(metadata_of(body.value("metadata", Json())));
  batch.output_expires_seconds = TRY(output_expiry(body.value("output_expires_after", Json())));
  batch.id = new_id("batch");
  batch.tenant = request.caller->tenant.id;
  batch.api_key = request.caller->key.id;
  batch.errors = nullptr;
  batch.created = services.clock.now();
  batch.expires = batch.created + kDayUs;
  return batch;
}

Result<Response> create(Services& services, const Request& request) {
  const Batch batch = TRY(read_batch(services, request));
  TRY(services.ledger.batches().create(batch));
  return json_response(200, batch_object(batch));
}

Result<Batch> own_batch(Services& services, const Request& request) {
  const Error none = not_found("batch_id", fmt::format("no batch {}", request.captures[0].substr(0, 80)));
  if (!is_id(request.captures[0], "batch")) return none;
  Batch batch = TRY(services.ledger.batches().find(request.captures[0]));
  if (batch.tenant != request.caller->tenant.id) return none;
  return batch;
}

Result<Response> show(Services& services, const Request& request) {
  const Batch batch = TRY(own_batch(services, request));
  return json_response(200, batch_object(batch));
}

Result<Response> cancel(Services& services, const Request& request) {
  Batch batch = TRY(own_batch(services, request));
  if (batch.state == BatchState::validating || batch.state == BatchState::in_progress) {
    batch.state = BatchState::cancelling;
    TRY(services.ledger.batches().update(batch));
  } else if (batch.state != BatchState::cancelling && batch.state != BatchState::cancelled) {
    return Error{Code::conflict, "batch_id", fmt::format("is {} already", batch_state_name(batch.state)), ""};
  }
  return json_response(200, batch_object(batch));
}

Result<int> limit_of(const Request& request) {
  const std::optional<std::string> text = request.query_value("limit");
  if (!text) return 20;
  int limit = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), limit);
  if (error != std::errc() || end != text->data() + text->size() || limit < 1 || limit > 100)
    return invalid("limit", fmt::format("\"{}\" is not within 1 to 100", text->substr(0, 40)));
  return limit;
}

Result<Response> list(Services& services, const Request& request) {
  TRY(request.check_query({"limit", "after"}));
  const int limit = TRY(limit_of(request));
  const std::string after = request.query_value("after").value_or("");
  if (!after.empty() && !is_id(after, "batch")) return invalid("after", "is no batch's id");
  // One more than asked for tells whether there is a next page.
  std::vector<Batch> batches =
      TRY(services.ledger.batches().list(request.caller->tenant.id, limit + 1, after));
  const bool more = batches.size() > static_cast<size_t>(limit);
  if (more) batches.pop_back();
  Json data = Json::array();
  for (const Batch& batch : batches) data.push_back(batch_object(batch));
  return json_response(200, {{"object", "list"},
                             {"data", std::move(data)},
                             {"first_id", batches.empty() ? Json(nullptr) : Json(batches.front().id)},
                             {"last_id", batches.empty() ? Json(nullptr) : Json(batches.back().id)},
                             {"has_more", more}});
}

template <Result<Response> (*run)(Services&, const Request&)>
void answer_batches(Services& services, const Request& request, const Reply& reply) {
  Result<Response> response = run(services, request);
  reply.send(response ? std::move(*response) : error_response(Dialect::openai, response.error(), request));
}

constexpr std::string_view kBatchSchema =
    R"({"type":"object","required":["id","object","status","request_counts"],"properties":{"id":{"type":"string"},"object":{"const":"batch"},"status":{"type":"string"}}})";
constexpr std::string_view kNewBatchSchema =
    R"({"type":"object","additionalProperties":false,"required":["input_file_id","endpoint","completion_window"],"properties":{"input_file_id":{"type":"string"},"endpoint":{"enum":["/v1/images/generations","/v1/images/edits","/v1/images/variations"]},"completion_window":{"const":"24h"},"metadata":{"type":["object","null"],"maxProperties":16,"propertyNames":{"maxLength":64},"additionalProperties":{"type":"string","maxLength":512}},"output_expires_after":{"type":["object","null"],"additionalProperties":false,"required":["anchor","seconds"],"properties":{"anchor":{"const":"created_at"},"seconds":{"type":"integer","minimum":3600,"maximum":2592000}}}}})";

const Route kOpenaiBatchRoutes[] = {
    {.method = "POST",
     .path = "/v1/batches",
     .access = Access::draw,
     .dialect = Dialect::openai,
     .body_bytes_max = kBatchBodyMax,
     .summary = "Carry out a file of requests within a day",
     .handle = answer_batches<create>,
     .body_schema = kNewBatchSchema,
     .ok_schema = kBatchSchema},
    {.method = "GET",
     .path = "/v1/batches",
     .access = Access::read,
     .dialect = Dialect::openai,
     .body_bytes_max = 0,
     .summary = "Batches, newest first",
     .handle = answer_batches<list>,
     .query = {{"limit", R"({"type":"integer","minimum":1,"maximum":100})", "at most so many (20)"},
               {"after", R"({"type":"string"})", "id of the last batch of the page before"}},
     .ok_schema = R"({"type":"object","required":["object","data","has_more"]})"},
    {.method = "GET",
     .path = "/v1/batches/{batch_id}",
     .access = Access::read,
     .dialect = Dialect::openai,
     .body_bytes_max = 0,
     .summary = "How far a batch is",
     .handle = answer_batches<show>,
     .ok_schema = kBatchSchema},
    {.method = "POST",
     .path = "/v1/batches/{batch_id}/cancel",
     .access = Access::draw,
     .dialect = Dialect::openai,
     .body_bytes_max = kBatchBodyMax,
     .summary = "Stop a batch; what was drawn is kept",
     .handle = answer_batches<cancel>,
     .ok_schema = kBatchSchema},
};

}  // namespace

std::span<const Route> openai_batch_routes() { return kOpenaiBatchRoutes; }

}  // namespace limner
