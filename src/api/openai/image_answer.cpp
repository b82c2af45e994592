#include "api/openai/image_answer.h"

#include <fmt/format.h>

#include "api/picture_urls.h"
#include "api/reply.h"
#include "base/check.h"
#include "base/crypto.h"

namespace limner {
namespace {

// Pictures are billed by what drawing them takes, not by tokens; clients want the member all the same.
Json no_tokens() {
  return {{"input_tokens", 0},
          {"input_tokens_details", {{"text_tokens", 0}, {"image_tokens", 0}}},
          {"output_tokens", 0},
          {"output_tokens_details", {{"text_tokens", 0}, {"image_tokens", 0}}},
          {"total_tokens", 0}};
}

std::string size_of(const PictureRow& picture) { return fmt::format("{}x{}", picture.width, picture.height); }

Json about_job(Services& services, const JobView& view) {
  Json pictures = Json::array();
  for (const PictureRow& picture : view.pictures)
    pictures.push_back({{"id", picture.id}, {"seed", picture.seed}, {"sha256", picture.sha256}});
  Json about = {{"job", view.job.id},
                {"model", view.job.model},
                {"drawn_by", view.job.drawn_by},
                {"pictures", std::move(pictures)}};
  if (view.usage)
    about["cost"] = {{"amount", money_text(view.usage->cost_micros)}, {"currency", services.prices.currency}};
  return about;
}

const char* event_prefix(ImageOperation operation) {
  return operation == ImageOperation::edit ? "image_edit" : "image_generation";
}

Json answer_without_data(Services& services, const ImageRequest& image, const JobView& view) {
  const std::string size = view.pictures.empty() ? image.size : size_of(view.pictures[0]);
  return Json{{"created", view.job.submitted / kSecondUs},
              {"data", Json::array()},
              {"background", image.background},
              {"output_format", image.job.format},
              {"quality", image.quality},
              {"size", size},
              {"usage", no_tokens()},
              {"limner", about_job(services, view)}};
}

std::string_view text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Result<Json> image_answer(Services& services, const Request& request, const ImageRequest& image,
                          const JobView& view) {
  Json answer = answer_without_data(services, image, view);
  for (size_t i = 0; i < view.pictures.size(); ++i) {
    if (image.as_url) {
      answer["data"].push_back({{"url", picture_url(services, request, view.pictures[i])}});
      continue;
    }
    const std::string bytes = TRY(picture_bytes(services, view, i));
    answer["data"].push_back({{"b64_json", to_base64(bytes)}});
  }
  return answer;
}

Result<std::string> image_answer_text(Services& services, const Request& request, const ImageRequest& image,
                                      const JobView& view) {
  if (image.as_url) return json_response(200, TRY(image_answer(services, request, image, view))).body;
  std::string text = json_response(200, answer_without_data(services, image, view)).body;
  std::string data;
  for (size_t i = 0; i < view.pictures.size(); ++i) {
    const std::string bytes = TRY(picture_bytes(services, view, i));
    data += (i == 0 ? R"({"b64_json":")" : R"(,{"b64_json":")");
    data += to_base64(bytes);
    data += R"("})";
  }
  // Only a number stands before it, so that the first is the member and not a part of some text.
  constexpr std::string_view kData = R"("data":[)";
  const size_t at = text.find(kData);
  LIMNER_CHECK(at != text.npos, "an answer has data");
  text.insert(at + kData.size(), data);
  return text;
}

std::string partial_image(const ImageRequest& image, ImageOperation operation, const JobEvent& preview,
                          int index, TimeUs now) {
  const std::string type = fmt::format("{}.partial_image", event_prefix(operation));
  return sse_message(type, {{"type", type},
                            {"b64_json", to_base64(text_of(*preview.picture))},
                            {"partial_image_index", index},
                            {"created_at", now / kSecondUs},
                            {"size", image.size},
                            {"quality", image.quality},
                            {"background", image.background},
                            {"output_format", preview.format}});
}

Result<std::string> completed_images(Services& services, const ImageRequest& image, ImageOperation operation,
                                     const JobView& view) {
  const std::string type = fmt::format("{}.completed", event_prefix(operation));
  std::string text;
  for (size_t i = 0; i < view.pictures.size(); ++i) {
    const PictureRow& picture = view.pictures[i];
    const std::string bytes = TRY(picture_bytes(services, view, i));
    text += sse_message(type, {{"type", type},
                               {"b64_json", to_base64(bytes)},
                               {"created_at", services.clock.now() / kSecondUs},
                               {"size", size_of(picture)},
                               {"quality", image.quality},
                               {"background", image.background},
                               {"output_format", picture.format},
                               {"usage", no_tokens()},
                               {"limner", about_job(services, view)}});
  }
  return text;
}

}  // namespace limner
