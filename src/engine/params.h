#pragma once
// The one table of drawing parameters. The command line, validation, file metadata and documentation are made
// from it: a new parameter is a member of DrawingParams and a row in params.cpp.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace limner {

/// A LoRA or an embedding or a ControlNet by what the user called it, with its weight.
struct NamedWeight {
  std::string name;
  double weight = 1;
};

/// Everything that decides what a picture looks like, given a model and input pictures. Members without a
/// value take the model's own default in resolve_params().
struct DrawingParams {
  std::string prompt;
  std::optional<std::string> negative;
  std::optional<int> width, height;
  std::optional<int> steps;
  std::string sampler;   ///< empty: the model's own
  std::string schedule;  ///< empty: the model's own
  std::optional<double> guidance;
  double guidance_rescale = 0;
  double guidance_start = 0, guidance_end = 1;
  double image_guidance = 1.5;
  std::optional<uint64_t> seed;
  std::string noise = "torch";
  std::optional<double> eta;
  int clip_skip = 1;
  std::string prompt_syntax = "plain";
  std::string long_prompt = "truncate";
  std::optional<double> strength;
  std::string tile = "none";
  std::string vae_tiling = "auto";
  int step_cache = 1;
  std::optional<uint64_t> variation_seed;
  double variation_strength = 0;
  double hires_scale = 1;
  int hires_steps = 0;
  double hires_strength = 0.6;
  std::string hires_upscaler = "latent";
  std::optional<std::string> blend_prompt;
  std::optional<uint64_t> blend_seed;
  double blend = 0;
  std::optional<int> original_width, original_height;
  int crop_top = 0, crop_left = 0;
  double aesthetic_score = 6.0, negative_aesthetic_score = 2.5;
};

/// One row: how a parameter is called everywhere, what it may be, and where it lives.
struct ParamInfo {
  std::string_view name;          ///< JSON key and flag without its dashes, '_' as '-': "guidance_rescale"
  std::string_view flag_aliases;  ///< further flags, comma-separated: "--cfg"
  std::string_view doc;           ///< one sentence for --help and docs
  std::string_view infotext_key;  ///< A1111's field name; empty: only in the JSON
  double minimum = 0, maximum = 0;
  /// Allowed words of a text parameter, separated by '|'; empty: any text.
  std::string_view words;
  std::variant<std::string DrawingParams::*, std::optional<std::string> DrawingParams::*,
               int DrawingParams::*, std::optional<int> DrawingParams::*, double DrawingParams::*,
               std::optional<double> DrawingParams::*, std::optional<uint64_t> DrawingParams::*>
      member;
};

/// Every parameter, in the order of --help.
std::span<const ParamInfo> param_table();
const ParamInfo* find_param(std::string_view name);

/// Sets one parameter from text as a flag or an infotext field gives it. `invalid` names the parameter, the
/// value and what is allowed.
Result<void> set_param(DrawingParams& params, const ParamInfo& info, std::string_view text);

/// Every parameter that has a value, under its name.
Json params_to_json(const DrawingParams& params);
/// The inverse. An unknown key, a wrong type or a value out of range is `invalid`.
Result<DrawingParams> params_from_json(const Json& json, std::string_view field);

/// Checks what does not need a model: ranges, words, sizes of texts, that options agree with each other.
Result<void> check_params(const DrawingParams& params);

/// Whether a second pass (hires-fix) enlarges the picture of the first with an upscaler's network, named by
/// hires_upscaler; else it enlarges latents, or there is none.
bool has_second_upscaler(const DrawingParams& params);

/// Checks that parameters which may be a path on the command line are plain names: to be asked of everything
/// that comes from a network. `invalid` names the parameter.
Result<void> check_names_only(const DrawingParams& params);

}  // namespace limner
