#include "jobs/request_forms.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "jobs/close_name.h"
#include "jobs/json_values.h"
#include "jobs/outpaint.h"
#include "jobs/plain_text.h"
#include "net/url.h"

namespace limner {
namespace {

std::string item_field(const std::string& field, size_t index) { return fmt::format("{}[{}]", field, index); }

// Objects inside a request are as strict about their keys as the request itself.
Result<void> check_keys(const Json& object, const std::string& field,
                        std::span<const std::string_view> allowed) {
  for (const auto& [key, value] : object.items()) {
    if (std::ranges::find(allowed, key) != allowed.end()) continue;
    const std::string_view close = close_name(key, allowed);
    return invalid(field, fmt::format("{} is not one of {}", shown(key), fmt::join(allowed, ", ")),
                   close.empty() ? "" : fmt::format("did you mean \"{}\"?", close));
  }
  return {};
}

// The value of a key that must be there; null is as good as absent.
const Json& value_of(const Json& object, const char* key) {
  static const Json nothing;
  const auto found = object.find(key);
  return found == object.end() ? nothing : *found;
}

Result<double> number_of(const Json& object, const char* key, const std::string& field, double otherwise,
                         double minimum, double maximum) {
  const Json& value = value_of(object, key);
  if (value.is_null()) return otherwise;
  return read_number(value, fmt::format("{}.{}", field, key), minimum, maximum);
}

// "NAME:WEIGHT"; a colon that no number follows belongs to the name.
NamedWeight split_weight(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == text.npos || colon == 0 || colon + 1 == text.size()) return {text, 1};
  double weight = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, weight);
  return error == std::errc() && stop == end ? NamedWeight{text.substr(0, colon), weight}
                                             : NamedWeight{text, 1};
}

Result<NamedWeight> read_lora(const Json& value, const std::string& field) {
  if (value.is_string()) {
    NamedWeight lora = split_weight(TRY(read_text(value, field, kNameBytesMax)));
    lora.weight = TRY(read_number(lora.weight, field, -kLoraWeightMax, kLoraWeightMax));
    return lora;
  }
  if (!value.is_object())
    return invalid(field, fmt::format("{} is neither an object nor \"NAME:WEIGHT\"", shown(value)));
  constexpr std::array<std::string_view, 2> kKeys = {"name", "weight"};
  TRY(check_keys(value, field, kKeys));
  NamedWeight lora;
  lora.name = TRY(read_text(value_of(value, "name"), field + ".name", kNameBytesMax));
  lora.weight = TRY(number_of(value, "weight", field, 1, -kLoraWeightMax, kLoraWeightMax));
  return lora;
}

Result<ControlRequest> read_control(const Json& value, const std::string& field) {
  if (!value.is_object()) return invalid(field, fmt::format("{} is not an object", shown(value)));
  constexpr std::array<std::string_view, 5> kKeys = {"name", "image", "scale", "start", "end"};
  TRY(check_keys(value, field, kKeys));
  ControlRequest control;
  control.name = TRY(read_text(value_of(value, "name"), field + ".name", kNameBytesMax));
  control.picture = TRY(read_picture_id(value_of(value, "image"), field + ".image"));
  control.scale = TRY(number_of(value, "scale", field, 1, 0, kControlScaleMax));
  control.start = TRY(number_of(value, "start", field, 0, 0, 1));
  control.end = TRY(number_of(value, "end", field, 1, 0, 1));
  if (control.start > control.end)
    return invalid(field + ".start", fmt::format("{} is behind end {}", control.start, control.end));
  return control;
}

size_t characters(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<uint8_t>(c) & 0xc0u) != 0x80u; }));
}

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

}  // namespace

Result<void> read_loras(JobRequest& request, const Json& value, const std::string& field) {
  TRY(check_list(value, field, kLorasMax));
  for (size_t i = 0; i < value.size(); ++i)
    request.loras.push_back(TRY(read_lora(value[i], item_field(field, i))));
  return {};
}

Json write_loras(const JobRequest& request) {
  Json list;
  for (const NamedWeight& lora : request.loras)
    list.push_back({{"name", lora.name}, {"weight", lora.weight}});
  return list;
}

Result<void> read_embeddings(JobRequest& request, const Json& value, const std::string& field) {
  TRY(check_list(value, field, kEmbeddingsMax));
  for (size_t i = 0; i < value.size(); ++i)
    request.embeddings.push_back(TRY(read_text(value[i], item_field(field, i), kNameBytesMax)));
  return {};
}

Json write_embeddings(const JobRequest& request) {
  return request.embeddings.empty() ? Json() : Json(request.embeddings);
}

Result<void> read_controls(JobRequest& request, const Json& value, const std::string& field) {
  TRY(check_list(value, field, kControlsMax));
  for (size_t i = 0; i < value.size(); ++i)
    request.controls.push_back(TRY(read_control(value[i], item_field(field, i))));
  return {};
}

Json write_controls(const JobRequest& request) {
  Json list;
  for (const ControlRequest& control : request.controls)
    list.push_back({{"name", control.name},
                    {"image", control.picture},
                    {"scale", control.scale},
                    {"start", control.start},
                    {"end", control.end}});
  return list;
}

Result<void> read_init(JobRequest& request, const Json& value, const std::string& field) {
  request.init = TRY(read_picture_id(value, field));
  return {};
}

Json write_init(const JobRequest& request) { return text_or_null(request.init); }

Result<void> read_mask(JobRequest& request, const Json& value, const std::string& field) {
  request.mask = TRY(read_picture_id(value, field));
  return {};
}

Json write_mask(const JobRequest& request) { return text_or_null(request.mask); }

Result<void> read_outpaint(JobRequest& request, const Json& value, const std::string& field) {
  request.outpaint = TRY(read_text(value, field, kNameBytesMax));
  TRY(parse_outpaint(request.outpaint, field));
  return {};
}

Json write_outpaint(const JobRequest& request) { return text_or_null(request.outpaint); }

Result<void> read_tier(JobRequest& request, const Json& value, const std::string& field) {
  request.tier = TRY(tier_from_name(TRY(read_text(value, field, kNameBytesMax))));
  return {};
}

Json write_tier(const JobRequest& request) { return tier_name(request.tier); }

Result<void> read_tags(JobRequest& request, const Json& value, const std::string& field) {
  TRY(check_list(value, field, kTagsMax));
  for (size_t i = 0; i < value.size(); ++i) {
    std::string tag = TRY(read_text(value[i], item_field(field, i), 4 * kTagCharactersMax));
    if (characters(tag) > kTagCharactersMax)
      return invalid(item_field(field, i),
                     fmt::format("{} characters; at most {} are read", characters(tag), kTagCharactersMax));
    // Sums by tag would count the job twice.
    if (std::ranges::find(request.tags, tag) != request.tags.end())
      return invalid(item_field(field, i), fmt::format("{} is there twice", shown(tag)));
    request.tags.push_back(std::move(tag));
  }
  return {};
}

Json write_tags(const JobRequest& request) { return request.tags.empty() ? Json() : Json(request.tags); }

Result<void> read_deadline(JobRequest& request, const Json& value, const std::string& field) {
  request.deadline_seconds = TRY(read_number(value, field, kDeadlineSecondsMin, kDeadlineSecondsMax));
  return {};
}

Json write_deadline(const JobRequest& request) {
  return request.deadline_seconds ? Json(*request.deadline_seconds) : Json();
}

Result<void> read_webhook_url(JobRequest& request, const Json& value, const std::string& field) {
  request.webhook_url = TRY(read_text(value, field, kUrlBytesMax));
  TRY(parse_url(request.webhook_url, field));
  return {};
}

Json write_webhook_url(const JobRequest& request) { return text_or_null(request.webhook_url); }

}  // namespace limner
