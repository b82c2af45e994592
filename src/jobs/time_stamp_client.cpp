#include "jobs/time_stamp_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <memory>

#include "base/files.h"

namespace limner {
namespace {

// While an authority is away, a picture in half a minute waits for it.
constexpr TimeUs kAuthorityRestUs = 30 * kSecondUs;
constexpr size_t kStampBytesMax = 64u << 10;
constexpr size_t kAuthorityRootBytesMax = 1u << 20;

Error away(std::string text) { return {Code::unavailable, "time stamp", std::move(text), {}}; }

Result<std::string> ask_authority(HttpClient& http, const Url& url, double seconds,
                                  std::string_view request) {
  HttpRequest question{.method = "POST", .url = url};
  question.headers = {{"Content-Type", "application/timestamp-query"},
                      {"Accept", "application/timestamp-reply"}};
  question.body = request;
  question.connect_seconds = std::min(seconds, 5.0);
  question.total_seconds = seconds;
  question.response_bytes_max = kStampBytesMax;
  HttpResponse answer = TRY(http.send(question));
  if (answer.status != 200) return away(fmt::format("the authority answers with {}", answer.status));
  if (!answer.header("Content-Type").starts_with("application/timestamp-reply"))
    return away("the authority's answer is no time stamp");
  return std::move(answer.body);
}

}  // namespace

Result<TimeStamping> time_stamping_of(const TimeStampConfig& config, HttpClient& http, const Clock& clock,
                                      std::function<void(const Error*)> told) {
  TimeStamping stamping;
  if (config.url.empty()) return stamping;
  const Url url = TRY(parse_url(config.url, "provenance.timestamp_url"));
  if (!config.trust.empty())
    stamping.anchors = TRY(make_trust_anchors({}, config.trust.string(), TRY(time_stamp_roots(config))));
  stamping.required = config.required;
  stamping.told = std::move(told);
  // Shared by the threads that sign.
  auto rests_until = std::make_shared<std::atomic<TimeUs>>(0);
  stamping.ask = [&http, &clock, url, seconds = config.seconds,
                  rests_until](std::string_view request) -> Result<std::string> {
    if (clock.steady() < *rests_until) return away("the authority failed moments ago");
    Result<std::string> answer = ask_authority(http, url, seconds, request);
    if (!answer) {
      *rests_until = clock.steady() + kAuthorityRestUs;
      answer.error().field = "time stamp";
    }
    return answer;
  };
  return stamping;
}

Result<std::vector<std::string>> time_stamp_roots(const TimeStampConfig& config) {
  if (config.trust.empty()) return std::vector<std::string>();
  return std::vector<std::string>{TRY(read_file(config.trust, kAuthorityRootBytesMax))};
}

}  // namespace limner
