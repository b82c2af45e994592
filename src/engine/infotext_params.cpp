#include "engine/infotext_params.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "sampling/noise_schedule.h"
#include "sampling/sampler.h"

namespace limner {
namespace {

// Words that A1111 spells differently: {infotext key, its word, ours}.
struct Spelling {
  std::string_view key, theirs, ours;
};
constexpr std::array kSpellings = {
    Spelling{"RNG", "CPU", "torch"},
    Spelling{"RNG", "NV", "philox"},
    Spelling{"Tiling", "True", "xy"},
    Spelling{"Tiling", "False", "none"},
    Spelling{"Hires upscaler", "Latent", "latent"},
    Spelling{"Hires upscaler", "Latent (nearest)", "latent_nearest"},
};

std::string to_theirs(std::string_view key, const std::string& value) {
  for (const Spelling& spelling : kSpellings)
    if (spelling.key == key && spelling.ours == value) return std::string(spelling.theirs);
  return value;
}

std::string to_ours(std::string_view key, const std::string& value) {
  for (const Spelling& spelling : kSpellings)
    if (spelling.key == key && spelling.theirs == value) return std::string(spelling.ours);
  return value;
}

std::string shown(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

Result<void> set_size(DrawingParams& params, const std::string& value) {
  const size_t x = value.find('x');
  if (x == std::string::npos)
    return invalid("Size", fmt::format("\"{}\" is not WIDTHxHEIGHT", value.substr(0, 40)));
  TRY(set_param(params, *find_param("width"), value.substr(0, x)));
  return set_param(params, *find_param("height"), value.substr(x + 1));
}

bool has_a1111_syntax(const std::string& text) {
  return text.find_first_of("([") != std::string::npos || text.find("BREAK") != std::string::npos ||
         text.find(" AND ") != std::string::npos;
}

const ParamInfo* by_infotext_key(std::string_view key) {
  for (const ParamInfo& info : param_table())
    if (!info.infotext_key.empty() && info.infotext_key == key) return &info;
  return nullptr;
}

}  // namespace

Infotext infotext_from_params(const DrawingParams& params) {
  Infotext infotext;
  infotext.prompt = params.prompt;
  infotext.negative = params.negative.value_or("");
  const Json values = params_to_json(params), defaults = params_to_json(DrawingParams{});
  for (const ParamInfo& info : param_table()) {
    const std::string key(info.name);
    if (info.infotext_key.empty() || !values.contains(key)) continue;
    if (defaults.contains(key) && defaults[key] == values[key] && info.name != "noise") continue;
    std::string value = to_theirs(info.infotext_key, shown(values[key]));
    if (info.name == "sampler")
      if (const auto sampler = find_sampler(value)) value = (*sampler)->title;
    if (info.name == "schedule")
      if (const auto schedule = find_noise_schedule(value)) value = (*schedule)->title;
    infotext.fields.emplace_back(info.infotext_key, value);
    if (info.name == "seed" && params.width && params.height)
      infotext.fields.emplace_back("Size", fmt::format("{}x{}", *params.width, *params.height));
  }
  return infotext;
}

Result<DrawingParams> params_from_infotext(const Infotext& infotext, std::vector<std::string>& ignored) {
  DrawingParams params;
  TRY(set_param(params, *find_param("prompt"), infotext.prompt));
  if (!infotext.negative.empty()) TRY(set_param(params, *find_param("negative"), infotext.negative));
  for (const auto& [key, value] : infotext.fields) {
    if (key == "Size") {
      TRY(set_size(params, value));
    } else if (const ParamInfo* info = by_infotext_key(key)) {
      // "Automatic" is A1111 for the sampler's usual schedule.
      if (info->name == "schedule" && value == "Automatic") continue;
      TRY(set_param(params, *info, to_ours(key, value)));
    } else {
      ignored.push_back(key);
    }
  }
  if (has_a1111_syntax(infotext.prompt) || has_a1111_syntax(infotext.negative))
    params.prompt_syntax = "a1111";
  params.long_prompt = "chunk";  // A1111 knows no other way
  return params;
}

}  // namespace limner
