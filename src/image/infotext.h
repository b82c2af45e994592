#pragma once
// The text that A1111 and its descendants write into pictures: prompt, negative prompt, and a line of
// settings.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace limner {

/// One drawing as A1111 words it. Fields keep their order: "Steps", "Sampler", "CFG scale", "Seed", "Size",
/// ...
struct Infotext {
  std::string prompt, negative;
  std::vector<std::pair<std::string, std::string>> fields;

  bool operator==(const Infotext&) const = default;
};

/// Three parts, a line each or more:
///
///     a red apple on a table
///     Negative prompt: blurry
///     Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512, Note: "with, a comma"
///
/// A value is written as a JSON string where A1111's reader needs it: with a comma, colon, line end or quote
/// at its start, spaces at its edges, or nothing in it.
std::string format_infotext(const Infotext& infotext);

/// What `stable-diffusion-webui` (modules/infotext_utils.py, parse_generation_parameters) reads from `text`:
/// lines are trimmed; the last line holds the settings if three or more can be found in it, or else belongs
/// to the prompt. So a text comes back whole if its prompts have trimmed lines, none of which begins with
/// "Negative prompt:", and it has three fields or more whose names have two or more of the characters A-Z a-z
/// 0-9 _ - / space and all that is not ASCII, the first being no space, - or /. More than 1 MiB of text or
/// 1024 fields is `too_large`. Time is linear in the text.
Result<Infotext> parse_infotext(std::string_view text);

}  // namespace limner
