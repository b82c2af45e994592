#include "engine/params.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "engine/plain_name.h"
#include "text/unicode.h"

namespace limner {
namespace {

using P = DrawingParams;
constexpr double kSeedMax = 18446744073709551615.0;
constexpr int kSideMax = 16384;
constexpr size_t kTextBytesMax = 64u << 10;

const std::array kTable = {
    ParamInfo{"prompt", "", "What to draw.", "", 0, 0, "", &P::prompt},
    ParamInfo{"negative", "-N", "What to keep out of the picture.", "", 0, 0, "", &P::negative},
    ParamInfo{"width", "-W", "Width in pixels (default: the model's).", "", 8, kSideMax, "", &P::width},
    ParamInfo{"height", "-H", "Height in pixels (default: the model's).", "", 8, kSideMax, "", &P::height},
    ParamInfo{"steps", "", "Sampling steps (default: the model's).", "Steps", 1, 1000, "", &P::steps},
    ParamInfo{"sampler", "", "Sampler; `limner samplers` lists them (default: the model's scheduler).",
              "Sampler", 0, 0, "", &P::sampler},
    ParamInfo{"schedule", "",
              "Noise schedule; `limner schedules` lists them (default: the model's scheduler).",
              "Schedule type", 0, 0, "", &P::schedule},
    ParamInfo{"guidance", "--cfg", "Guidance scale (CFG); 1 or less turns guidance off.", "CFG scale", 0, 100,
              "", &P::guidance},
    ParamInfo{"guidance_rescale", "",
              "Rescale guided predictions to the spread of the conditioned one (0 to 1).", "CFG rescale", 0,
              1, "", &P::guidance_rescale},
    ParamInfo{"guidance_start", "", "Share of the steps after which guidance begins.", "", 0, 1, "",
              &P::guidance_start},
    ParamInfo{"guidance_end", "", "Share of the steps after which guidance ends.", "", 0, 1, "",
              &P::guidance_end},
    ParamInfo{"image_guidance", "", "InstructPix2Pix: how closely to keep to the input picture.",
              "Image CFG scale", 0, 100, "", &P::image_guidance},
    ParamInfo{"seed", "-s", "Seed of the picture's noise (default: random).", "Seed", 0, kSeedMax, "",
              &P::seed},
    ParamInfo{"noise", "",
              "How a seed becomes noise: torch (as diffusers on a CPU) or philox (as A1111 on a GPU).", "RNG",
              0, 0, "torch|philox", &P::noise},
    ParamInfo{"eta", "", "Noise put back by DDIM, TCD and ancestral samplers (default: the sampler's).",
              "Eta", 0, 10, "", &P::eta},
    ParamInfo{"clip_skip", "", "1 takes the text layer the model was trained with, 2 the one before, ...",
              "Clip skip", 1, 12, "", &P::clip_skip},
    ParamInfo{"prompt_syntax", "", "plain, or a1111 for (word:1.3), [word], [a:b:0.4], BREAK and AND.", "", 0,
              0, "plain|a1111", &P::prompt_syntax},
    ParamInfo{"long_prompt", "",
              "A prompt beyond the text window is cut (truncate) or read in pieces (chunk).", "", 0, 0,
              "truncate|chunk", &P::long_prompt},
    ParamInfo{"strength", "", "How far an input picture is redrawn, 0 to 1.", "Denoising strength", 0, 1, "",
              &P::strength},
    ParamInfo{"tile", "", "Make the picture seamless along x, y or both (xy).", "Tiling", 0, 0, "none|x|y|xy",
              &P::tile},
    ParamInfo{"vae_tiling", "",
              "Run the autoencoder in tiles of 512 pixels: on, off, or auto, which does so where the whole "
              "picture would not fit into memory.",
              "VAE tiling", 0, 0, "auto|on|off", &P::vae_tiling},
    ParamInfo{"step_cache", "",
              "Run the whole network at every Nth evaluation only, and its outermost block in between "
              "(DeepCache; 1: off): faster, and not quite the same picture.",
              "Step cache", 1, 20, "", &P::step_cache},
    ParamInfo{"variation_seed", "", "Seed of noise mixed into the seed's own.", "Variation seed", 0, kSeedMax,
              "", &P::variation_seed},
    ParamInfo{"variation_strength", "", "How much of the variation seed's noise is mixed in, 0 to 1.",
              "Variation seed strength", 0, 1, "", &P::variation_strength},
    ParamInfo{"hires_scale", "", "Draw small, enlarge by this factor, redraw (1: off).", "Hires upscale", 1,
              8, "", &P::hires_scale},
    ParamInfo{"hires_steps", "", "Steps of the second pass (0: as the first).", "Hires steps", 0, 1000, "",
              &P::hires_steps},
    ParamInfo{"hires_strength", "", "How far the enlarged picture is redrawn, 0 to 1.",
              "Hires denoising strength", 0, 1, "", &P::hires_strength},
    ParamInfo{"hires_upscaler", "",
              "latent, latent_nearest, or an upscaler's name (on the command line also its path).",
              "Hires upscaler", 0, 0, "", &P::hires_upscaler},
    ParamInfo{"blend_prompt", "", "A second prompt to blend towards.", "", 0, 0, "", &P::blend_prompt},
    ParamInfo{"blend_seed", "", "A second seed to blend towards.", "", 0, kSeedMax, "", &P::blend_seed},
    ParamInfo{"blend", "", "How far towards the second prompt and seed, 0 to 1.", "", 0, 1, "", &P::blend},
    ParamInfo{"original_width", "", "SDXL: the width the picture is said to have had.", "", 8, kSideMax, "",
              &P::original_width},
    ParamInfo{"original_height", "", "SDXL: the height the picture is said to have had.", "", 8, kSideMax, "",
              &P::original_height},
    ParamInfo{"crop_top", "", "SDXL: rows said to have been cropped above.", "", 0, kSideMax, "",
              &P::crop_top},
    ParamInfo{"crop_left", "", "SDXL: columns said to have been cropped at the left.", "", 0, kSideMax, "",
              &P::crop_left},
    ParamInfo{"aesthetic_score", "", "SDXL refiner: aesthetic score to aim at.", "", 0, 10, "",
              &P::aesthetic_score},
    ParamInfo{"negative_aesthetic_score", "", "SDXL refiner: aesthetic score to keep away from.", "", 0, 10,
              "", &P::negative_aesthetic_score},
};

std::string number_text(double value) { return fmt::format("{:g}", value); }

Error out_of_range(const ParamInfo& info, std::string_view value) {
  return invalid(std::string(info.name), fmt::format("{} is not allowed; {} to {} is", value,
                                                     number_text(info.minimum), number_text(info.maximum)));
}

template <class Number>
Result<Number> parse_number(const ParamInfo& info, std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return invalid(std::string(info.name),
                   fmt::format("\"{}\" is not a {}", text.substr(0, 80),
                               std::is_floating_point_v<Number> ? "number" : "whole number"));
  if constexpr (std::is_floating_point_v<Number>)
    if (!std::isfinite(value)) return out_of_range(info, text);
  const double wide = static_cast<double>(value);
  if (wide < info.minimum || wide > info.maximum) return out_of_range(info, text);
  return value;
}

bool word_allowed(std::string_view words, std::string_view text) {
  while (!words.empty()) {
    const size_t bar = words.find('|');
    if (words.substr(0, bar) == text) return true;
    words = bar == std::string_view::npos ? std::string_view() : words.substr(bar + 1);
  }
  return false;
}

Result<std::string> checked_text(const ParamInfo& info, std::string_view text) {
  if (text.size() > kTextBytesMax)
    return invalid(std::string(info.name),
                   fmt::format("{} bytes; at most {} are read", text.size(), kTextBytesMax));
  // What is drawn is also written into files, and those hold UTF-8 without NUL.
  if (text.find('\0') != std::string_view::npos || encode_utf8(decode_utf8(text)) != text)
    return invalid(std::string(info.name), "is not UTF-8 text without NUL bytes");
  if (!info.words.empty() && !word_allowed(info.words, text)) {
    std::string allowed(info.words);
    for (char& c : allowed)
      if (c == '|') c = ' ';
    return invalid(std::string(info.name),
                   fmt::format("\"{}\" is not one of: {}", text.substr(0, 80), allowed));
  }
  return std::string(text);
}

// What a member holds, whether optional or not.
template <class T>
struct Held {
  using Type = T;
};
template <class T>
struct Held<std::optional<T>> {
  using Type = T;
};

Result<void> set_from_json(DrawingParams& params, const ParamInfo& info, const Json& value) {
  if (value.is_string()) return set_param(params, info, value.get_ref<const std::string&>());
  const bool wants_text = std::holds_alternative<std::string P::*>(info.member) ||
                          std::holds_alternative<std::optional<std::string> P::*>(info.member);
  if (wants_text || !value.is_number())
    return invalid(std::string(info.name),
                   fmt::format("{} is not a {}", value.dump().substr(0, 80), wants_text ? "text" : "number"));
  return set_param(params, info, value.dump());
}

}  // namespace

std::span<const ParamInfo> param_table() { return kTable; }

const ParamInfo* find_param(std::string_view name) {
  for (const ParamInfo& info : kTable)
    if (info.name == name) return &info;
  return nullptr;
}

Result<void> set_param(DrawingParams& params, const ParamInfo& info, std::string_view text) {
  return std::visit(
      [&](auto member) -> Result<void> {
        using Member = std::remove_reference_t<decltype(params.*member)>;
        using Value = typename Held<Member>::Type;
        if constexpr (std::is_same_v<Value, std::string>)
          params.*member = TRY(checked_text(info, text));
        else
          params.*member = TRY(parse_number<Value>(info, text));
        return {};
      },
      info.member);
}

Json params_to_json(const DrawingParams& params) {
  Json json = Json::object();
  for (const ParamInfo& info : kTable)
    std::visit(
        [&](auto member) {
          using Member = std::remove_cvref_t<decltype(params.*member)>;
          const std::string key(info.name);
          if constexpr (std::is_same_v<Member, typename Held<Member>::Type>)
            json[key] = params.*member;
          else if (params.*member)
            json[key] = *(params.*member);
        },
        info.member);
  return json;
}

Result<DrawingParams> params_from_json(const Json& json, std::string_view field) {
  if (!json.is_object()) return invalid(std::string(field), "not a JSON object");
  DrawingParams params;
  for (const auto& [key, value] : json.items()) {
    const ParamInfo* info = find_param(key);
    if (!info)
      return invalid(std::string(field), fmt::format("\"{}\" is not a drawing parameter", key.substr(0, 80)));
    TRY(set_from_json(params, *info, value));
  }
  TRY(check_params(params));
  return params;
}

Result<void> check_params(const DrawingParams& params) {
  for (const ParamInfo& info : kTable) {
    TRY(std::visit(
        [&](auto member) -> Result<void> {
          using Member = std::remove_cvref_t<decltype(params.*member)>;
          using Value = typename Held<Member>::Type;
          const Value* value = nullptr;
          if constexpr (std::is_same_v<Member, Value>)
            value = &(params.*member);
          else if (params.*member)
            value = &*(params.*member);
          if (!value) return {};
          if constexpr (std::is_same_v<Value, std::string>) {
            TRY(checked_text(info, *value));
          } else {
            const double wide = static_cast<double>(*value);
            if (!std::isfinite(wide) || wide < info.minimum || wide > info.maximum)
              return out_of_range(info, fmt::format("{}", *value));
          }
          return {};
        },
        info.member));
  }
  if (params.guidance_start > params.guidance_end)
    return invalid("guidance_start",
                   fmt::format("{} is behind guidance_end {}", params.guidance_start, params.guidance_end));
  if (params.vae_tiling == "on" && params.tile != "none")
    return invalid("vae_tiling", "does not go with a seamless picture, which has no edges to cut at",
                   "leave out tile or vae_tiling");
  if (params.variation_strength > 0 && !params.variation_seed)
    return invalid("variation_strength", "needs a variation_seed");
  if (params.blend > 0 && !params.blend_prompt && !params.blend_seed)
    return invalid("blend", "needs a blend_prompt or a blend_seed");
  return {};
}

bool has_second_upscaler(const DrawingParams& params) {
  return params.hires_scale > 1 && params.hires_upscaler != "latent" &&
         params.hires_upscaler != "latent_nearest";
}

Result<void> check_names_only(const DrawingParams& params) {
  if (!is_plain_name(params.hires_upscaler))
    return invalid("hires_upscaler", fmt::format("\"{}\" is not a name: {}",
                                                 params.hires_upscaler.substr(0, 80), kPlainNameRule));
  return {};
}

}  // namespace limner
