#pragma once
// What a provider's answer means. Answers are as hostile as requests. Only provider.cpp includes this.

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/http_client.h"
#include "registry/provider.h"

namespace limner {

inline constexpr size_t kProviderPictureBytesMax = 64u << 20;

/// The most that an answer with `count` pictures may hold: base64 is 4/3 of its bytes.
size_t provider_answer_bytes_max(int count);

/// A picture as the answer gives it: its bytes, or where they are.
struct ProviderPicture {
  std::string bytes;
  std::string url;
};

/// The first `count` pictures of a 2xx answer; fewer, or anything that is not the Images API's answer, is
/// `unavailable`.
Result<std::vector<ProviderPicture>> read_provider_pictures(std::string_view body, int count);

/// What a failure says.
struct ProviderFailure {
  enum class Health {
    works,   ///< it understood us and said no
    broken,  ///< counts for the breaker
    unknown  ///< says nothing about the next request
  };
  Error error;
  Health health = Health::broken;
  bool may_retry = false;
  double retry_after_seconds = 0;  ///< what it asks for; 0: nothing
  int status = 0;                  ///< of HTTP; 0: no answer
};

/// Of an answer that is not 2xx. The provider's own words are passed on for what the requester can change
/// (400, 422, moderation), cut and without control characters, and not where they hold `api_key`.
ProviderFailure read_provider_failure(const HttpResponse& response, const std::string& provider,
                                      std::string_view api_key, TimeUs now);

/// Of no answer.
ProviderFailure provider_gave_no_answer(const Error& error, const std::string& provider);

/// "retry-after-ms", else "retry-after" in seconds or as an HTTP date; 0 where there is none that makes
/// sense.
double retry_after_seconds(const HttpResponse& response, TimeUs now);

}  // namespace limner
