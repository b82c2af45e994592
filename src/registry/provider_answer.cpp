#include "registry/provider_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ctime>

#include "base/crypto.h"
#include "base/json.h"

namespace limner {

namespace {

constexpr size_t kAnswerBytesMax = 512u << 20;
constexpr size_t kMessageBytesMax = 300;
constexpr double kRetryAfterMax = 86'400;
// An answer nests four deep; a few more for what dialects add.
constexpr JsonLimits kErrorLimits{.bytes_max = 1u << 20, .depth_max = 16, .keys_max = 256};

// Types and codes by which OpenAI and those who speak like it say that moderation refused.
constexpr std::array<std::string_view, 4> kModeration = {"moderation_blocked", "content_policy_violation",
                                                         "content_filter", "image_generation_user_error"};

Error nonsense(std::string what) {
  return {Code::unavailable, "", "the provider's answer makes no sense: " + std::move(what), ""};
}

std::string text_member(const Json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

Result<ProviderPicture> read_picture(const Json& item) {
  if (!item.is_object()) return nonsense("a picture is not an object");
  const auto base64 = item.find("b64_json");
  if (base64 != item.end() && base64->is_string()) {
    Result<std::string> bytes =
        from_base64(base64->get_ref<const std::string&>(), "b64_json", kProviderPictureBytesMax);
    if (!bytes) return nonsense(bytes.error().text());
    return ProviderPicture{std::move(bytes).value(), ""};
  }
  std::string url = text_member(item, "url");
  if (url.empty()) return nonsense("a picture has neither b64_json nor url");
  return ProviderPicture{"", std::move(url)};
}

/// {"error":{"message","type","code"}} of an answer, as far as it is one.
struct SaidError {
  std::string message, type, code;
  bool is(std::string_view name) const { return type == name || code == name; }
};

SaidError said_error(std::string_view body) {
  const Result<Json> json = parse_json(body, "answer", kErrorLimits);
  if (!json || !json->is_object()) return {};
  const auto error = json->find("error");
  if (error == json->end()) return {};
  if (error->is_string()) return {error->get<std::string>(), "", ""};
  if (!error->is_object()) return {};
  return {text_member(*error, "message"), text_member(*error, "type"), text_member(*error, "code")};
}

/// For people: short, on one line, without our key.
std::string presentable(std::string message, std::string_view api_key) {
  if (!api_key.empty() && message.find(api_key) != message.npos)
    return "it gives a reason that holds a secret";
  if (message.empty()) return "it gives no reason";
  if (message.size() > kMessageBytesMax) {
    size_t end = kMessageBytesMax;
    while (end > 0 && (static_cast<unsigned char>(message[end]) & 0xC0) == 0x80) --end;
    message = message.substr(0, end) + "...";
  }
  std::replace_if(
      message.begin(), message.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
  return message;
}

double http_date_seconds(const std::string& text, TimeUs now) {
  std::tm date{};
  const char* end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
  if (end == nullptr || *end != '\0') return 0;
  return double(::timegm(&date)) - double(now) / double(kSecondUs);
}

}  // namespace

size_t provider_answer_bytes_max(int count) {
  const size_t picture = kProviderPictureBytesMax / 3 * 4 + (1u << 20);
  return std::min(kAnswerBytesMax, picture * size_t(std::max(1, count)));
}

Result<std::vector<ProviderPicture>> read_provider_pictures(std::string_view body, int count) {
  const JsonLimits limits{.bytes_max = provider_answer_bytes_max(count), .depth_max = 16, .keys_max = 256};
  const Result<Json> json = parse_json(body, "answer", limits);
  if (!json) return nonsense(json.error().text());
  if (!json->is_object()) return nonsense("it is not an object");
  const auto data = json->find("data");
  if (data == json->end() || !data->is_array()) return nonsense("it has no list named data");
  if (int64_t(data->size()) < count)
    return nonsense(fmt::format("it has {} of {} pictures", data->size(), count));
  std::vector<ProviderPicture> pictures;
  for (int i = 0; i < count; ++i) {
    ProviderPicture picture = TRY(read_picture((*data)[size_t(i)]));
    pictures.push_back(std::move(picture));
  }
  return pictures;
}

double retry_after_seconds(const HttpResponse& response, TimeUs now) {
  const auto number = [&](std::string_view name) {
    const std::string_view text = response.header(name);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? value : std::nan("");
  };
  double seconds = number("retry-after-ms") / 1000;
  if (std::isnan(seconds)) seconds = number("retry-after");
  if (std::isnan(seconds)) seconds = http_date_seconds(std::string(response.header("retry-after")), now);
  return std::isfinite(seconds) ? std::clamp(seconds, 0.0, kRetryAfterMax) : 0;
}

ProviderFailure read_provider_failure(const HttpResponse& response, const std::string& provider,
                                      std::string_view api_key, TimeUs now) {
  using Health = ProviderFailure::Health;
  const SaidError said = said_error(response.body);
  const auto about = [&](std::string_view what) { return fmt::format("provider '{}' {}", provider, what); };
  const int status = response.status;

  if (std::any_of(kModeration.begin(), kModeration.end(),
                  [&](std::string_view name) { return said.is(name); }))
    return {{Code::refused, "prompt", about("refuses it: ") + presentable(said.message, api_key), ""},
            Health::works};
  if (status == 429) {
    const double seconds = retry_after_seconds(response, now);
    const bool paid_up = !said.is("insufficient_quota");
    return {{Code::exhausted, "", about(paid_up ? "takes no more requests now" : "has no quota left for us"),
             seconds > 0 ? fmt::format("try again in {:.0f} s", std::ceil(seconds)) : ""},
            Health::unknown,
            paid_up,
            seconds};
  }
  if (status >= 500)
    return {{Code::unavailable, "", about(fmt::format("failed with status {}", status)), ""},
            Health::broken,
            true,
            retry_after_seconds(response, now)};
  if (status == 401 || status == 403)
    return {{Code::unavailable, "", about("does not take our credentials"), "tell the operator"}};
  if (status == 404)
    return {{Code::unavailable, "", about("does not know the model or the address"), "tell the operator"}};
  if (status == 400 || status == 413 || status == 422)
    return {{Code::invalid, "", about("refuses the request: ") + presentable(said.message, api_key), ""},
            Health::works};
  return {{Code::unavailable, "", about(fmt::format("answered with status {}", status)), ""}};
}

ProviderFailure provider_gave_no_answer(const Error& error, const std::string& provider) {
  using Health = ProviderFailure::Health;
  const auto about = [&](std::string_view what) { return fmt::format("provider '{}' {}", provider, what); };
  switch (error.code) {
    case Code::cancelled:
      return {{Code::cancelled, "", "the request was stopped", ""}, Health::unknown};
    case Code::deadline:
      return {{Code::deadline, "", about("did not answer in time"), ""}, Health::broken};
    case Code::too_large:
      return {{Code::unavailable, "", about("answered with more than is allowed"), ""}, Health::broken};
    default:
      return {{Code::unavailable, "", about("did not answer"), ""}, Health::broken, true};
  }
}

}  // namespace limner
