#include "store/s3_multipart.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/xml.h"

namespace limner {
namespace {

constexpr size_t kPartsMax = 10'000;

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Error not_s3(std::string_view what) {
  return {Code::unavailable, "store", fmt::format("the server's answer {}", what),
          "is store.endpoint an S3 server?"};
}

Result<std::string> begin(const S3Client& client, std::string_view key, std::string_view content_type) {
  const HttpResponse answer = TRY(client.ask({.method = "POST",
                                              .key = std::string(key),
                                              .query = {{"uploads", ""}},
                                              .headers = {{"Content-Type", std::string(content_type)}}}));
  const Result<XmlElement> result = parse_xml(answer.body, "store");
  if (!result || result->text_of("UploadId").empty()) return not_s3("begins no upload");
  return std::string(result->text_of("UploadId"));
}

// The entity tag that the end of the upload must name.
Result<std::string> send_part(const S3Client& client, std::string_view key, const std::string& upload,
                              size_t number, std::span<const std::byte> bytes) {
  const HttpResponse answer =
      TRY(client.ask({.method = "PUT",
                      .key = std::string(key),
                      .query = {{"partNumber", fmt::format("{}", number)}, {"uploadId", upload}},
                      .body = as_text(bytes)}));
  if (answer.header("ETag").empty()) return not_s3("to a part has no ETag");
  return std::string(answer.header("ETag"));
}

Result<void> send_all(const S3Client& client, std::string_view key, const std::string& upload,
                      std::span<const std::byte> bytes, size_t part_bytes) {
  std::string parts;
  for (size_t number = 1; !bytes.empty(); ++number) {
    const auto part = bytes.first(std::min(part_bytes, bytes.size()));
    const std::string tag = TRY(send_part(client, key, upload, number, part));
    parts += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", number, xml_escape(tag));
    bytes = bytes.subspan(part.size());
  }
  const std::string body = "<CompleteMultipartUpload>" + parts + "</CompleteMultipartUpload>";
  TRY(client.ask({.method = "POST", .key = std::string(key), .query = {{"uploadId", upload}}, .body = body}));
  return {};
}

}  // namespace

Result<void> put_in_parts(const S3Client& client, std::string_view key, std::span<const std::byte> bytes,
                          std::string_view content_type, size_t part_bytes) {
  const std::string upload = TRY(begin(client, key, content_type));
  const size_t least = (bytes.size() + kPartsMax - 1) / kPartsMax;
  Result<void> sent = send_all(client, key, upload, bytes, std::max(part_bytes, least));
  if (sent) return sent;
  // Once: the server has just had its attempts, and that the put failed is what the caller should hear.
  const Result<HttpResponse> aborted = client.ask(
      {.method = "DELETE", .key = std::string(key), .query = {{"uploadId", upload}}, .attempts = 1});
  if (!aborted) sent.error().hint = fmt::format("the parts sent so far remain: {}", aborted.error().text());
  return sent;
}

}  // namespace limner
