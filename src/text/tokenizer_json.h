#pragma once
// Parsing of tokenizer files, whose vocabularies have tens of thousands of keys.

#include <span>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "text/bpe.h"

namespace limner {

/// A parsed file, its vocabulary taken out.
struct TokenizerJson {
  Json rest;
  Vocabulary vocabulary;  ///< in file order; empty if the file has no object at the path asked for
};

/// Parses `text`; the entries of the object at `vocabulary_path` ({"model", "vocab"}; {} is the file itself)
/// become `vocabulary`. An ordered Json object finds each key by a linear search, so a vocabulary parsed as
/// one would cost the square of its size: for the same reason `rest` may have no more than 20,000 keys. Not
/// JSON, nested deeper than 32, too many keys or a token whose id is no integer in 0..2^20-1: `invalid` in
/// `field`.
Result<TokenizerJson> parse_tokenizer_json(std::string_view text, std::string_view field,
                                           std::span<const std::string_view> vocabulary_path);

/// The same for a file without a vocabulary.
Result<Json> parse_tokenizer_config(std::string_view text, std::string_view field);

}  // namespace limner
