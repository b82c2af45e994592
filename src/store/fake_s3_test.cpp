#include "store/fake_s3.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/crypto.h"
#include "base/sha256.h"
#include "store/xml.h"

namespace limner {
namespace {

using Query = std::map<std::string, std::string>;

constexpr std::string_view kBucketPath = "/pictures";

Query parse_query(std::string_view text) {
  Query query;
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find('&'));
    const size_t equals = item.find('=');
    query[percent_decode(item.substr(0, equals), "query", false).value()] =
        percent_decode(item.substr(equals + 1), "query", false).value();
    text.remove_prefix(std::min(item.size() + 1, text.size()));
  }
  return query;
}

std::string header_of(const HttpRequest& request, std::string_view name) {
  for (const auto& [own, value] : request.headers)
    if (own == name) return value;
  return {};
}

HttpResponse ok(std::string body = {}, Headers headers = {}) {
  return {.status = 200, .headers = std::move(headers), .body = std::move(body), .seconds = 0};
}

std::string tag_of(std::string_view bytes) {
  return "\"" + sha256_hex(as_bytes(bytes)).substr(0, 32) + "&\"";
}

}  // namespace

StoreConfig FakeS3::config() {
  StoreConfig config;
  config.url = "s3://pictures";
  config.endpoint = "http://127.0.0.1:9000";
  config.access_key = "reader";
  config.secret_key = "writer";
  return config;
}

HttpResponse FakeS3::refusal(int status, const std::string& code) {
  return {.status = status,
          .headers = {},
          .body = fmt::format(
              "<?xml version=\"1.0\"?>\n<Error><Code>{}</Code><Message>because</Message></Error>", code),
          .seconds = 0};
}

std::vector<std::string> FakeS3::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::map<std::string, FakeS3::Object> FakeS3::objects() const {
  const std::lock_guard lock(mutex_);
  return objects_;
}

size_t FakeS3::uploads() const {
  const std::lock_guard lock(mutex_);
  return uploads_.size();
}

Result<HttpResponse> FakeS3::answer(const HttpRequest& request) {
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request.method + " " + request.url.path + (request.url.query.empty() ? "" : "?") +
                        request.url.query);
  }
  if (instead)
    if (std::optional<Result<HttpResponse>> other = instead(request)) return *other;
  HttpResponse response = serve(request);
  if (response.body.size() <= request.response_bytes_max) return response;
  return Error{Code::too_large, "url", "too large", {}};
}

HttpResponse FakeS3::serve(const HttpRequest& request) {
  EXPECT_EQ(header_of(request, "X-Amz-Content-Sha256"), sha256_hex(as_bytes(request.body)));
  EXPECT_EQ(header_of(request, "Authorization").rfind("AWS4-HMAC-SHA256 Credential=reader/", 0), 0u);
  const std::lock_guard lock(mutex_);
  const Query query = parse_query(request.url.query);
  std::string_view path = request.url.path;
  if (!path.starts_with(kBucketPath)) return refusal(404, "NoSuchBucket");
  path.remove_prefix(kBucketPath.size());
  if (path.empty()) return list(query);
  const std::string key = percent_decode(path.substr(1), "path", false).value();
  if (query.contains("uploads") || query.contains("uploadId")) return serve_upload(request, key, query);
  return serve_object(request, key);
}

HttpResponse FakeS3::serve_object(const HttpRequest& request, const std::string& key) {
  if (request.method == "PUT") {
    objects_[key] = {std::string(request.body), header_of(request, "Content-Type"), SystemClock().now()};
    return ok();
  }
  if (request.method == "DELETE") {
    objects_.erase(key);
    return {.status = 204, .headers = {}, .body = {}, .seconds = 0};
  }
  const auto found = objects_.find(key);
  const bool head = request.method == "HEAD";
  if (found == objects_.end()) return head ? HttpResponse{404, {}, {}, 0} : refusal(404, "NoSuchKey");
  if (!head) return ok(found->second.bytes);
  return ok("", {{"content-length", fmt::format("{}", found->second.bytes.size())},
                 {"last-modified", "Fri, 24 May 2013 00:00:00 GMT"}});
}

HttpResponse FakeS3::serve_upload(const HttpRequest& request, const std::string& key, const Query& query) {
  if (query.contains("uploads")) {
    const std::string id = fmt::format("{}/+{}", key, ++uploads_begun_);
    uploads_[id].content_type = header_of(request, "Content-Type");
    return ok(
        fmt::format("<InitiateMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                    "<UploadId>{}</UploadId></InitiateMultipartUploadResult>",
                    id));
  }
  const auto upload = uploads_.find(query.at("uploadId"));
  if (upload == uploads_.end()) return refusal(404, "NoSuchUpload");
  if (request.method == "DELETE") {
    uploads_.erase(upload);
    return {.status = 204, .headers = {}, .body = {}, .seconds = 0};
  }
  if (request.method == "PUT") {
    upload->second.parts[std::stoi(query.at("partNumber"))] = request.body;
    return ok("", {{"etag", tag_of(request.body)}});
  }
  const XmlElement body = parse_xml(request.body, "body").value();
  Object object{"", upload->second.content_type, SystemClock().now()};
  for (const XmlElement& part : body.children) {
    const std::string& bytes = upload->second.parts.at(std::stoi(std::string(part.text_of("PartNumber"))));
    EXPECT_EQ(part.text_of("ETag"), tag_of(bytes));
    object.bytes += bytes;
  }
  objects_[key] = std::move(object);
  uploads_.erase(upload);
  return ok("<CompleteMultipartUploadResult/>");
}

HttpResponse FakeS3::list(const Query& query) const {
  const std::string& prefix = query.at("prefix");
  const auto token = query.find("continuation-token");
  auto next = token == query.end() ? objects_.lower_bound(prefix) : objects_.upper_bound(token->second);
  std::string contents, last;
  size_t count = 0;
  for (; next != objects_.end() && next->first.starts_with(prefix) && count < page_objects; ++next, ++count) {
    last = next->first;
    contents += fmt::format(
        "<Contents><Key>{}</Key><Size>{}</Size><LastModified>2013-05-24T00:00:00.000Z"
        "</LastModified></Contents>",
        xml_escape(last), next->second.bytes.size());
  }
  const bool more = next != objects_.end() && next->first.starts_with(prefix);
  return ok(fmt::format("<ListBucketResult>{}<IsTruncated>{}</IsTruncated>{}</ListBucketResult>", contents,
                        more,
                        more ? fmt::format("<NextContinuationToken>{}</NextContinuationToken>", last) : ""));
}

}  // namespace limner
