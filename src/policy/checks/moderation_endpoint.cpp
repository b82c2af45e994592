// The check "endpoint": scores that another server gives a prompt, in the format of OpenAI's moderation
// endpoint.

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "base/json.h"
#include "net/http_client.h"
#include "policy/check.h"

namespace limner {

extern const CheckInfo kModerationEndpointCheck;

namespace {

constexpr size_t kEndpointsMax = 4, kUrlBytesMax = 2048, kTextsMax = 64;
constexpr size_t kAnswerBytesMax = 1u << 20;

struct Endpoint {
  std::string name, model, key_variable;
  Url url;
  double seconds = 2, hold = 1, refuse = 1;
};

// Names that are more special than ours belong to the one that they begin with: "hate/threatening" to "hate".
std::string_view category_of(std::string_view theirs) {
  std::string_view best = kOtherCategory;
  for (const std::string_view ours : categories())
    if (theirs == ours || (theirs.starts_with(ours) && theirs.substr(ours.size()).starts_with('/')))
      if (best == kOtherCategory || ours.size() > best.size()) best = ours;
  return best;
}

Json texts_of(std::span<const EncodedPrompt* const> prompts) {
  std::set<std::string> texts;
  for (const EncodedPrompt* prompt : prompts)
    for (const PromptText& pieces : prompt->texts) {
      std::string text;
      for (const std::string& piece : pieces) text += piece;
      if (!text.empty()) texts.insert(std::move(text));
    }
  return Json(texts);
}

// The highest score of each of our categories, over all texts.
Result<std::map<std::string, double>> read_scores(const std::string& body, size_t texts) {
  const Json json = TRY(parse_json(body, "answer"));
  const auto wrong = [](const char* what) { return invalid("answer", what); };
  if (!json.is_object() || !json.contains("results") || !json["results"].is_array())
    return wrong("has no list of results");
  if (json["results"].size() != texts) return wrong("has not one result a text");
  std::map<std::string, double> highest;
  for (const Json& result : json["results"]) {
    if (!result.is_object() || !result.contains("category_scores") ||
        !result["category_scores"].is_object() || result["category_scores"].empty())
      return wrong("has a result without category_scores");
    for (const auto& [theirs, score] : result["category_scores"].items()) {
      if (!score.is_number()) return wrong("has a score that is no number");
      double& known = highest[std::string(category_of(theirs))];
      known = std::max(known, std::clamp(score.get<double>(), 0.0, 1.0));
    }
  }
  return highest;
}

class ModerationEndpointCheck final : public PromptCheck {
 public:
  static Result<std::unique_ptr<PromptCheck>> make(const PolicyValue& value) {
    auto check = std::make_unique<ModerationEndpointCheck>();
    for (const PolicyValue& endpoint : *TRY(list_of(value, 1, kEndpointsMax)))
      TRY(check->add_endpoint(endpoint));
    return std::unique_ptr<PromptCheck>(std::move(check));
  }

  Result<std::vector<Finding>> look(std::span<const EncodedPrompt* const> prompts) const override {
    const Json texts = texts_of(prompts);
    std::vector<Finding> findings;
    for (const Endpoint& endpoint : endpoints_) {
      const Result<std::map<std::string, double>> scores = ask(endpoint, texts);
      if (scores)
        for (const auto& [category, score] : *scores) findings.push_back(judge(endpoint, category, score));
      else
        findings.push_back({std::string(kModerationEndpointCheck.name), endpoint.name, "", 0, Outcome::hold,
                            fmt::format("the endpoint \"{}\" could not be asked", endpoint.name)});
    }
    return findings;
  }

 private:
  Result<void> add_endpoint(const PolicyValue& value) {
    PolicyTable table = TRY(PolicyTable::of(value));
    Endpoint endpoint;
    const PolicyValue* name = TRY(table.required("name"));
    endpoint.name = TRY(name_of(*name));
    for (const Endpoint& other : endpoints_)
      if (other.name == endpoint.name) return name->error("is the name of another endpoint");
    const PolicyValue* url = TRY(table.required("url"));
    Result<Url> parsed = parse_url(TRY(text_of(*url, kUrlBytesMax)), url->key);
    if (!parsed) return url->error(parsed.error().message);
    endpoint.url = std::move(parsed).value();
    if (const PolicyValue* model = table.optional("model")) endpoint.model = TRY(name_of(*model));
    if (const PolicyValue* variable = table.optional("key_variable"))
      endpoint.key_variable = TRY(name_of(*variable));
    if (const PolicyValue* timeout = table.optional("timeout_ms"))
      endpoint.seconds = TRY(number_of(*timeout, 1, 60'000)) / 1000;
    endpoint.hold = TRY(number_of(*TRY(table.required("hold")), 0, 1));
    const PolicyValue* refuse = TRY(table.required("refuse"));
    endpoint.refuse = TRY(number_of(*refuse, 0, 1));
    if (endpoint.refuse < endpoint.hold)
      return refuse->error(fmt::format("is below hold, which is {}", endpoint.hold));
    TRY(table.finish());
    endpoints_.push_back(std::move(endpoint));
    return {};
  }

  Result<std::map<std::string, double>> ask(const Endpoint& endpoint, const Json& texts) const {
    if (texts.empty()) return std::map<std::string, double>();
    if (texts.size() > kTextsMax) return invalid("prompt", "becomes more texts than are asked about");
    Json json = {{"input", texts}};
    if (!endpoint.model.empty()) json["model"] = endpoint.model;
    const std::string body = json.dump(-1, ' ', false, Json::error_handler_t::replace);
    HttpRequest request;
    request.method = "POST";
    request.url = endpoint.url;
    request.headers = {{"Content-Type", "application/json"}};
    if (!endpoint.key_variable.empty()) {
      const char* key = std::getenv(endpoint.key_variable.c_str());
      if (!key) return not_found(endpoint.key_variable, "is not in the environment");
      request.headers.emplace_back("Authorization", fmt::format("Bearer {}", key));
    }
    request.body = body;
    request.connect_seconds = request.total_seconds = endpoint.seconds;
    request.response_bytes_max = kAnswerBytesMax;
    const HttpResponse response = TRY(http_->send(request));
    if (response.status != 200)
      return Error{Code::unavailable, "status", fmt::format("{}", response.status), ""};
    return read_scores(response.body, texts.size());
  }

  static Finding judge(const Endpoint& endpoint, const std::string& category, double score) {
    const Outcome outcome = score >= endpoint.refuse ? Outcome::refuse
                            : score >= endpoint.hold ? Outcome::hold
                                                     : Outcome::pass;
    std::string reason;
    if (outcome != Outcome::pass)
      reason = fmt::format("the prompt {} by \"{}\" for {}",
                           outcome == Outcome::hold ? "is held" : "is refused", endpoint.name, category);
    return {std::string(kModerationEndpointCheck.name),
            endpoint.name,
            category,
            score,
            outcome,
            std::move(reason)};
  }

  std::vector<Endpoint> endpoints_;
  std::unique_ptr<HttpClient> http_ = std::make_unique<HttpClient>();
};

constexpr std::string_view kEndpointExample = R"([[prompt.endpoint]]
name = "moderator"
url = "https://moderation.example.org/v1/moderations"
hold = 0.4
refuse = 0.8
)";

}  // namespace

const CheckInfo kModerationEndpointCheck{.name = "endpoint",
                                         .key = "endpoint",
                                         .doc = "scores that another server gives a prompt, in three bands",
                                         .example = kEndpointExample,
                                         .make_prompt_check = ModerationEndpointCheck::make};

}  // namespace limner
