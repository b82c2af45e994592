#pragma once
// Asking an S3 server: address, signature, another attempt.

#include <functional>

#include "store/s3_address.h"
#include "store/s3_signature.h"
#include "store/store.h"

namespace limner {

/// One operation on a bucket or an object in it.
struct S3Request {
  std::string method = "GET";
  std::string key = {};  ///< a Store key; empty: the bucket itself
  S3Query query = {};
  Headers headers = {};  ///< all are signed
  std::string_view body = {};
  size_t response_bytes_max = 16u << 20;
  int attempts = 0;  ///< 0: as many as configured
};

/// Thread-safe.
class S3Client {
 public:
  using Send = std::function<Result<HttpResponse>(const HttpRequest&)>;

  /// `send` is HttpClient's. `clock` outlives the client.
  S3Client(const StoreConfig& config, S3Address address, Send send, const Clock& clock);

  /// The answer, if it is a success. What is `unavailable` was asked for as often as allowed, with growing
  /// pauses of at most two seconds.
  Result<HttpResponse> ask(const S3Request& request) const;
  /// A URL that lets anybody read the object; `seconds` is held to what S3 takes, a second to seven days.
  std::string presign(std::string_view key, int seconds) const;
  const S3Address& address() const { return address_; }

 private:
  Result<HttpResponse> ask_once(const S3Request& request) const;
  void pause(double seconds) const;

  S3Address address_;
  S3Credentials credentials_;
  double attempt_seconds_;
  int attempts_;
  std::function<bool()> stop_;
  Send send_;
  const Clock& clock_;
};

}  // namespace limner
