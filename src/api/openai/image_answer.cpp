#include "api/openai/image_answer.h"

#include <fmt/format.h>

#include "api/picture_urls.h"
#include "api/reply.h"
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

std::string_view text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Result<Json> image_answer(Services& services, const Request& request, const ImageRequest& image,
                          const JobView& view) {
  Json data = Json::array();
  for (const PictureRow& picture : view.pictures) {
    if (image.as_url) {
      data.push_back({{"url", picture_url(services, request, picture)}});
      continue;
    }
    const std::string bytes = TRY(picture_bytes(services, picture));
    data.push_back({{"b64_json", to_base64(bytes)}});
  }
  const std::string size = view.pictures.empty() ? image.size : size_of(view.pictures[0]);
  return Json{{"created", view.job.submitted / kSecondUs},
              {"data", std::move(data)},
              {"background", image.background},
              {"output_format", image.job.format},
              {"quality", image.quality},
              {"size", size},
              {"usage", no_tokens()},
              {"limner", about_job(services, view)}};
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
  for (const PictureRow& picture : view.pictures) {
    const std::string bytes = TRY(picture_bytes(services, picture));
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
