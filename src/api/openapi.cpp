#include "api/openapi.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/error_objects.h"
#include "api/http/header_text.h"
#include "api/schemas.h"
#include "base/check.h"
#include "base/version.h"
#include "jobs/job_request.h"

namespace limner {
namespace {

// A schema of ours is JSON, or the build is wrong.
Json own_json(std::string_view text) {
  Result<Json> json = parse_json(text, "schema");
  LIMNER_CHECK(json.has_value(), "a schema in the route table is JSON");
  return std::move(json).value();
}

Json schema_of(std::string_view text) {
  if (text.empty()) return Json::object();
  if (text.starts_with('#')) return {{"$ref", fmt::format("#/components/schemas/{}", text.substr(1))}};
  return own_json(text);
}

std::vector<std::string> names_in(std::string_view path) {
  std::vector<std::string> names;
  for (size_t open = path.find('{'); open != path.npos; open = path.find('{', open + 1))
    names.emplace_back(path.substr(open + 1, path.find('}', open) - open - 1));
  return names;
}

// "get_v1_jobs_id"
std::string operation_id(const Route& route) {
  std::string id = lower_case(route.method);
  for (const char c : route.path) {
    if (is_alphanumeric(c)) id += c;
    if (c == '/' || c == '-') id += '_';
  }
  return id;
}

Json parameters_of(const Route& route) {
  Json parameters = Json::array();
  for (const std::string& name : names_in(route.path))
    parameters.push_back({{"name", name},
                          {"in", "path"},
                          {"required", true},
                          {"schema", {{"type", "string"}, {"minLength", 1}}}});
  for (const ParameterDoc& parameter : route.query)
    parameters.push_back({{"name", parameter.name},
                          {"in", "query"},
                          {"required", false},
                          {"description", parameter.doc},
                          {"schema", own_json(parameter.schema)}});
  if (route.path == "/v1/jobs" && route.method == "POST")
    parameters.push_back(
        {{"name", "Idempotency-Key"},
         {"in", "header"},
         {"required", false},
         {"description", "Makes repeating the request safe: the same key and body give the same job."},
         {"schema", {{"type", "string"}, {"minLength", 1}, {"maxLength", 255}, {"pattern", "^[!-~]+$"}}}});
  return parameters;
}

// The types of "application/json, multipart/form-data".
std::vector<std::string> types_of(std::string_view list) {
  std::vector<std::string> types;
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    types.emplace_back(trimmed(list.substr(0, comma)));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return types;
}

Json body_of(const Route& route) {
  Json content = Json::object();
  for (const std::string& type : types_of(route.body_type)) {
    Json schema = schema_of(route.body_schema);
    const bool is_form = type == "multipart/form-data";
    // A form carries the JSON in a part of its own, unless its schema is that of the form already.
    if (is_form && list_contains(route.body_type, "application/json") &&
        route.dialect.value == Dialect::native)
      schema = {{"$ref", "#/components/schemas/JobForm"}};
    if (!is_form && type != "application/json") schema = {{"type", "string"}, {"format", "binary"}};
    content[type] = {{"schema", std::move(schema)}};
  }
  return {{"required", true}, {"content", std::move(content)}};
}

std::string_view error_schema(Dialect dialect) {
  switch (dialect) {
    case Dialect::native:
      return "#Problem";
    case Dialect::openai:
      return "#OpenAiError";
    case Dialect::a1111:
      return "#A1111Error";
  }
  return "#Problem";
}

// Every status that this server, as built, can give on this route.
std::vector<int> error_statuses(const Route& route) {
  std::vector<int> statuses = {400, 404, 408, 413, 414, 417, 429, 431, 500, 501, 503, 504};
  if (route.access.value != Access::open || route.path == "/metrics") statuses.push_back(401);
  if (route.access.value != Access::open) statuses.push_back(403);
  if (!route.body_schema.empty() || route.body_bytes_max.value > 0)
    statuses.insert(statuses.end(), {409, 415, 422});
  if (route.method == "DELETE") statuses.push_back(409);
  if (route.path.ends_with("/bytes")) statuses.push_back(416);
  if (route.dialect.value == Dialect::a1111) statuses.push_back(422);
  std::ranges::sort(statuses);
  statuses.erase(std::unique(statuses.begin(), statuses.end()), statuses.end());
  return statuses;
}

Json responses_of(const Route& route) {
  Json responses = Json::object();
  Json ok = {{"description", status_text(route.ok_status)}};
  if (route.ok_status != 204)
    for (const std::string& type : types_of(route.ok_type)) {
      // The schema is of the first; the others are the same in another form.
      const bool is_first = ok["content"].empty();
      ok["content"][type] = {{"schema", is_first ? schema_of(route.ok_schema) : Json{{"type", "string"}}}};
    }
  responses[fmt::format("{}", route.ok_status)] = std::move(ok);
  if (route.path.ends_with("/bytes")) {
    responses["206"] = {{"description", "A part, as Range asked."}};
    responses["304"] = {{"description", "Not modified."}};
  }
  const char* type = route.dialect.value == Dialect::native ? "application/problem+json" : "application/json";
  for (const int status : error_statuses(route)) {
    Json response = {{"description", status_text(status)}};
    response["content"][type] = {{"schema", schema_of(error_schema(route.dialect.value))}};
    if (route.path == "/readyz" && status == 503)
      response["content"]["application/json"] = {{"schema", {{"type", "object"}}}};
    responses[fmt::format("{}", status)] = std::move(response);
  }
  return responses;
}

Json operation_of(const Route& route) {
  Json operation = {{"operationId", operation_id(route)}, {"summary", route.summary}};
  if (Json parameters = parameters_of(route); !parameters.empty())
    operation["parameters"] = std::move(parameters);
  if (!route.body_schema.empty()) operation["requestBody"] = body_of(route);
  operation["responses"] = responses_of(route);
  if (route.access.value == Access::open)
    operation["security"] = Json::array();
  else if (route.access.value == Access::read_or_signature)
    operation["security"] =
        Json::array({Json{{"bearer", Json::array()}}, Json{{"basic", Json::array()}}, Json::object()});
  return operation;
}

// Pictures may also come inside the request.
Json job_schema() {
  Json schema = job_request_schema();
  for (const char* name : {"init", "mask"})
    if (schema.contains("properties") && schema["properties"].contains(name)) {
      Json id = schema["properties"][name];
      id.erase("description");
      schema["properties"][name] = {
          {"description", "Id of an upload or a picture, or the picture itself as a data URL."},
          {"anyOf",
           Json::array({std::move(id), Json{{"type", "string"}, {"pattern", "^data:[^,]*;base64,"}}})}};
    }
  return schema;
}

Json job_form_schema() {
  const Json file = {{"type", "string"}, {"format", "binary"}};
  return {{"type", "object"},
          {"properties",
           {{"request", {{"$ref", "#/components/schemas/JobRequest"}}},
            {"init", file},
            {"mask", file},
            {"control_image", {{"type", "array"}, {"items", file}}},
            {"lora", {{"type", "array"}, {"items", file}}}}},
          {"required", {"request"}},
          {"additionalProperties", false}};
}

Json schemas() {
  Json schemas = Json::object();
  for (const NamedSchema& schema : named_schemas()) schemas[std::string(schema.name)] = own_json(schema.text);
  schemas["JobRequest"] = job_schema();
  schemas["JobForm"] = job_form_schema();
  return schemas;
}

}  // namespace

Json openapi_document(std::span<const Route* const> routes) {
  Json paths = Json::object();
  for (const Route* route : routes)
    paths[std::string(route->path)][lower_case(route->method)] = operation_of(*route);
  Json document = {
      {"openapi", "3.1.0"},
      {"info", {{"title", "Limner"}, {"version", kVersion}, {"description", "Draws pictures from words."}}},
      {"servers", Json::array({Json{{"url", "/"}}})}};
  document["paths"] = std::move(paths);
  document["components"]["schemas"] = schemas();
  document["components"]["securitySchemes"] = {
      {"bearer", {{"type", "http"}, {"scheme", "bearer"}}},
      {"basic",
       {{"type", "http"}, {"scheme", "basic"}, {"description", "Any user name; the key is the password."}}}};
  document["security"] = Json::array({Json{{"bearer", Json::array()}}, Json{{"basic", Json::array()}}});
  return document;
}

}  // namespace limner
