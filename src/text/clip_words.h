#pragma once
// How CLIP prepares text and cuts it into the words that byte-pair encoding sees.

#include <string>
#include <string_view>
#include <vector>

namespace limner {

/// NFC, each run of white space to one space, lower case; in this order, as transformers' CLIPTokenizer.
std::u32string normalize_clip_text(std::u32string_view text);

/// The words of a normalised text, white space left out: contractions ('s 't 're 've 'm 'll 'd), runs of
/// letters, single numbers, runs of anything else. The text of a special token that was not recognised as one
/// (say, it was written in capitals) falls into `<|`, its name and `|>`. The views lie in `text`.
std::vector<std::u32string_view> split_clip_words(std::u32string_view text);

}  // namespace limner
