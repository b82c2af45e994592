#include "api/openai/batch_object.h"

#include <fmt/format.h>

#include <unordered_set>

namespace limner {
namespace {

constexpr size_t kFaultsMax = 100;
constexpr size_t kLineBytesMax = 1u << 20;
constexpr size_t kCustomIdMax = 512;

Json seconds_or_null(TimeUs time) { return time == 0 ? Json(nullptr) : Json(time / kSecondUs); }

BatchFault fault_of(int line, const Error& error) {
  return {line, std::string(code_name(error.code)), error.message, error.field};
}

Result<BatchItem> read_line(std::string_view text, int line, const Batch& batch) {
  const Json json = TRY(parse_json(text, "line", {.bytes_max = kLineBytesMax}));
  if (!json.is_object()) return invalid("line", "is no JSON object");
  for (const auto& [name, value] : json.items())
    if (name != "custom_id" && name != "method" && name != "url" && name != "body")
      return invalid(name.substr(0, 80), "is no member of a line");
  for (const char* name : {"custom_id", "method", "url"})
    if (!json.contains(name) || !json[name].is_string()) return invalid(name, "is missing or no text");
  if (json["method"] != "POST") return invalid("method", "is not POST");
  if (json["url"] != batch.endpoint)
    return invalid("url", fmt::format("is not the batch's endpoint, {}", batch.endpoint));
  if (!json.contains("body") || !json["body"].is_object()) return invalid("body", "is missing or no object");
  BatchItem item;
  item.batch = batch.id;
  item.line = line;
  item.custom_id = json["custom_id"].get<std::string>();
  item.body = json["body"];
  if (item.custom_id.empty() || item.custom_id.size() > kCustomIdMax)
    return invalid("custom_id", fmt::format("is not within 1 to {} bytes", kCustomIdMax));
  if (item.body.contains("stream") && item.body["stream"] == true)
    return unsupported("body.stream", "nobody listens to a batch");
  return item;
}

}  // namespace

Json batch_object(const Batch& batch) {
  const bool done = batch.state == BatchState::completed, failed = batch.state == BatchState::failed;
  return {
      {"id", batch.id},
      {"object", "batch"},
      {"endpoint", batch.endpoint},
      {"errors", batch.errors},
      {"input_file_id", batch.input_file},
      {"completion_window", "24h"},
      {"status", batch_state_name(batch.state)},
      {"output_file_id", batch.output_file.empty() ? Json(nullptr) : Json(batch.output_file)},
      {"error_file_id", batch.error_file.empty() ? Json(nullptr) : Json(batch.error_file)},
      {"created_at", batch.created / kSecondUs},
      {"in_progress_at", seconds_or_null(batch.in_progress)},
      {"expires_at", seconds_or_null(batch.expires)},
      {"finalizing_at", seconds_or_null(batch.finalizing)},
      {"completed_at", seconds_or_null(done ? batch.ended : 0)},
      {"failed_at", seconds_or_null(failed ? batch.ended : 0)},
      {"expired_at", seconds_or_null(batch.state == BatchState::expired ? batch.ended : 0)},
      {"cancelled_at", seconds_or_null(batch.state == BatchState::cancelled ? batch.ended : 0)},
      {"request_counts", {{"total", batch.total}, {"completed", batch.completed}, {"failed", batch.failed}}},
      {"metadata", batch.metadata}};
}

BatchFile read_batch_file(std::string_view text, const Batch& batch) {
  BatchFile file;
  std::unordered_set<std::string> custom_ids;
  int line = 0;
  while (!text.empty() && file.faults.size() < kFaultsMax) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view row = text.substr(0, end);
    text.remove_prefix(std::min(text.size(), end + 1));
    ++line;
    if (row.ends_with('\r')) row.remove_suffix(1);
    if (row.empty()) continue;
    if (file.items.size() == kBatchLinesMax) {
      file.faults.push_back({line, "too_large", fmt::format("more than {} lines", kBatchLinesMax), ""});
      break;
    }
    Result<BatchItem> item = read_line(row, line, batch);
    if (item && !custom_ids.insert(item->custom_id).second)
      item = invalid("custom_id", "is another line's too");
    if (item)
      file.items.push_back(std::move(*item));
    else
      file.faults.push_back(fault_of(line, item.error()));
  }
  if (file.items.empty() && file.faults.empty())
    file.faults.push_back({0, "invalid", "the file has no line", ""});
  if (!file.faults.empty()) file.items.clear();
  return file;
}

Json faults_object(const std::vector<BatchFault>& faults) {
  Json data = Json::array();
  for (const BatchFault& fault : faults)
    data.push_back(
        {{"code", fault.code}, {"line", fault.line}, {"message", fault.message}, {"param", fault.param}});
  return {{"object", "list"}, {"data", std::move(data)}};
}

std::string output_line(const BatchItem& item) {
  const std::string id = fmt::format("{}-{}", item.batch, item.line);
  const Json line = {
      {"id", id},
      {"custom_id", item.custom_id},
      {"response", {{"status_code", item.status}, {"request_id", id}, {"body", item.response}}},
      {"error", nullptr}};
  return line.dump() + "\n";
}

}  // namespace limner
