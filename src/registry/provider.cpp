#include "registry/provider.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>

#include "base/json.h"
#include "registry/provider_answer.h"
#include "registry/provider_retry_budget.h"

namespace limner {

namespace {

using Files = std::vector<std::string>;
using Health = ProviderFailure::Health;

constexpr int kAttemptsMax = 3;
constexpr double kPauseFirst = 0.5, kPauseLongest = 8;
constexpr int kRedirectsMax = 3;

double seconds_between(TimeUs from, TimeUs to) { return double(to - from) / double(kSecondUs); }

/// The GPT image models answer with base64 always and refuse to be asked for it.
bool takes_response_format(std::string_view model) {
  return !model.starts_with("gpt-image") && !model.starts_with("chatgpt-image");
}

std::string request_body(const ProviderConfig& config, const ProviderRequest& request) {
  Json json{{"model", config.model}, {"prompt", request.prompt}, {"n", request.count}};
  if (!request.size.empty()) json["size"] = request.size;
  if (!request.user.empty()) json["user"] = request.user;
  if (takes_response_format(config.model)) json["response_format"] = "b64_json";
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string endpoint(std::string_view base) {
  while (base.ends_with('/')) base.remove_suffix(1);
  return std::string(base) + "/images/generations";
}

/// The metric's word for how it ended.
const char* outcome_of(const Result<Files>& files) { return files ? "ok" : code_name(files.error().code); }

}  // namespace

struct Provider::State {
  std::string name;
  ProviderConfig config;
  HttpClient& http;
  const Clock& clock;
  Log& log;
  MetricFamily<Counter>& requests_total;
  Gauge& breaker_open;
  Histogram& request_seconds;
  Result<Url> url;
  std::atomic<int> running = 0;
  mutable std::mutex mutex;  ///< guards the two below
  CircuitBreaker breaker;
  ProviderRetryBudget budget;

  State(std::string own_name, const ProviderConfig& own_config, HttpClient& client, const Clock& time,
        Log& to, Metrics& metrics);

  /// Pictures, or why not; whatever was not retried yet.
  struct Attempt {
    std::optional<Files> files;
    ProviderFailure failure;
  };

  Result<Files> draw(const ProviderRequest& request);
  Result<Files> draw_with_retries(const ProviderRequest& request);
  Attempt try_once(const ProviderRequest& request, TimeUs deadline);
  Result<HttpResponse> ask(const ProviderRequest& request, TimeUs deadline);
  Result<Files> files_of(std::vector<ProviderPicture> pictures, const ProviderRequest& request,
                         TimeUs deadline);
  Result<std::string> fetch(const std::string& url, const ProviderRequest& request, TimeUs deadline);
  bool allow();
  void report(Health health);
  bool may_retry(const ProviderFailure& failure, size_t ticket, double pause, TimeUs deadline);
  bool wait(double seconds, const std::function<bool()>& stop) const;
  double seconds_left(TimeUs deadline) const { return seconds_between(clock.steady(), deadline); }
};

Provider::State::State(std::string own_name, const ProviderConfig& own_config, HttpClient& client,
                       const Clock& time, Log& to, Metrics& metrics)
    : name(std::move(own_name)),
      config(own_config),
      http(client),
      clock(time),
      log(to),
      requests_total(metrics.counter("limner_provider_requests_total",
                                     "Requests to providers, by how they ended.", {"provider", "outcome"})),
      breaker_open(metrics
                       .gauge("limner_provider_breaker_open",
                              "1 while a provider is not asked because it failed too often.", {"provider"})
                       .with({name})),
      request_seconds(metrics
                          .histogram("limner_provider_request_seconds",
                                     "Seconds until a provider's pictures were here, retries included.",
                                     kPictureSeconds, {"provider"})
                          .with({name})),
      url(parse_url(endpoint(config.url), "url")),
      breaker(config.breaker_failures, TimeUs(config.breaker_seconds * double(kSecondUs))),
      budget(config.retry_budget) {}

bool Provider::State::allow() {
  const std::lock_guard lock(mutex);
  return breaker.allow(clock.steady());
}

void Provider::State::report(Health health) {
  const std::lock_guard lock(mutex);
  const TimeUs now = clock.steady();
  const CircuitBreaker::State before = breaker.state(now);
  switch (health) {
    case Health::works:
      breaker.succeeded(now);
      break;
    case Health::broken:
      breaker.failed(now);
      break;
    case Health::unknown:
      breaker.abandoned();
      break;
  }
  const CircuitBreaker::State after = breaker.state(now);
  breaker_open.set(after == CircuitBreaker::State::closed ? 0 : 1);
  if (after == before) return;
  if (after == CircuitBreaker::State::open) log.warning("provider_breaker_opened", {{"provider", name}});
  if (after == CircuitBreaker::State::closed) log.info("provider_breaker_closed", {{"provider", name}});
}

Result<Files> Provider::State::draw(const ProviderRequest& request) {
  // Held while this request runs.
  struct Place {
    std::atomic<int>& running;
    int before = running.fetch_add(1);
    ~Place() { --running; }
  } place{running};
  if (place.before >= config.concurrent_max)
    return Error{Code::exhausted, "",
                 fmt::format("provider '{}' draws {} requests of ours already", name, config.concurrent_max),
                 "try again later"};
  if (!url)
    return Error{Code::unavailable, "", fmt::format("provider '{}' has no usable address", name),
                 "tell the operator"};
  return draw_with_retries(request);
}

Result<Files> Provider::State::draw_with_retries(const ProviderRequest& request) {
  const TimeUs deadline = clock.steady() + TimeUs(config.timeout_seconds * double(kSecondUs));
  size_t ticket = 0;
  {
    const std::lock_guard lock(mutex);
    ticket = budget.begin();
  }
  ProviderFailure last;
  last.error = {Code::unavailable, "",
                fmt::format("provider '{}' failed too often and is not asked now", name),
                fmt::format("try again in {:.0f} s", config.breaker_seconds)};
  for (int attempt = 1; attempt <= kAttemptsMax && allow(); ++attempt) {
    Attempt done = try_once(request, deadline);
    if (done.files) return std::move(*done.files);
    last = std::move(done.failure);
    if (last.error.code != Code::cancelled)
      log.warning("provider_failed", {{"provider", name},
                                      {"error", code_name(last.error.code)},
                                      {"status", last.status},
                                      {"attempt", attempt}});
    const double pause =
        std::max(last.retry_after_seconds, backoff_seconds(attempt, kPauseFirst, kPauseLongest));
    if (attempt == kAttemptsMax || !may_retry(last, ticket, pause, deadline)) break;
    if (!wait(pause, request.stop)) return Error{Code::cancelled, "", "the request was stopped", ""};
  }
  return std::move(last.error);
}

bool Provider::State::may_retry(const ProviderFailure& failure, size_t ticket, double pause,
                                TimeUs deadline) {
  if (!failure.may_retry || pause >= seconds_left(deadline)) return false;
  const std::lock_guard lock(mutex);
  return budget.take(ticket);
}

/// One request, and its pictures fetched. Whatever happens the breaker hears of it.
Provider::State::Attempt Provider::State::try_once(const ProviderRequest& request, TimeUs deadline) {
  struct Report {
    State& state;
    Health health = Health::unknown;
    ~Report() { state.report(health); }
  } report_at_end{*this};
  const auto failed = [&](ProviderFailure failure) {
    report_at_end.health = failure.health;
    return Attempt{std::nullopt, std::move(failure)};
  };
  const Result<HttpResponse> response = ask(request, deadline);
  if (!response) return failed(provider_gave_no_answer(response.error(), name));
  if (response->status < 200 || response->status > 299) {
    ProviderFailure failure = read_provider_failure(*response, name, config.api_key, clock.now());
    failure.status = response->status;
    return failed(std::move(failure));
  }
  Result<std::vector<ProviderPicture>> pictures = read_provider_pictures(response->body, request.count);
  if (!pictures) return failed({std::move(pictures).error()});
  Result<Files> files = files_of(std::move(pictures).value(), request, deadline);
  if (!files) {
    const Health health = files.error().code == Code::cancelled ? Health::unknown : Health::broken;
    return failed({std::move(files).error(), health});
  }
  report_at_end.health = Health::works;
  return {std::move(files).value(), {}};
}

Result<HttpResponse> Provider::State::ask(const ProviderRequest& request, TimeUs deadline) {
  const std::string body = request_body(config, request);
  HttpRequest http_request;
  http_request.method = "POST";
  http_request.url = *url;
  http_request.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
  if (!config.api_key.empty()) http_request.headers.emplace_back("Authorization", "Bearer " + config.api_key);
  if (!request.trace.trace_id.empty())
    http_request.headers.emplace_back("traceparent", child_of(request.trace).traceparent());
  http_request.body = body;
  http_request.total_seconds = std::max(0.001, seconds_left(deadline));
  http_request.connect_seconds = std::min(http_request.connect_seconds, http_request.total_seconds);
  http_request.response_bytes_max = provider_answer_bytes_max(request.count);
  http_request.stop = request.stop;
  return http.send(http_request);
}

Result<Files> Provider::State::files_of(std::vector<ProviderPicture> pictures, const ProviderRequest& request,
                                        TimeUs deadline) {
  Files files;
  for (ProviderPicture& picture : pictures) {
    if (picture.url.empty()) {
      files.push_back(std::move(picture.bytes));
      continue;
    }
    std::string file = TRY(fetch(picture.url, request, deadline));
    files.push_back(std::move(file));
  }
  return files;
}

/// A picture that the answer only points to. The provider named the address, so it may be one of ours that it
/// should not reach: only the provider's own host, which the operator named, may be private.
Result<std::string> Provider::State::fetch(const std::string& picture_url, const ProviderRequest& request,
                                           TimeUs deadline) {
  const auto failed = [&](Code code, std::string_view why) {
    return Error{code, "", fmt::format("a picture of provider '{}' {}", name, why), ""};
  };
  const Result<Url> address = parse_url(picture_url, "url");
  if (!address) return failed(Code::unavailable, "has no usable address");
  const bool own_host = address->scheme == url->scheme && address->authority() == url->authority();
  HttpRequest http_request;
  http_request.url = *address;
  http_request.total_seconds = std::max(0.001, seconds_left(deadline));
  http_request.connect_seconds = std::min(http_request.connect_seconds, http_request.total_seconds);
  http_request.response_bytes_max = kProviderPictureBytesMax;
  http_request.reach = own_host ? Reach::anywhere : Reach::public_only;
  http_request.redirects_max = own_host ? 0 : kRedirectsMax;
  http_request.stop = request.stop;
  Result<HttpResponse> response = http.send(http_request);
  if (!response) {
    const Code code = response.error().code;
    if (code == Code::cancelled) return std::move(response).error();
    if (code == Code::deadline) return failed(Code::deadline, "did not come in time");
    return failed(Code::unavailable, code == Code::forbidden   ? "is at an address that may not be asked"
                                     : code == Code::too_large ? "is larger than is allowed"
                                                               : "could not be fetched");
  }
  if (response->status != 200)
    return failed(Code::unavailable, fmt::format("could not be fetched: status {}", response->status));
  return std::move(response->body);
}

/// False where it was stopped.
bool Provider::State::wait(double seconds, const std::function<bool()>& stop) const {
  constexpr auto kSlice = std::chrono::milliseconds(20);
  const TimeUs until = clock.steady() + TimeUs(seconds * double(kSecondUs));
  while (clock.steady() < until) {
    if (stop && stop()) return false;
    std::this_thread::sleep_for(kSlice);
  }
  return true;
}

Provider::Provider(std::string name, const ProviderConfig& config, HttpClient& http, const Clock& clock,
                   Log& log, Metrics& metrics)
    : state_(std::make_unique<State>(std::move(name), config, http, clock, log, metrics)) {}
Provider::~Provider() = default;

Result<Files> Provider::draw(const ProviderRequest& request) {
  const TimeUs started = state_->clock.steady();
  Result<Files> files = state_->draw(request);
  state_->requests_total.with({state_->name, outcome_of(files)}).add();
  state_->request_seconds.observe(seconds_between(started, state_->clock.steady()));
  return files;
}

CircuitBreaker::State Provider::breaker() const {
  const std::lock_guard lock(state_->mutex);
  return state_->breaker.state(state_->clock.steady());
}

}  // namespace limner
