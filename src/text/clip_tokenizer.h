#pragma once
// Text to CLIP token ids and back.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "text/added_tokens.h"
#include "text/bpe.h"

namespace limner {

struct TokenizerFiles;

/// The byte-pair tokenizer of CLIP text encoders. Ids equal those of transformers' CLIPTokenizer (5.5) for
/// any text. A value; const members may be called from several threads.
class ClipTokenizer {
 public:
  /// Reads a `tokenizer` folder as diffusers lays it: tokenizer.json, or else vocab.json and merges.txt; with
  /// tokenizer_config.json, special_tokens_map.json and added_tokens.json where present.
  static Result<ClipTokenizer> open(const std::filesystem::path& folder);

  /// Derives the vocabulary from the text of a merges.txt: byte symbols, byte symbols with </w>, one token a
  /// merge (at most CLIP's 48894), <|startoftext|>, <|endoftext|>. Pads with <|endoftext|>.
  static Result<ClipTokenizer> from_merges(std::string_view merges_txt);

  /// The ids of `utf8`, without bos and eos; 0 or more. Invalid UTF-8 reads as U+FFFD. n log n in its length.
  std::vector<int32_t> encode(std::string_view utf8) const;

  /// The text of `ids`, words separated by one space; ids that stand for nothing are left out. Not an exact
  /// inverse: encoding loses case and spacing.
  std::string decode(std::span<const int32_t> ids) const;

  int32_t bos() const { return bos_; }
  int32_t eos() const { return eos_; }
  int32_t pad() const { return pad_; }
  /// One more than the largest id of the vocabulary and its own added tokens; those of `add_token` do not
  /// count.
  int32_t vocab_size() const { return vocab_size_; }
  /// `model_max_length` of tokenizer_config.json: ids of a prompt with bos and eos.
  std::optional<int> length_max() const { return length_max_; }
  /// The id of a token as vocab.json writes it (",</w>"), if there is one.
  std::optional<int32_t> id_of(std::string_view token) const;

  /// Pads with `id`, an id of the vocabulary. As in the reference, a text that spells the pad token out then
  /// becomes that one id: with 0, as SD 2 and SDXL's second encoder have it, each "!" of a prompt is id 0.
  void set_pad(int32_t id);

  /// Makes `token`, matched regardless of case anywhere in the text, stand for `ids`: the placeholder of a
  /// textual inversion. `invalid` if `token` is empty, too long or known already, or if `ids` is empty or has
  /// an id below `vocab_size()`.
  Result<void> add_token(std::string token, std::vector<int32_t> ids);

  /// How many ids at the start of `ids`, which is not empty, belong together: those of one added placeholder,
  /// else 1.
  size_t group_size(std::span<const int32_t> ids) const;

 private:
  static Result<ClipTokenizer> assemble(const TokenizerFiles& files);
  explicit ClipTokenizer(Bpe bpe) : bpe_(std::move(bpe)) {}
  void encode_plain(std::u32string_view text, std::vector<int32_t>& ids) const;
  std::string_view token_of(int32_t id) const;

  Bpe bpe_;
  AddedTokens added_;
  std::map<int32_t, std::string> added_texts_;   // id -> text, beyond the vocabulary
  std::map<int32_t, size_t> placeholder_sizes_;  // first id -> number of ids
  int32_t bos_ = 0, eos_ = 0, pad_ = 0;
  int32_t vocab_size_ = 0;
  std::optional<int> length_max_;
};

}  // namespace limner
