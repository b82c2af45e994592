#pragma once
// An S3 server without a network, for tests of what we ask and of how we bear its answers.

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "store/s3_client.h"

namespace limner {

/// One bucket, "pictures", path style, with the operations that S3Store uses. Thread-safe.
class FakeS3 {
 public:
  struct Object {
    std::string bytes, content_type;
    TimeUs modified = 0;
  };

  /// What an S3Store is given for a network.
  S3Client::Send sender() {
    return [this](const HttpRequest& request) { return answer(request); };
  }
  /// A configuration that fits.
  static StoreConfig config();
  /// A whole error answer.
  static HttpResponse refusal(int status, const std::string& code);

  /// Answers in the server's place where it returns something.
  std::function<std::optional<Result<HttpResponse>>(const HttpRequest&)> instead;
  size_t page_objects = 3;

  std::vector<std::string> requests() const;  ///< "PUT /pictures/a?partNumber=1"
  std::map<std::string, Object> objects() const;
  size_t uploads() const;

 private:
  Result<HttpResponse> answer(const HttpRequest& request);
  HttpResponse serve(const HttpRequest& request);
  HttpResponse serve_object(const HttpRequest& request, const std::string& key);
  HttpResponse serve_upload(const HttpRequest& request, const std::string& key,
                            const std::map<std::string, std::string>& query);
  HttpResponse list(const std::map<std::string, std::string>& query) const;

  struct Upload {
    std::string content_type;
    std::map<int, std::string> parts;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Object> objects_;
  std::map<std::string, Upload> uploads_;
  std::vector<std::string> requests_;
  int uploads_begun_ = 0;
};

}  // namespace limner
