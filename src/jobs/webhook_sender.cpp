#include "jobs/webhook_sender.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "jobs/webhook.h"

namespace limner {
namespace {

constexpr int kDeliveriesPage = 64;
constexpr size_t kTogether = 8;
// Of an answer, whose status alone is of interest.
constexpr size_t kAnswerBytesMax = 1u << 20;

}  // namespace

WebhookSender::WebhookSender(const Config& config, Ledger& ledger, HttpClient& http, const Clock& clock,
                             Log& log, Metrics& metrics)
    : config_(config),
      ledger_(ledger),
      http_(http),
      clock_(clock),
      log_(log),
      attempts_(metrics.counter("limner_webhook_attempts_total", "Attempts to deliver a webhook, by result.",
                                {"result"})) {}

Result<int> WebhookSender::send_due(const std::function<bool()>& stop) {
  std::atomic<int> tried = 0;
  // What was tried is not due any more, so every page is another one.
  for (bool more = true; more && !stop();) {
    const std::vector<Delivery> due = TRY(ledger_.deliveries().due(clock_.now(), kDeliveriesPage));
    std::atomic<size_t> next = 0;
    std::atomic<bool> all_recorded = true;
    const auto work = [&] {
      for (size_t i = next++; i < due.size() && !stop(); i = next++) {
        if (attempt(due[i], stop))
          ++tried;
        else
          all_recorded = false;
      }
    };
    std::vector<std::jthread> threads;
    for (size_t i = 1; i < std::min(kTogether, due.size()); ++i) threads.emplace_back(work);
    work();
    threads.clear();
    more = due.size() == kDeliveriesPage && all_recorded;
  }
  return tried.load();
}

// False if it is still due as before: it was interrupted, or its outcome could not be written.
bool WebhookSender::attempt(const Delivery& delivery, const std::function<bool()>& stop) {
  const Result<HttpResponse> response = post(delivery, stop);
  if (!response && response.error().code == Code::cancelled) return false;
  const Result<void> recorded = record(delivery, outcome_of(response));
  if (!recorded)
    log_.warning("webhook_not_recorded", {{"delivery", delivery.id}, {"error", recorded.error().text()}});
  return recorded.has_value();
}

Result<HttpResponse> WebhookSender::post(const Delivery& delivery, const std::function<bool()>& stop) {
  if (!delivery.unreadable.empty()) return invalid("webhook", delivery.unreadable);
  const Tenant tenant = TRY(ledger_.tenants().find(delivery.tenant));
  const std::string body = bounded_webhook_body(delivery.body);
  const TimeUs now = clock_.now();
  const std::string signature = webhook_signature(tenant.webhook_secret, delivery.id, now, body);
  if (signature.empty()) return invalid("webhook_secret", "is missing: nothing is sent without a signature");
  HttpRequest request;
  request.method = "POST";
  request.url = TRY(parse_url(delivery.url, "webhook_url"));
  request.headers = {{"content-type", "application/json"},
                     {"user-agent", "limner"},
                     {"webhook-id", delivery.id},
                     {"webhook-timestamp", std::to_string(now / kSecondUs)},
                     {"webhook-signature", signature}};
  request.body = body;
  request.total_seconds = config_.timeout_seconds;
  request.connect_seconds = std::min(request.connect_seconds, config_.timeout_seconds);
  request.reach = config_.allow_private ? Reach::anywhere : Reach::public_only;
  request.response_bytes_max = kAnswerBytesMax;
  request.on_data = [](std::string_view) { return true; };
  request.stop = stop;
  return http_.send(request);
}

WebhookSender::Outcome WebhookSender::outcome_of(const Result<HttpResponse>& response) {
  if (!response) {
    const Code code = response.error().code;
    return {false, code != Code::forbidden && code != Code::invalid, response.error().text()};
  }
  if (response->status >= 200 && response->status < 300) return {true, false, ""};
  if (response->status == 410) return {false, false, "410: the receiver wants no more"};
  if (response->status >= 300 && response->status < 400)
    return {false, true, fmt::format("{}: redirects are not followed", response->status)};
  return {false, true, fmt::format("status {}", response->status)};
}

Result<void> WebhookSender::record(const Delivery& delivery, const Outcome& outcome) {
  if (outcome.delivered) {
    attempts_.with({"delivered"}).add();
    return ledger_.deliveries().delivered(delivery.id, clock_.now());
  }
  const std::optional<double> wait =
      outcome.may_retry ? webhook_retry_seconds(delivery.attempts + 1) : std::nullopt;
  attempts_.with({wait ? "failed" : "given_up"}).add();
  log_.info(wait ? "webhook_failed" : "webhook_given_up", {{"delivery", delivery.id},
                                                           {"job", delivery.job},
                                                           {"attempt", delivery.attempts + 1},
                                                           {"error", outcome.error}});
  const TimeUs next = wait ? clock_.now() + static_cast<TimeUs>(*wait * kSecondUs) : 0;
  return ledger_.deliveries().failed(delivery.id, outcome.error, next);
}

}  // namespace limner
