// /v1/files: what requesters bring - pictures, masks, LoRAs, batch files - in the shape that OpenAI's clients
// know.

#include <fmt/format.h>

#include "api/answer_with.h"
#include "api/batch_runner.h"
#include "api/native/file_json.h"
#include "api/query_values.h"
#include "api/route_groups.h"
#include "base/ids.h"
#include "jobs/uploads.h"

namespace limner {
namespace {

constexpr size_t kFormBytesMax = (1024u << 20) + (64u << 10);  // the largest LoRA, and its form
constexpr int kFilesPageMax = 1000;
constexpr int64_t kExpirySecondsMin = 3600, kExpirySecondsMax = 30 * 86'400;  // as OpenAI has them

// The purposes of either API -> the ledger's.
Result<std::string> purpose_from(std::string_view name) {
  for (const std::string_view picture : {"picture", "mask", "vision", "user_data"})
    if (name == picture) return std::string("picture");
  if (name == "lora" || name == "batch") return std::string(name);
  return invalid("purpose", "picture, mask, lora, batch, vision and user_data are taken");
}

struct FileForm {
  const FormPart* file = nullptr;
  std::string purpose;
  TimeUs expires = 0;
};

Result<void> read_part(const FormPart& part, TimeUs now, FileForm& form) {
  if (part.name == "file") {
    if (form.file != nullptr) return invalid("file", "given more than once");
    form.file = &part;
  } else if (part.name == "purpose") {
    form.purpose = TRY(purpose_from(part.data));
  } else if (part.name == "expires_after[anchor]") {
    if (part.data != "created_at") return invalid(part.name, "only created_at is known");
  } else if (part.name == "expires_after[seconds]") {
    const auto seconds = static_cast<int64_t>(whole_number(part.data).value_or(0));
    if (seconds < kExpirySecondsMin || seconds > kExpirySecondsMax)
      return invalid(part.name, fmt::format("{} to {} are taken", kExpirySecondsMin, kExpirySecondsMax));
    form.expires = now + seconds * kSecondUs;
  } else {
    return invalid(part.name, "there is no such part; there are: file, purpose, expires_after");
  }
  return {};
}

Result<Response> post_file(Services& services, const Request& request) {
  TRY(request.check_query({}));
  const std::vector<FormPart> parts = TRY(parse_form(request));
  const TimeUs now = services.clock.now();
  FileForm form;
  for (const FormPart& part : parts) TRY(read_part(part, now, form));
  if (form.file == nullptr) return invalid("file", "missing");
  if (form.purpose.empty()) return invalid("purpose", "missing");
  if (form.expires == 0 && services.config.upload_days > 0)
    form.expires = now + services.config.upload_days * kDayUs;
  const Upload upload = TRY(services.uploads.keep(
      request.caller->tenant.id, form.purpose, form.file->file_name, form.file->data, "file", form.expires));
  return json_response(200, file_json(upload));
}

Result<Response> list_files(Services& services, const Request& request) {
  TRY(request.check_query({"purpose", "limit", "after", "order"}));
  std::string purpose = request.query_value("purpose").value_or("");
  if (!purpose.empty() && purpose != "batch_output") purpose = TRY(purpose_from(purpose));
  if (request.query_value("order").value_or("desc") != "desc")
    return invalid("order", "only desc, the newest first");
  const int limit = static_cast<int>(TRY(query_whole(request, "limit", 100, 1, kFilesPageMax)));
  const std::string after = request.query_value("after").value_or("");
  const std::vector<Upload> uploads =
      TRY(services.ledger.uploads().list(request.caller->tenant.id, purpose, limit, after));
  Json data = Json::array();
  for (const Upload& upload : uploads) data.push_back(file_json(upload));
  Json list = {{"object", "list"}, {"data", std::move(data)}, {"has_more", std::ssize(uploads) == limit}};
  list["first_id"] = uploads.empty() ? Json(nullptr) : Json(uploads.front().id);
  list["last_id"] = uploads.empty() ? Json(nullptr) : Json(uploads.back().id);
  return json_response(200, list);
}

Result<Upload> find_file(Services& services, const Request& request) {
  TRY(request.check_query({}));
  const std::string& id = request.captures[0];
  if (!is_id(id, "file")) return not_found("id", "there is no such file");
  return services.uploads.find(request.caller->tenant.id, id, "", "id");
}

Result<Response> get_file(Services& services, const Request& request) {
  const Upload upload = TRY(find_file(services, request));
  return json_response(200, file_json(upload));
}

Result<Response> get_content(Services& services, const Request& request) {
  const Upload upload = TRY(find_file(services, request));
  if (upload.purpose == "batch_output") TRY(check_batch_output(services, upload));
  Response response;
  response.body = TRY(services.uploads.read(upload.tenant, upload.id, "id"));
  response.content_type = upload.content_type;
  // Whatever a stranger brought is saved, never shown by a browser as a page of ours.
  response.headers.emplace_back("Content-Disposition", fmt::format("attachment; filename=\"{}\"", upload.id));
  return response;
}

Result<Response> delete_file(Services& services, const Request& request) {
  const Upload upload = TRY(find_file(services, request));
  TRY(services.uploads.remove(upload.tenant, upload.id, "id", {"key", request.caller->key.id}));
  return json_response(200, {{"id", upload.id}, {"object", "file"}, {"deleted", true}});
}

constexpr auto kDialect = Dialect::openai;

const Route kFileRoutes[] = {
    {.method = "POST",
     .path = "/v1/files",
     .access = Access::draw,
     .dialect = kDialect,
     .body_bytes_max = kFormBytesMax,
     .summary = "Bring a file: a picture or mask to draw over, a LoRA, a batch.",
     .handle = answer_with<post_file, kDialect>,
     .body_schema =
         R"({"type":"object","properties":{"file":{"type":"string","format":"binary"},"purpose":{"type":"string","enum":["picture","mask","lora","batch","vision","user_data"]},"expires_after[anchor]":{"type":"string","enum":["created_at"]},"expires_after[seconds]":{"type":"integer","minimum":3600,"maximum":2592000}},"required":["file","purpose"],"additionalProperties":false})",
     .body_type = "multipart/form-data",
     .ok_schema = "#File"},
    {.method = "GET",
     .path = "/v1/files",
     .access = Access::read,
     .dialect = kDialect,
     .body_bytes_max = 0,
     .summary = "List files, the newest first.",
     .handle = answer_with<list_files, kDialect>,
     .query =
         {{"purpose",
           R"({"type":"string","enum":["picture","mask","lora","batch","batch_output","vision","user_data"]})",
           "Files for this."},
          {"limit", R"({"type":"integer","minimum":1,"maximum":1000,"default":100})", "Files a page."},
          {"after", kTextSchema, "`last_id` of the page before."},
          {"order", R"({"type":"string","enum":["desc"]})", "The newest first."}},
     .ok_schema = "#FileList"},
    {.method = "GET",
     .path = "/v1/files/{id}",
     .access = Access::read,
     .dialect = kDialect,
     .body_bytes_max = 0,
     .summary = "What is known of a file.",
     .handle = answer_with<get_file, kDialect>,
     .ok_schema = "#File"},
    {.method = "GET",
     .path = "/v1/files/{id}/content",
     .access = Access::read,
     .dialect = kDialect,
     .body_bytes_max = 0,
     .summary = "A file's bytes.",
     .handle = answer_with<get_content, kDialect>,
     .ok_type = "*/*"},
    {.method = "DELETE",
     .path = "/v1/files/{id}",
     .access = Access::draw,
     .dialect = kDialect,
     .body_bytes_max = 0,
     .summary = "Delete a file.",
     .handle = answer_with<delete_file, kDialect>,
     .ok_schema =
         R"({"type":"object","properties":{"id":{"type":"string"},"object":{"const":"file"},"deleted":{"const":true}},"required":["id","object","deleted"]})"},
};

}  // namespace

std::span<const Route> file_routes() { return kFileRoutes; }

}  // namespace limner
