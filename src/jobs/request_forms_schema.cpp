// The JSON Schema of what request_forms.cpp reads, with the same bounds.

#include <string>
#include <utility>
#include <vector>

#include "jobs/request_forms.h"

namespace limner {
namespace {

Json name_schema(size_t length_max) {
  return {{"type", "string"}, {"minLength", 1}, {"maxLength", length_max}};
}

Json range_of_numbers(double minimum, double maximum) {
  return {{"type", "number"}, {"minimum", minimum}, {"maximum", maximum}};
}

Json range_of_numbers(double minimum, double maximum, double otherwise) {
  Json schema = range_of_numbers(minimum, maximum);
  schema["default"] = otherwise;
  return schema;
}

Json list_schema(size_t items_max, Json items) {
  return {{"type", "array"}, {"maxItems", items_max}, {"items", std::move(items)}};
}

Json object_schema(std::vector<std::string> required, Json properties) {
  return {{"type", "object"},
          {"additionalProperties", false},
          {"required", std::move(required)},
          {"properties", std::move(properties)}};
}

}  // namespace

Json loras_schema() {
  const Json object = object_schema(
      {"name"}, {{"name", name_schema(kNameBytesMax)},
                 {"weight", range_of_numbers(-kLoraWeightMax, kLoraWeightMax, NamedWeight().weight)}});
  return list_schema(kLorasMax, {{"oneOf", Json::array({name_schema(kNameBytesMax), object})}});
}

Json embeddings_schema() { return list_schema(kEmbeddingsMax, name_schema(kNameBytesMax)); }

Json controls_schema() {
  const ControlRequest standard;
  return list_schema(
      kControlsMax,
      object_schema({"name", "image"}, {{"name", name_schema(kNameBytesMax)},
                                        {"image", picture_schema()},
                                        {"scale", range_of_numbers(0, kControlScaleMax, standard.scale)},
                                        {"start", range_of_numbers(0, 1, standard.start)},
                                        {"end", range_of_numbers(0, 1, standard.end)}}));
}

// Ids as base/ids.h makes them.
Json picture_schema() {
  return {{"type", "string"}, {"pattern", "^(file|pic)_[0-7][0-9a-hjkmnp-tv-z]{25}$"}};
}

Json outpaint_schema() {
  return {{"type", "string"}, {"pattern", "^[0-9]{1,5}(,[0-9]{1,5},[0-9]{1,5},[0-9]{1,5})?$"}};
}

Json tier_schema() {
  Json names = Json::array();
  for (int tier = 0; tier < kTiers; ++tier) names.push_back(tier_name(static_cast<Tier>(tier)));
  return {{"type", "string"}, {"enum", std::move(names)}, {"default", tier_name(JobRequest().tier)}};
}

Json tags_schema() {
  Json schema = list_schema(kTagsMax, name_schema(kTagCharactersMax));
  schema["uniqueItems"] = true;
  return schema;
}

Json deadline_schema() { return range_of_numbers(kDeadlineSecondsMin, kDeadlineSecondsMax); }

Json webhook_url_schema() { return {{"type", "string"}, {"format", "uri"}, {"maxLength", kUrlBytesMax}}; }

}  // namespace limner
