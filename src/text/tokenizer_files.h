#pragma once
// What the files of a tokenizer folder say, before anything is built of it.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "text/added_tokens.h"
#include "text/bpe.h"

namespace limner {

struct TokenizerFiles {
  Vocabulary vocabulary;
  std::vector<Merge> merges;
  /// In the order in which transformers adds them; bos, eos, unk and pad are always among them. One that the
  /// vocabulary lacks gets the next free id.
  std::vector<AddedToken> added;
  std::string bos = "<|startoftext|>";
  std::string eos = "<|endoftext|>";
  std::string unk = "<|endoftext|>";
  std::string pad = "<|endoftext|>";
  std::optional<int> length_max;
};

/// Reads a folder by the rules of transformers 5.5 (`PreTrainedTokenizerBase._from_pretrained`):
/// tokenizer.json wins over vocab.json and merges.txt; `added_tokens_decoder` of tokenizer_config.json over
/// special_tokens_map.json, added_tokens.json and the `added_tokens` of tokenizer.json. Errors name the file.
/// A tokenizer class other than CLIPTokenizer, and an added token with `single_word`, are `unsupported`.
Result<TokenizerFiles> read_tokenizer_folder(const std::filesystem::path& folder);

/// A CLIP tokenizer from the text of a merges.txt alone; see `ClipTokenizer::from_merges`.
Result<TokenizerFiles> derive_tokenizer(std::string_view merges_txt);

/// The merges of a merges.txt: lines of two symbols; lines that start with #version are skipped. At most
/// `count_max` are read. Any other line is `invalid` in `field`.
Result<std::vector<Merge>> parse_merges(std::string_view text, std::string_view field, size_t count_max);

}  // namespace limner
